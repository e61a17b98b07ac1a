//! A configuration made ready: secrets read, components compiled and linked. It
//! never changes; a request keeps the one that it began with.

use crate::auth::Auth;
use crate::config::{self, Admin, Config, Problem, Problems, Server};
use crate::fairness::Tenant;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::pipeline::{Pipeline, Stage};
use crate::plugin::{Capability, Plugin, Reach, Sandbox, SandboxError};
use crate::process::Process;
use crate::quarantine::Quarantine;
use std::collections::{BTreeMap, HashMap};
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Everything that requests look at.
pub struct Snapshot {
    /// `[admin]`, where there is such a listener.
    pub admin: Option<Admin>,
    /// `[server]`
    pub server: Arc<Server>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Where all its plugins run.
    pub sandbox: Arc<Sandbox>,
    /// Every tenant of the configuration.
    pub tenants: BTreeMap<String, Arc<Tenant>>,
    /// Every plugin of the configuration, used or not.
    pub plugins: BTreeMap<String, Arc<Plugin>>,
    assistants: HashMap<String, Assistant>,
    /// Stands in for the assistants that do not exist.
    refusing: Auth,
}

/// An assistant, ready to be served.
pub struct Assistant {
    /// Its name in URLs, logs and metrics.
    pub name: Arc<str>,
    /// Whose it is.
    pub tenant: Arc<Tenant>,
    /// How its webhook proves who it is.
    pub auth: Auth,
    /// From a request's arrival to its answer.
    pub timeout: Duration,
    /// What its answers go through.
    pub pipeline: Pipeline,
}

impl Snapshot {
    /// Compiles every component of a configuration, but those that `previous` has
    /// already. `progress` is told each plugin's name before its turn, possibly by
    /// several threads at once.
    ///
    /// # Errors
    /// Every component that cannot be used, at the place of the configuration that
    /// names it, or that the pool's memory cannot be had.
    pub fn build(
        config: Config,
        process: &Process,
        previous: Option<&Self>,
        progress: impl Fn(&str) + Sync,
    ) -> Result<Self, SnapshotError> {
        let stages = config.assistants.values().flat_map(|a| &a.pipeline);
        let defaults = config
            .plugins
            .values()
            .map(|plugin| Limits::DEFAULT.with(&plugin.limits))
            .collect::<Vec<_>>();
        let limits = stages.map(|stage| &stage.limits).chain(&defaults);
        let largest = Limits::largest(limits);
        // Compiled code belongs to its sandbox, whose pool has a size.
        let previous = previous.filter(|it| it.sandbox.is_fit(&config.sandbox, &largest));
        let (sandbox, loaded) = match previous {
            Some(previous) => (Arc::clone(&previous.sandbox), &previous.plugins),
            None => (
                Arc::new(Sandbox::new(&config.sandbox, &largest)?),
                &BTreeMap::new(),
            ),
        };
        let plugins = match load(&sandbox, &config.plugins, loaded, progress) {
            Ok(plugins) => plugins,
            Err(problems) => {
                let file = config.file;
                return Err(Problems { file, problems }.into());
            }
        };
        sandbox.seal();
        let problems = lacking(&config, &plugins);
        if !problems.is_empty() {
            let file = config.file;
            return Err(Problems { file, problems }.into());
        }
        // Nothing can fail from here on: the tenants get what this configuration says.
        let tenants = process.fairness.share_out(
            sandbox.capacity().slots,
            config.sandbox.wait,
            &config.tenants,
        );
        let assistants = config
            .assistants
            .into_iter()
            .filter_map(|(name, assistant)| {
                let shared: Arc<str> = name.as_str().into();
                let stages = assistant
                    .pipeline
                    .into_iter()
                    .zip(1..)
                    .filter_map(|(stage, number)| {
                        Some(Stage {
                            metrics: process.metrics.stage(&shared, number, &stage.plugin),
                            quarantine: Quarantine::new(config.quarantine),
                            // The configuration refuses a stage whose plugin is not declared.
                            plugin: Arc::clone(plugins.get(&stage.plugin)?),
                            reach: Arc::new(Reach::new(&stage.grants, &stage.settings)),
                            settings: stage.settings,
                            view: stage.view,
                            limits: stage.limits,
                            on_fault: stage.on_fault,
                        })
                    })
                    .collect();
                let assistant = Assistant {
                    name: shared,
                    // The configuration refuses a tenant that is not declared.
                    tenant: Arc::clone(tenants.get(&assistant.tenant)?),
                    auth: assistant.auth,
                    timeout: assistant.timeout,
                    pipeline: Pipeline {
                        stages,
                        guard: assistant.guard,
                    },
                };
                Some((name, assistant))
            })
            .collect();
        Ok(Self {
            admin: config.admin,
            server: Arc::new(config.server),
            metrics: Arc::clone(&process.metrics),
            sandbox,
            tenants,
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

/// Loads all plugins, as many at once as there are cores: with compiled code kept from
/// an earlier start, most of the time goes into reading and unpacking it.
fn load(
    sandbox: &Arc<Sandbox>,
    plugins: &BTreeMap<String, config::Plugin>,
    loaded: &BTreeMap<String, Arc<Plugin>>,
    progress: impl Fn(&str) + Sync,
) -> Result<BTreeMap<String, Arc<Plugin>>, Vec<Problem>> {
    let todo = Mutex::new(plugins.iter());
    let next = || todo.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        std::iter::from_fn(next)
            .map(|(name, plugin)| {
                let digest = plugin.sha256.as_deref();
                if let Some(loaded) = loaded.get(name)
                    && loaded.is_from(&plugin.component, digest)
                {
                    return Ok((name.clone(), Arc::clone(loaded)));
                }
                progress(name);
                let loaded = Plugin::load(sandbox, name, &plugin.component, digest);
                loaded
                    .map(|loaded| (name.clone(), Arc::new(loaded)))
                    .map_err(|error| Problem {
                        line: plugin.position.0,
                        column: plugin.position.1,
                        message: error.to_string(),
                        hint: Some(error.hint().to_owned()),
                    })
            })
            .collect::<Vec<_>>()
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let others = cores.min(plugins.len()).saturating_sub(1);
    let results = thread::scope(|scope| {
        let threads: Vec<_> = (0..others).map(|_| scope.spawn(work)).collect();
        let mut results = work();
        for thread in threads {
            match thread.join() {
                Ok(more) => results.extend(more),
                Err(panic) => resume_unwind(panic),
            }
        }
        results
    });
    let (loaded, failed): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    let mut problems: Vec<_> = failed.into_iter().filter_map(Result::err).collect();
    if problems.is_empty() {
        return Ok(loaded.into_iter().flatten().collect());
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    Err(problems)
}

/// What stages, or plugins without a stage, would have to be granted and are not.
fn lacking(config: &Config, plugins: &BTreeMap<String, Arc<Plugin>>) -> Vec<Problem> {
    let stages = || config.assistants.values().flat_map(|it| &it.pipeline);
    let of_stages = stages().map(|stage| (&stage.plugin, &stage.grants, stage.position));
    let unused = config
        .plugins
        .iter()
        .filter(|(name, _)| stages().all(|stage| stage.plugin != **name))
        .map(|(name, plugin)| (name, &plugin.grants, plugin.position));
    let mut problems: Vec<_> = of_stages
        .chain(unused)
        .filter_map(|(name, grants, (line, column))| {
            let lacks = plugins.get(name)?.lacks(grants);
            if lacks.is_empty() {
                return None;
            }
            let joined = |word: fn(Capability) -> &'static str| {
                lacks.iter().map(|it| word(*it)).collect::<Vec<_>>()
            };
            let imports = joined(Capability::interface).join(", ");
            let examples = joined(Capability::example).join(", ");
            Some(Problem {
                line,
                column,
                message: format!("the plugin `{name}` imports what it is not granted: {imports}"),
                hint: Some(format!(
                    "grant it, if you trust it with that: [plugins.{name}] grants = {{ {examples} }}"
                )),
            })
        })
        .collect();
    problems.sort_by_key(|problem| (problem.line, problem.column));
    problems
}

/// Why a configuration cannot be made ready.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The engine or its pool cannot be had.
    #[error(transparent)]
    NoSandbox(#[from] SandboxError),
    /// Components that cannot be used.
    #[error(transparent)]
    Components(#[from] Problems),
}
