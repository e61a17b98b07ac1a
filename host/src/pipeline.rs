//! An assistant's stages for one event, one after the other over the payload.

use crate::config::OnFault;
use crate::event::Event;
use crate::fairness::Admission;
use crate::grant::Grants;
use crate::guard::Guard;
use crate::limits::Limits;
use crate::metrics::StageMetrics;
use crate::outcome::{Fault, Made, Origin, OutcomeKind, Usage};
use crate::plugin::{CallMeter, Callee, Reach, Request, Terms};
use crate::quarantine::{Change, Quarantine, Verdict};
use crate::throttle::Throttle;
use crate::view::View;
use std::sync::Arc;
use std::time::Instant;

/// Of the lines about stages that get no slot.
static REFUSALS: Throttle = Throttle::new();

/// One plugin's place in a pipeline, ready to run.
pub struct Stage {
    /// The plugin.
    pub plugin: Callee,
    /// JSON text of an object.
    pub settings: String,
    /// What the plugin may read and write.
    pub view: View,
    /// Of each call.
    pub limits: Limits,
    /// What the configuration grants it ...
    pub grants: Grants,
    /// ... and what each call may reach by that.
    pub reach: Arc<Reach>,
    /// What a fault means.
    pub on_fault: OnFault,
    /// Whether it is called at all. It outlives a reload that leaves the stage as it is.
    pub quarantine: Arc<Quarantine>,
    /// What is counted of it.
    pub metrics: StageMetrics,
}

/// What the payloads of one event of an assistant go through.
pub struct Pipeline {
    /// The stages, in their order. None is possible: what came in goes back.
    pub stages: Vec<Stage>,
    /// What answers have to keep to.
    pub guard: Arc<Guard>,
}

/// What becomes of a payload.
#[derive(Debug, PartialEq, Eq)]
pub enum Transformed {
    /// It stays as it is.
    Unchanged,
    /// This payload takes its place.
    Payload(String),
    /// A stage has answered in the assistant's place: the body of a message response.
    Reply(String),
}

/// How a pipeline's run ended.
#[derive(Debug)]
pub struct Run {
    /// What becomes of the payload, or the fault that ends the request.
    pub result: Result<Transformed, Fault>,
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
    /// What the call used. Nothing: the plugin was not called.
    pub usage: Option<Usage>,
}

impl Stage {
    /// Whether a stage of an earlier configuration is this one: the same component with
    /// the same settings, view, limits and grants.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.plugin.is_same(&other.plugin)
            && self.settings == other.settings
            && self.view == other.view
            && self.limits == other.limits
            && self.grants == other.grants
    }
}

impl Pipeline {
    /// Runs the stages over an event's payload. A stage that faults leaves the payload
    /// as it was before it, or ends the run: its policy says which. A reply ends it too.
    /// `watch` is told each stage and the payload before its turn.
    pub async fn run(
        &self,
        request: &Request<'_>,
        event: &Event<'_>,
        mut watch: impl FnMut(&Stage, &str),
    ) -> Run {
        let original = event.payload();
        let mut admission = if event.kind.is_logged() {
            Admission::patient(request.tenant)
        } else {
            Admission::new(request.tenant)
        };
        let mut reports = Vec::with_capacity(self.stages.len());
        let mut changed: Option<String> = None;
        for stage in &self.stages {
            let payload = changed.as_deref().unwrap_or(original);
            watch(stage, payload);
            let (result, usage) = self
                .run_stage(stage, &mut admission, request, payload)
                .await;
            let report = |result| StageReport {
                plugin: stage.plugin.name().to_owned(),
                result,
                usage,
            };
            match result {
                Ok(Made::Payload(kind, new)) => {
                    changed = new.or(changed);
                    reports.push(report(Ok(kind)));
                }
                Ok(Made::Reply(reply)) => {
                    reports.push(report(Ok(OutcomeKind::Reply)));
                    return Run {
                        result: Ok(Transformed::Reply(reply)),
                        stages: reports,
                    };
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
            result: Ok(changed.map_or(Transformed::Unchanged, Transformed::Payload)),
            stages: reports,
        }
    }

    /// Calls the plugin, unless it has faulted too often, and tells how that ended: the
    /// log, the metrics and the quarantine.
    async fn run_stage(
        &self,
        stage: &Stage,
        admission: &mut Admission<'_>,
        request: &Request<'_>,
        payload: &str,
    ) -> (Result<Made, Fault>, Option<Usage>) {
        let attempt = match stage.quarantine.attempt(Instant::now()) {
            Ok(attempt) => attempt,
            Err(left) => {
                let result = Err(Fault::Quarantined { left });
                tell(stage, request, &result, None);
                return (result, None);
            }
        };
        let terms = Terms {
            settings: &stage.settings,
            view: &stage.view,
            guard: &self.guard,
            limits: &stage.limits,
            reach: &stage.reach,
        };
        let mut open = OpenCall {
            stage,
            meter: Arc::default(),
            ended: false,
        };
        let call = stage
            .plugin
            .call(admission, request, &terms, payload, &open.meter);
        let result = call.await;
        open.ended = true;
        let usage = open.meter.usage();
        tell(stage, request, &result, usage.as_ref());
        if let Some(change) = attempt.end(verdict(&result, usage.as_ref()), Instant::now()) {
            log_change(stage, change);
        }
        (result, usage)
    }
}

/// What a call's end says of its plugin. A call that was not made says nothing, though
/// it may well have come to something.
fn verdict(result: &Result<Made, Fault>, usage: Option<&Usage>) -> Verdict {
    match (result, usage) {
        (_, None) => Verdict::Nothing,
        (Ok(_), Some(_)) => Verdict::Good,
        (Err(fault), Some(_)) => match fault.origin() {
            Origin::Plugin => Verdict::AtFault,
            Origin::Host | Origin::Input | Origin::Deadline => Verdict::Nothing,
        },
    }
}

/// A call until it has ended. It is dropped before that when the caller goes away: then
/// it is counted by itself, and says nothing of the plugin, because callers can do that
/// as often as they like.
struct OpenCall<'a> {
    stage: &'a Stage,
    meter: Arc<CallMeter>,
    ended: bool,
}

impl Drop for OpenCall<'_> {
    fn drop(&mut self) {
        if !self.ended
            && let Some(usage) = self.meter.usage()
        {
            self.stage.metrics.cancelled(&usage);
            tracing::info!(
                plugin = self.stage.plugin.name(),
                fuel = usage.fuel,
                microseconds = microseconds(&usage),
                "the call was cancelled: its caller has gone"
            );
        }
    }
}

fn microseconds(usage: &Usage) -> u64 {
    u64::try_from(usage.time.as_micros()).unwrap_or(u64::MAX)
}

fn tell(stage: &Stage, request: &Request<'_>, result: &Result<Made, Fault>, usage: Option<&Usage>) {
    let fault = result.as_ref().err();
    stage.metrics.ended(request.tenant, fault, usage);
    log(stage, result, usage);
}

fn log_change(stage: &Stage, change: Change) {
    let plugin = stage.plugin.name();
    match change {
        Change::Begins {
            faults,
            calls,
            pause,
        } => {
            let seconds = pause.as_secs_f64();
            tracing::error!(
                plugin,
                faults,
                calls,
                seconds,
                "the stage is quarantined: it is skipped for a while"
            );
        }
        Change::GoesOn { pause } => {
            let seconds = pause.as_secs_f64();
            tracing::warn!(
                plugin,
                seconds,
                "the stage stays quarantined: its probe faulted"
            );
        }
        Change::Ends => tracing::info!(plugin, "the stage is no longer quarantined"),
    }
}

fn log(stage: &Stage, result: &Result<Made, Fault>, usage: Option<&Usage>) {
    let plugin = stage.plugin.name();
    // Absent where the plugin was not called.
    let fuel = usage.map(|usage| usage.fuel);
    let microseconds = usage.map(microseconds);
    match result {
        Ok(made) => {
            let kind = made.kind();
            tracing::debug!(plugin, ?kind, fuel, microseconds, "the stage is done");
        }
        // A tenant that has as much as it may have can cause any number of these lines.
        Err(fault @ Fault::Unavailable(refusal)) => {
            // Within the macros, which make it only where the line is written.
            let reason = || fault.to_string();
            let fault = fault.kind();
            match REFUSALS.admit(refusal.kind()) {
                Some(left_out) => {
                    tracing::warn!(
                        plugin,
                        fault,
                        reason = reason().as_str(),
                        left_out,
                        "the stage is not called"
                    );
                }
                None => {
                    tracing::debug!(
                        plugin,
                        fault,
                        reason = reason().as_str(),
                        "the stage is not called"
                    );
                }
            }
        }
        // The beginning has its line; each request would only repeat it.
        Err(fault @ Fault::Quarantined { .. }) => {
            let reason = fault.to_string();
            tracing::debug!(
                plugin,
                fault = fault.kind(),
                reason = reason.as_str(),
                "the stage is skipped"
            );
        }
        Err(fault) => {
            // As a string field, so that the log's format escapes a plugin's words.
            let reason = fault.to_string();
            let policy = stage.on_fault.name();
            tracing::warn!(
                plugin,
                fault = fault.kind(),
                reason = reason.as_str(),
                policy,
                fuel,
                microseconds,
                "the stage is at fault"
            );
        }
    }
}
