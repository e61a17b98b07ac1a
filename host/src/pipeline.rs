//! An assistant's stages, one after the other over the payload.

use crate::config::OnFault;
use crate::limits::Limits;
use crate::outcome::{Fault, OutcomeKind, Usage};
use crate::plugin::{Plugin, Request};
use std::sync::Arc;
use tracing::Instrument;

/// One plugin's place in a pipeline, ready to run.
pub struct Stage {
    /// The plugin.
    pub plugin: Arc<Plugin>,
    /// JSON text of an object.
    pub settings: String,
    /// Of each call.
    pub limits: Limits,
    /// What a fault means.
    pub on_fault: OnFault,
}

/// How a pipeline's run ended.
#[derive(Debug)]
pub struct Run {
    /// The payload, where it has changed, or the fault that ends the request.
    pub result: Result<Option<String>, Fault>,
    /// One for each stage that was reached.
    pub stages: Vec<StageReport>,
}

/// How one stage ended.
#[derive(Debug)]
pub struct StageReport {
    /// The plugin's name.
    pub plugin: String,
    /// What the plugin wanted, and got, or how it went wrong.
    pub result: Result<OutcomeKind, Fault>,
    /// What the call used.
    pub usage: Usage,
}

/// Runs the stages. A stage that faults leaves the payload as it was before it, or
/// ends the run: its policy says which.
pub async fn run(stages: &[Stage], request: &Request<'_>, payload: &str) -> Run {
    let mut reports = Vec::with_capacity(stages.len());
    let mut changed: Option<String> = None;
    for stage in stages {
        let payload = changed.as_deref().unwrap_or(payload);
        let (result, usage) = run_stage(stage, request, payload)
            .instrument(tracing::error_span!("stage", plugin = stage.plugin.name()))
            .await;
        let report = |result| StageReport {
            plugin: stage.plugin.name().to_owned(),
            result,
            usage,
        };
        match result {
            Ok((kind, new)) => {
                changed = new.or(changed);
                reports.push(report(Ok(kind)));
            }
            Err(fault) => {
                reports.push(report(Err(fault.clone())));
                match stage.on_fault {
                    OnFault::Continue => {}
                    OnFault::Fail => {
                        return Run {
                            result: Err(fault),
                            stages: reports,
                        };
                    }
                }
            }
        }
    }
    Run {
        result: Ok(changed),
        stages: reports,
    }
}

/// Calls the plugin, and logs how that ended.
async fn run_stage(
    stage: &Stage,
    request: &Request<'_>,
    payload: &str,
) -> (Result<(OutcomeKind, Option<String>), Fault>, Usage) {
    let call = stage
        .plugin
        .call(request, &stage.settings, payload, &stage.limits)
        .await;
    let result = call.result;
    let fuel = call.usage.fuel;
    let microseconds = u64::try_from(call.usage.time.as_micros()).unwrap_or(u64::MAX);
    match &result {
        Ok((kind, _)) => tracing::debug!(?kind, fuel, microseconds, "the stage is done"),
        Err(fault) => {
            // As a string field, so that the log's format escapes a plugin's words.
            let reason = fault.to_string();
            let policy = match stage.on_fault {
                OnFault::Continue => "continue",
                OnFault::Fail => "fail",
            };
            tracing::warn!(
                fault = fault.kind(),
                reason = reason.as_str(),
                policy,
                fuel,
                microseconds,
                "the stage is at fault"
            );
        }
    }
    (result, call.usage)
}
