//! What is invoked: a component by itself, or an assistant's pipeline.

use crate::cli::ConfigFile;
use crate::config::{self, OnFault};
use crate::event::EventKind;
use crate::fairness::Tenant;
use crate::grant::{self, Grants, LogLevel};
use crate::guard::Guard;
use crate::keyvalue::Store;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::pipeline::{Pipeline, Stage};
use crate::plugin::{Clients, CompileBounds, Compiler, Interface, Plugin, Reach, Sandbox};
use crate::snapshot::Assistant;
use crate::view::View;
use anyhow::{Context, bail};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A pipeline and the names that its plugins are told.
pub(super) struct Subject {
    pub(super) tenant: Arc<Tenant>,
    pub(super) assistant: Arc<str>,
    pub(super) pipeline: Pipeline,
    pub(super) timeout: Duration,
}

/// What can be invoked, before it is known for which event.
pub(super) enum Loaded {
    Component {
        plugin: Arc<Plugin>,
        settings: String,
    },
    Assistant(Box<Assistant>),
}

impl Loaded {
    /// An assistant of a configuration.
    pub(super) fn assistant(file: &ConfigFile, name: &str) -> anyhow::Result<Self> {
        let assistant = file.load_assistant(name)?;
        Ok(Self::Assistant(Box::new(assistant)))
    }

    /// A component by itself, with these settings, JSON text.
    pub(super) fn component(file: &Path, settings: &str) -> anyhow::Result<Self> {
        let kind = retort_json::check(settings).context("--settings is not JSON")?;
        if kind != retort_json::Kind::Object {
            bail!("--settings has to be a JSON object, such as '{{\"suffix\": \"!\"}}'");
        }
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let settings_of_sandbox = config::Sandbox {
            concurrency: Some(1),
            ..config::Sandbox::default()
        };
        let sandbox = Arc::new(Sandbox::new(
            &settings_of_sandbox,
            &Limits::DEFAULT,
            &Compiler::this_program(),
        )?);
        let bounds = CompileBounds::of(&settings_of_sandbox);
        let plugin = Plugin::load(&sandbox, &stem, file, None, &bounds)
            .map_err(|error| anyhow::anyhow!("{error}\n    hint: {}", error.hint()))?;
        let lacks = plugin.lacks(&grants());
        if !lacks.is_empty() {
            let lacks: Vec<_> = lacks.iter().map(|it| it.interface()).collect();
            bail!(
                "{} imports {}, which only a configuration can grant\n    hint: name an assistant whose pipeline has it, with --config and --assistant",
                file.display(),
                lacks.join(", ")
            );
        }
        Ok(Self::Component {
            plugin: Arc::new(plugin),
            settings: settings.to_owned(),
        })
    }

    /// As it is invoked for an event.
    pub(super) fn for_event(self, event: EventKind) -> anyhow::Result<Subject> {
        let (plugin, settings) = match self {
            Self::Assistant(assistant) => return of_assistant(*assistant, event),
            Self::Component { plugin, settings } => (plugin, settings),
        };
        let Some(callee) = plugin.for_event(event) else {
            let interfaces: Vec<_> = plugin.interfaces().map(Interface::name).collect();
            bail!(
                "{} is not for {}: it exports {}\n    hint: --event says of which event the input is the payload",
                plugin.name(),
                event.name(),
                interfaces.join(" and ")
            );
        };
        let view = match event {
            EventKind::MessageReceived => View::whole_message(),
            _ => View::default(),
        };
        let stage = Stage {
            plugin: callee,
            reach: Arc::new(Reach::new(
                &grants(),
                &settings,
                ("invoke", plugin.name()),
                &Clients::default(),
                Some(&Store::in_memory()?),
            )),
            grants: grants(),
            settings,
            view,
            limits: Limits::DEFAULT,
            on_fault: OnFault::Fail,
            quarantine: Arc::default(),
            metrics: Metrics::new().stage(&"invoke".into(), event, 1, plugin.name()),
        };
        Ok(Subject {
            tenant: Tenant::alone("invoke"),
            assistant: "invoke".into(),
            pipeline: Pipeline {
                stages: vec![stage],
                guard: Arc::new(Guard::default()),
            },
            timeout: Duration::from_secs(30),
        })
    }
}

/// What a component by itself may reach: what ends with the call.
fn grants() -> Grants {
    Grants {
        config: Some(true),
        logging: Some(LogLevel::Trace),
        http: None,
        keyvalue: Some(grant::KeyValue::default()),
    }
}

fn of_assistant(mut assistant: Assistant, event: EventKind) -> anyhow::Result<Subject> {
    let Some(pipeline) = assistant.take_pipeline(event) else {
        bail!(
            "the assistant `{}` has no pipeline for {}",
            assistant.name,
            event.name()
        );
    };
    Ok(Subject {
        tenant: assistant.tenant,
        assistant: assistant.name,
        pipeline,
        timeout: assistant.timeout,
    })
}
