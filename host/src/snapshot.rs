//! A configuration made ready: secrets read, components compiled and linked. It
//! never changes; a request keeps the one that it began with.

use crate::auth::Auth;
use crate::config::{Config, Problem, Problems, Server};
use crate::limits::Limits;
use crate::pipeline::Stage;
use crate::plugin::{Plugin, Sandbox};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// Everything that requests look at.
pub struct Snapshot {
    /// `[server]`
    pub server: Server,
    /// Every plugin of the configuration, used or not.
    pub plugins: BTreeMap<String, Arc<Plugin>>,
    assistants: HashMap<String, Assistant>,
    /// Stands in for the assistants that do not exist.
    refusing: Auth,
}

/// An assistant, ready to be served.
pub struct Assistant {
    /// Its name in URLs and logs.
    pub name: String,
    /// Its tenant's name.
    pub tenant: String,
    /// How its webhook proves who it is.
    pub auth: Auth,
    /// From a request's arrival to its answer.
    pub timeout: Duration,
    /// The stages, in their order.
    pub pipeline: Vec<Stage>,
}

impl Snapshot {
    /// Compiles every component of a configuration. `progress` is told each
    /// plugin's name before its turn.
    ///
    /// # Errors
    /// Every component that cannot be used, at the place of the configuration that
    /// names it, or that the pool's memory cannot be had.
    pub fn build(config: Config, mut progress: impl FnMut(&str)) -> Result<Self, SnapshotError> {
        let stages = config.assistants.values().flat_map(|a| &a.pipeline);
        let defaults = config
            .plugins
            .values()
            .map(|plugin| Limits::DEFAULT.with(&plugin.limits))
            .collect::<Vec<_>>();
        let limits = stages.map(|stage| &stage.limits).chain(&defaults);
        let sandbox =
            Arc::new(Sandbox::new(&config.sandbox, limits).map_err(SnapshotError::no_sandbox)?);
        let mut plugins = BTreeMap::new();
        let mut problems = Vec::new();
        for (name, plugin) in &config.plugins {
            progress(name);
            match Plugin::load(&sandbox, name, &plugin.component, plugin.sha256.as_deref()) {
                Ok(plugin) => {
                    plugins.insert(name.clone(), Arc::new(plugin));
                }
                Err(error) => problems.push(Problem {
                    line: plugin.position.0,
                    column: plugin.position.1,
                    message: error.to_string(),
                    hint: Some(error.hint().to_owned()),
                }),
            }
        }
        if !problems.is_empty() {
            problems.sort_by_key(|problem| (problem.line, problem.column));
            return Err(SnapshotError::Components(Problems {
                file: config.file,
                problems,
            }));
        }
        let assistants = config
            .assistants
            .into_iter()
            .map(|(name, assistant)| {
                let pipeline = assistant
                    .pipeline
                    .into_iter()
                    .filter_map(|stage| {
                        Some(Stage {
                            // The configuration refuses a stage whose plugin is not declared.
                            plugin: Arc::clone(plugins.get(&stage.plugin)?),
                            settings: stage.settings,
                            limits: stage.limits,
                            on_fault: stage.on_fault,
                        })
                    })
                    .collect();
                let assistant = Assistant {
                    name: name.clone(),
                    tenant: assistant.tenant,
                    auth: assistant.auth,
                    timeout: assistant.timeout,
                    pipeline,
                };
                (name, assistant)
            })
            .collect();
        Ok(Self {
            server: config.server,
            plugins,
            assistants,
            refusing: Auth::refusing(),
        })
    }

    /// The assistant of that name.
    #[must_use]
    pub fn assistant(&self, name: &str) -> Option<&Assistant> {
        self.assistants.get(name)
    }

    /// The assistant of that name, and nothing else of the snapshot.
    #[must_use]
    pub fn into_assistant(mut self, name: &str) -> Option<Assistant> {
        self.assistants.remove(name)
    }

    /// All assistants, in no particular order.
    pub fn assistants(&self) -> impl Iterator<Item = &Assistant> {
        self.assistants.values()
    }

    /// How a caller has to prove that it is the assistant of that name. One that
    /// does not exist refuses everybody.
    #[must_use]
    pub fn auth(&self, name: &str) -> &Auth {
        self.assistant(name)
            .map_or(&self.refusing, |assistant| &assistant.auth)
    }
}

/// Why a configuration cannot be made ready.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The engine or its pool cannot be had.
    #[error(
        "the sandbox cannot be set up: {0}\n    hint: a lower `concurrency` in [sandbox] needs less address space"
    )]
    NoSandbox(String),
    /// Components that cannot be used.
    #[error(transparent)]
    Components(Problems),
}

impl SnapshotError {
    pub(crate) fn no_sandbox(error: wasmtime::Error) -> Self {
        Self::NoSandbox(format!("{error:#}"))
    }
}
