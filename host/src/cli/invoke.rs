mod given;
mod subject;

use super::{ConfigFile, Ending, json_input, output, runtime};
use crate::event::{Event, EventKind};
use crate::outcome::{Fault, OutcomeKind};
use crate::pipeline::{Run, StageReport, Transformed};
use crate::plugin::Request;
use anyhow::bail;
use clap::Args;
use given::Given;
use serde::Serialize;
use serde_json::value::RawValue;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;
use subject::Loaded;

/// Run one plugin, or an assistant's pipeline, over a JSON file, without a server
///
/// Prints the answer to standard output and, to standard error, what each stage was
/// given, came to and used. The exit status is 1 if any stage faulted.
#[derive(Debug, Args)]
#[command(
    override_usage = "retort invoke [OPTIONS] COMPONENT [INPUT]\n       \
                      retort invoke [OPTIONS] --assistant NAME [INPUT]",
    after_help = "\
INPUT is a webhook's whole body, or only its payload; `-`, or nothing, is standard input.

Examples:
  retort invoke my-plugin.wasm answer.json --settings '{\"suffix\": \"!\"}'
  retort invoke --config retort.toml --assistant lobby answer.json --json"
)]
pub(super) struct Invoke {
    /// A component's file, unless --assistant is given; then the input
    #[arg(value_name = "COMPONENT] [INPUT", num_args = 0..=2)]
    files: Vec<PathBuf>,
    /// Run the pipeline of this assistant of the configuration
    #[arg(long, value_name = "NAME")]
    assistant: Option<String>,
    #[command(flatten)]
    file: ConfigFile,
    /// The settings that the component gets: a JSON object
    #[arg(
        long,
        value_name = "JSON",
        default_value = "{}",
        conflicts_with = "assistant"
    )]
    settings: String,
    /// Of which event INPUT is the payload, where it is only one
    #[arg(long, value_name = "NAME", default_value = "message_processed", value_parser = json_input::event)]
    event: EventKind,
    /// Print one JSON document with the answer and every figure
    #[arg(long)]
    json: bool,
}

impl Invoke {
    pub(super) fn execute(self) -> anyhow::Result<Ending> {
        // Whatever is wrong with it is said before anything is read.
        let (loaded, input) = self.load()?;
        let body = json_input::as_webhook_body(json_input::read(input)?, self.event)?;
        let event = Event::find(body.as_bytes())?;
        let subject = loaded.for_event(event.kind)?;
        let request = Request {
            tenant: &subject.tenant,
            assistant: &subject.assistant,
            request_id: "invoke",
            event: event.kind,
            options: event.options,
            deadline: Instant::now() + subject.timeout,
            timeout: subject.timeout,
            around: event.around(),
        };
        let mut given = Vec::new();
        let run = subject.pipeline.run(&request, &event, |stage, payload| {
            given.push(Given::of(stage, payload));
        });
        let run = runtime()?.block_on(run);
        let mut out = output::stdout();
        if self.json {
            writeln!(out, "{}", report(&run, &given, event.payload())?)?;
        } else {
            for (stage, given) in run.stages.iter().zip(&given) {
                tell!("{}", line(stage));
                given.tell();
            }
            match &run.result {
                Ok(transformed) => writeln!(out, "{}", result(transformed, event.payload()))?,
                Err(fault) => tell!("no answer: {fault}"),
            }
        }
        Ok(if run.stages.iter().all(|stage| stage.result.is_ok()) {
            Ending::Good
        } else {
            Ending::Bad
        })
    }

    /// What is to be invoked, and the input.
    fn load(&self) -> anyhow::Result<(Loaded, &Path)> {
        let stdin = Path::new("-");
        Ok(match (&self.assistant, self.files.as_slice()) {
            (Some(name), []) => (Loaded::assistant(&self.file, name)?, stdin),
            (Some(name), [input]) => (Loaded::assistant(&self.file, name)?, input),
            (None, [component]) => (Loaded::component(component, &self.settings)?, stdin),
            (None, [component, input]) => (Loaded::component(component, &self.settings)?, input),
            (Some(_), _) => bail!("with --assistant, name only the input"),
            (None, _) => bail!(
                "name a component's file, or an assistant of the configuration with --assistant"
            ),
        })
    }
}

/// What the caller would get: the payload, or a reply.
fn result<'a>(transformed: &'a Transformed, payload: &'a str) -> &'a str {
    match transformed {
        Transformed::Unchanged => payload,
        Transformed::Payload(text) | Transformed::Reply(text) => text,
    }
}

/// A stage's report for people.
pub(super) fn line(stage: &StageReport) -> String {
    let outcome = match &stage.result {
        Ok(OutcomeKind::Unchanged) => "unchanged".to_owned(),
        Ok(OutcomeKind::Replaced) => "replaced the payload".to_owned(),
        Ok(OutcomeKind::MergePatch) => "merge patch applied".to_owned(),
        Ok(OutcomeKind::JsonPatch) => "JSON patch applied".to_owned(),
        Ok(OutcomeKind::Texts) => "changed texts".to_owned(),
        Ok(OutcomeKind::Reply) => "replied in the assistant's place".to_owned(),
        Err(fault) => format!("FAULT, {fault}"),
    };
    let usage = stage.usage.map_or_else(
        || "not called".to_owned(),
        |usage| {
            format!(
                "fuel {}, {:.3} ms, peak memory {} KiB",
                usage.fuel,
                usage.time.as_secs_f64() * 1e3,
                usage.memory_bytes.div_ceil(1024),
            )
        },
    );
    format!("{}: {outcome} ({usage})", stage.plugin)
}

/// The whole run for machines.
fn report(run: &Run, given: &[Given], payload: &str) -> anyhow::Result<String> {
    #[derive(Serialize)]
    struct Report<'a> {
        /// The payload that the caller would get; absent where it would get an error.
        payload: Option<&'a RawValue>,
        fault: Option<FaultReport>,
        stages: Vec<StageJson<'a>>,
    }
    #[derive(Serialize)]
    struct StageJson<'a> {
        plugin: &'a str,
        given: &'a Given,
        outcome: Option<OutcomeKind>,
        fault: Option<FaultReport>,
        // Null where the plugin was not called.
        fuel: Option<u64>,
        microseconds: Option<u128>,
        memory_bytes: Option<usize>,
    }
    #[derive(Serialize)]
    struct FaultReport {
        kind: &'static str,
        message: String,
    }
    let fault = |fault: &Fault| FaultReport {
        kind: fault.kind(),
        message: fault.to_string(),
    };
    let json = |transformed| serde_json::from_str(result(transformed, payload));
    let payload = run.result.as_ref().ok().map(json).transpose()?;
    let report = Report {
        payload,
        fault: run.result.as_ref().err().map(fault),
        stages: run
            .stages
            .iter()
            .zip(given)
            .map(|(stage, given)| StageJson {
                plugin: &stage.plugin,
                given,
                outcome: stage.result.as_ref().ok().copied(),
                fault: stage.result.as_ref().err().map(fault),
                fuel: stage.usage.map(|usage| usage.fuel),
                microseconds: stage.usage.map(|usage| usage.time.as_micros()),
                memory_bytes: stage.usage.map(|usage| usage.memory_bytes),
            })
            .collect(),
    };
    Ok(serde_json::to_string(&report)?)
}
