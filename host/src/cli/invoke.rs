mod given;

use super::{ConfigFile, Ending, json_input, runtime};
use crate::config::{self, OnFault};
use crate::event::Event;
use crate::fairness::Tenant;
use crate::grant::{Grants, LogLevel};
use crate::guard::Guard;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::outcome::{Fault, OutcomeKind};
use crate::pipeline::{Pipeline, Run, Stage, StageReport};
use crate::plugin::{Plugin, Reach, Request, Sandbox};
use crate::process::Process;
use crate::quarantine::{Quarantine, Rule};
use crate::secret::Secrets;
use crate::snapshot::Snapshot;
use crate::view::View;
use anyhow::{Context, bail};
use clap::Args;
use given::Given;
use serde::Serialize;
use serde_json::value::RawValue;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

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
    /// Print one JSON document with the answer and every figure
    #[arg(long)]
    json: bool,
}

/// What is invoked: a pipeline and the names that its plugins are told.
struct Subject {
    tenant: Arc<Tenant>,
    assistant: Arc<str>,
    pipeline: Pipeline,
    timeout: Duration,
}

impl Invoke {
    pub(super) fn execute(self) -> anyhow::Result<Ending> {
        let (subject, input) = match (&self.assistant, self.files.as_slice()) {
            (Some(name), []) => (self.of_assistant(name)?, Path::new("-")),
            (Some(name), [input]) => (self.of_assistant(name)?, input.as_path()),
            (None, [component]) => (self.of_component(component)?, Path::new("-")),
            (None, [component, input]) => (self.of_component(component)?, input.as_path()),
            (Some(_), _) => bail!("with --assistant, name only the input"),
            (None, _) => bail!(
                "name a component's file, or an assistant of the configuration with --assistant"
            ),
        };
        let body = json_input::as_webhook_body(json_input::read(input)?)?;
        let event = Event::find(body.as_bytes())?;
        let request = Request {
            tenant: &subject.tenant,
            assistant: &subject.assistant,
            request_id: "invoke",
            event: event.name,
            options: event.options,
            deadline: Instant::now() + subject.timeout,
            around: event.around(),
        };
        let mut given = Vec::new();
        let run = subject.pipeline.run(&request, &event, |stage, payload| {
            given.push(Given::of(stage, payload));
        });
        let run = runtime()?.block_on(run);
        let mut out = std::io::stdout().lock();
        if self.json {
            writeln!(out, "{}", report(&run, &given, event.payload())?)?;
        } else {
            for (stage, given) in run.stages.iter().zip(&given) {
                tell!("{}", line(stage));
                given.tell();
            }
            match &run.result {
                Ok(changed) => writeln!(out, "{}", changed.as_deref().unwrap_or(event.payload()))?,
                Err(fault) => tell!("no answer: {fault}"),
            }
        }
        Ok(if run.stages.iter().all(|stage| stage.result.is_ok()) {
            Ending::Good
        } else {
            Ending::Bad
        })
    }

    fn of_assistant(&self, name: &str) -> anyhow::Result<Subject> {
        // Nobody is verified here.
        let mut config = self.file.load(Secrets::Unread)?;
        // The others' components need not be compiled.
        config.assistants.retain(|other, _| other == name);
        let Some(assistant) = config.assistants.get(name) else {
            bail!(
                "there is no assistant `{name}` in {}",
                self.file.config.display()
            );
        };
        let uses = |plugin: &String| {
            assistant
                .pipeline
                .iter()
                .any(|stage| stage.plugin == *plugin)
        };
        let used: Vec<_> = config
            .plugins
            .keys()
            .filter(|name| uses(name))
            .cloned()
            .collect();
        config.plugins.retain(|name, _| used.contains(name));
        let snapshot = Snapshot::build(config, &Process::new(), None, |plugin| {
            tell!("compiling {plugin}")
        })?;
        let assistant = snapshot
            .into_assistant(name)
            .context("the assistant is gone")?;
        Ok(Subject {
            tenant: assistant.tenant,
            assistant: assistant.name,
            pipeline: assistant.pipeline,
            timeout: assistant.timeout,
        })
    }

    fn of_component(&self, file: &Path) -> anyhow::Result<Subject> {
        let settings = retort_json::check(&self.settings).context("--settings is not JSON")?;
        if settings != retort_json::Kind::Object {
            bail!("--settings has to be a JSON object, such as '{{\"suffix\": \"!\"}}'");
        }
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let sandbox = config::Sandbox {
            concurrency: Some(1),
            ..config::Sandbox::default()
        };
        let sandbox = Arc::new(Sandbox::new(&sandbox, &Limits::DEFAULT)?);
        let plugin = Plugin::load(&sandbox, &stem, file, None)
            .map_err(|error| anyhow::anyhow!("{error}\n    hint: {}", error.hint()))?;
        let grants = Grants {
            config: Some(true),
            logging: Some(LogLevel::Trace),
        };
        let lacks = plugin.lacks(&grants);
        if !lacks.is_empty() {
            let lacks: Vec<_> = lacks.iter().map(|it| it.interface()).collect();
            bail!(
                "{} imports {}, which only a configuration can grant\n    hint: name an assistant whose pipeline has it, with --config and --assistant",
                file.display(),
                lacks.join(", ")
            );
        }
        Ok(Subject {
            tenant: Tenant::alone("invoke"),
            assistant: "invoke".into(),
            pipeline: Pipeline {
                stages: vec![Stage {
                    plugin: Arc::new(plugin),
                    settings: self.settings.clone(),
                    view: View::default(),
                    limits: Limits::DEFAULT,
                    reach: Arc::new(Reach::new(&grants, &self.settings)),
                    on_fault: OnFault::Fail,
                    quarantine: Quarantine::new(Rule::default()),
                    metrics: Metrics::new().stage(&"invoke".into(), 1, &stem),
                }],
                guard: Guard::default(),
            },
            timeout: Duration::from_secs(30),
        })
    }
}

/// A stage's report for people.
fn line(stage: &StageReport) -> String {
    let usage = &stage.usage;
    let outcome = match &stage.result {
        Ok(OutcomeKind::Unchanged) => "unchanged".to_owned(),
        Ok(OutcomeKind::Replaced) => "replaced the payload".to_owned(),
        Ok(OutcomeKind::MergePatch) => "merge patch applied".to_owned(),
        Ok(OutcomeKind::JsonPatch) => "JSON patch applied".to_owned(),
        Ok(OutcomeKind::Texts) => "changed texts".to_owned(),
        Err(fault) => format!("FAULT, {fault}"),
    };
    format!(
        "{}: {outcome} (fuel {}, {:.3} ms, peak memory {} KiB)",
        stage.plugin,
        usage.fuel,
        usage.time.as_secs_f64() * 1e3,
        usage.memory_bytes.div_ceil(1024),
    )
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
        fuel: u64,
        microseconds: u128,
        memory_bytes: usize,
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
    let payload = match &run.result {
        Ok(changed) => Some(serde_json::from_str(changed.as_deref().unwrap_or(payload))?),
        Err(_) => None,
    };
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
                fuel: stage.usage.fuel,
                microseconds: stage.usage.time.as_micros(),
                memory_bytes: stage.usage.memory_bytes,
            })
            .collect(),
    };
    Ok(serde_json::to_string(&report)?)
}
