//! A configuration made ready: secrets read, components compiled and linked. It
//! never changes; a request keeps the one that it began with.

mod assistant;
mod error;
mod fitting;

pub use assistant::Assistant;
pub use error::SnapshotError;

use crate::config::{self, Admin, Config, Outline, Problem, Problems, Server};
use crate::event::EventKind;
use crate::fairness::{BodyCapacity, Tenant};
use crate::gate::Gate;
use crate::keyvalue::Store;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::pipeline::{Pipeline, Stage};
use crate::plugin::{Clients, CompileBounds, Plugin, Reach, Sandbox};
use crate::process::Process;
use crate::quarantine::{Quarantine, Rule};
use std::collections::{BTreeMap, HashMap};
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

/// Everything that requests look at.
pub struct Snapshot {
    /// What its configuration says, to compare it with another.
    pub outline: Outline,
    /// `[admin]`, where there is such a listener.
    pub admin: Option<Admin>,
    /// `[server]`
    pub server: Arc<Server>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What goes on although its request has been answered.
    pub background: TaskTracker,
    /// Where all its plugins run.
    pub sandbox: Arc<Sandbox>,
    /// Every tenant of the configuration.
    pub tenants: BTreeMap<String, Arc<Tenant>>,
    /// Every plugin of the configuration, used or not.
    pub plugins: BTreeMap<String, Arc<Plugin>>,
    assistants: HashMap<String, Assistant>,
    /// Stands in for the assistants that do not exist.
    closed: Gate,
}

impl Snapshot {
    /// Compiles every component of a configuration, but those that `previous` has
    /// already. `progress` is told each plugin's name before its turn, possibly by
    /// several threads at once.
    ///
    /// # Errors
    /// Every component that cannot be used, at the place of the configuration that
    /// names it, or that the pool's memory or the store cannot be had.
    pub fn build(
        config: Config,
        process: &Process,
        previous: Option<&Self>,
        progress: impl Fn(&str) + Sync,
    ) -> Result<Self, SnapshotError> {
        let stages = stages(&config).map(|(_, stage)| stage);
        let defaults = config
            .plugins
            .values()
            .map(|plugin| Limits::DEFAULT.with(&plugin.limits))
            .collect::<Vec<_>>();
        let limits = stages.map(|stage| &stage.limits).chain(&defaults);
        let largest = Limits::largest(limits);
        // Compiled code belongs to its sandbox, whose pool has a size.
        let fit = previous.filter(|it| it.sandbox.is_fit(&config.sandbox, &largest));
        let (sandbox, loaded) = match fit {
            Some(previous) => (Arc::clone(&previous.sandbox), &previous.plugins),
            None => (
                Arc::new(Sandbox::new(&config.sandbox, &largest, &process.compiler)?),
                &BTreeMap::new(),
            ),
        };
        let bounds = CompileBounds::of(&config.sandbox);
        let plugins = match load(&sandbox, &config.plugins, loaded, &bounds, progress) {
            Ok(plugins) => plugins,
            Err(problems) => {
                let file = config.file;
                return Err(Problems { file, problems }.into());
            }
        };
        sandbox.seal();
        let problems = fitting::problems(&config, &plugins);
        if !problems.is_empty() {
            let file = config.file;
            return Err(Problems { file, problems }.into());
        }
        let store = match &config.keyvalue {
            Some(keyvalue) => Some(process.keyvalue.store(keyvalue)?),
            None => None,
        };
        // `fitting` has found whatever could fail from here on, which nevertheless is an
        // error and not an assistant or a stage less: the tenants get what this
        // configuration says.
        let tenants = process.fairness.share_out(
            sandbox.capacity().slots,
            config.sandbox.wait,
            &config.tenants,
        );
        let capacity = sandbox.capacity();
        process.fairness.share_out_bodies(
            BodyCapacity::of(
                config.server.body_memory,
                config.server.body_bytes,
                capacity.memory_bytes,
            ),
            tenants.values(),
        );
        let make = Make {
            process,
            previous,
            quarantine: config.quarantine,
            plugins: &plugins,
            tenants: &tenants,
            clients: Clients::default(),
            store,
        };
        let assistants = config
            .assistants
            .into_iter()
            .map(|(name, assistant)| Ok((name.clone(), make.assistant(&name, assistant)?)))
            .collect::<Result<_, SnapshotError>>()?;
        Ok(Self {
            outline: config.outline,
            admin: config.admin,
            server: Arc::new(config.server),
            metrics: Arc::clone(&process.metrics),
            background: process.background.clone(),
            sandbox,
            tenants,
            plugins,
            assistants,
            closed: Gate::closed(),
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

    /// Every stage of every assistant.
    pub fn stages(&self) -> impl Iterator<Item = &Stage> {
        self.assistants()
            .flat_map(Assistant::pipelines)
            .flat_map(|(_, pipeline)| &pipeline.stages)
    }

    /// Who is believed to be the assistant of that name. One that does not exist
    /// refuses everybody.
    #[must_use]
    pub fn gate(&self, name: &str) -> &Gate {
        self.assistant(name)
            .map_or(&self.closed, |assistant| &assistant.gate)
    }
}

/// What assistants are made with.
struct Make<'a> {
    process: &'a Process,
    /// What serves now.
    previous: Option<&'a Snapshot>,
    quarantine: Rule,
    plugins: &'a BTreeMap<String, Arc<Plugin>>,
    tenants: &'a BTreeMap<String, Arc<Tenant>>,
    clients: Clients,
    store: Option<Store>,
}

impl Make<'_> {
    fn assistant(
        &self,
        name: &str,
        assistant: config::Assistant,
    ) -> Result<Assistant, SnapshotError> {
        let name: Arc<str> = name.into();
        let tenant = self.tenants.get(&assistant.tenant);
        let tenant = tenant.ok_or_else(|| SnapshotError::NoTenant(name.to_string()))?;
        let guard = Arc::new(assistant.guard);
        let before = self.previous.and_then(|it| it.assistant(&name));
        let observations = before.map_or_else(
            || Arc::new(Semaphore::new(Assistant::MOST_OBSERVATIONS)),
            |before| Arc::clone(&before.observations),
        );
        let pipelines = assistant.pipelines.into_iter().map(|(event, stages)| {
            let stages = stages.into_iter().zip(1..);
            let stages =
                stages.map(|(stage, number)| self.stage((&name, tenant), event, number, stage));
            let mut stages: Vec<_> = stages.collect::<Result<_, _>>()?;
            if let Some(before) = before.and_then(|before| before.pipeline(event)) {
                self.go_on(&mut stages, &before.stages);
            }
            let pipeline = Pipeline {
                stages,
                guard: Arc::clone(&guard),
            };
            Ok((event, pipeline))
        });
        Ok(Assistant {
            pipelines: pipelines.collect::<Result<_, SnapshotError>>()?,
            tenant: Arc::clone(tenant),
            gate: Gate::new(&name, assistant.auth, self.process),
            timeout: assistant.timeout,
            observations,
            name,
        })
    }

    fn stage(
        &self,
        (assistant, tenant): (&Arc<str>, &Tenant),
        event: EventKind,
        number: usize,
        stage: config::Stage,
    ) -> Result<Stage, SnapshotError> {
        let plugin = self.plugins.get(&stage.plugin);
        let callee = plugin.and_then(|plugin| plugin.for_event(event));
        let no_stage = || SnapshotError::NoStage {
            assistant: assistant.to_string(),
            event,
            number,
        };
        Ok(Stage {
            metrics: self
                .process
                .metrics
                .stage(assistant, event, number, &stage.plugin),
            quarantine: Arc::new(Quarantine::new(self.quarantine)),
            plugin: callee.ok_or_else(no_stage)?,
            reach: Arc::new(Reach::new(
                &stage.grants,
                &stage.settings,
                (tenant.name(), &stage.plugin),
                &self.clients,
                self.store.as_ref(),
            )),
            grants: stage.grants,
            settings: stage.settings,
            view: stage.view,
            limits: stage.limits,
            on_fault: stage.on_fault,
        })
    }

    /// Lets a stage that is as it was before keep what is known of its faults, also where
    /// others have come before it: the first of several equal ones is the first again.
    fn go_on(&self, stages: &mut [Stage], before: &[Stage]) {
        let mut before: Vec<_> = before.iter().collect();
        for stage in stages {
            let same = before.iter().position(|before| before.is_same(stage));
            if let Some(same) = same {
                stage.quarantine = Arc::clone(&before.remove(same).quarantine);
                stage.quarantine.follow(self.quarantine, Instant::now());
            }
        }
    }
}

/// Loads all plugins, as many at once as there are cores: with compiled code kept from
/// an earlier start, most of the time goes into reading and unpacking it.
fn load(
    sandbox: &Arc<Sandbox>,
    plugins: &BTreeMap<String, config::Plugin>,
    loaded: &BTreeMap<String, Arc<Plugin>>,
    bounds: &CompileBounds,
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
                let loaded = Plugin::load(sandbox, name, &plugin.component, digest, bounds);
                loaded
                    .map(|loaded| (name.clone(), Arc::new(loaded)))
                    .map_err(|error| Problem {
                        line: plugin.position.0,
                        column: plugin.position.1,
                        message: error.to_string(),
                        hint: Some(error.hint().to_owned()),
                        may_pass: error.may_pass(),
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

/// Every stage of a configuration, with the event that it is for.
fn stages(config: &Config) -> impl Iterator<Item = (EventKind, &config::Stage)> {
    let pipelines = config.assistants.values().flat_map(|it| &it.pipelines);
    pipelines.flat_map(|(event, stages)| stages.iter().map(|stage| (*event, stage)))
}

#[cfg(test)]
mod tests;
