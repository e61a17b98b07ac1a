//! What outlives a configuration: there is one of each for the process.

use crate::fairness::Fairness;
use crate::issuer::Issuers;
use crate::keyvalue::Keeper;
use crate::metrics::Metrics;
use crate::plugin::Compiler;
use crate::replay::Replays;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio_util::task::TaskTracker;

/// The process that serves, whatever the configuration.
pub struct Process {
    /// What tenants have of the machine.
    pub fairness: Arc<Fairness>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What goes on although its request has been answered.
    pub background: TaskTracker,
    /// Who vouches for access tokens, with what was fetched from them.
    pub issuers: Issuers,
    /// Where plugins keep entries.
    pub keyvalue: Keeper,
    /// The tokens that may not come again.
    pub replays: Replays,
    /// Where components are compiled.
    pub compiler: Compiler,
    stopping: AtomicBool,
}

impl Process {
    /// At its beginning.
    #[must_use]
    pub fn new(compiler: Compiler) -> Arc<Self> {
        Self::with(compiler, Keeper::new())
    }

    /// At the beginning of a command that runs beside a server: what plugins keep ends
    /// with it, and the server's own store is left alone.
    #[must_use]
    pub fn aside(compiler: Compiler) -> Arc<Self> {
        Self::with(compiler, Keeper::in_memory())
    }

    fn with(compiler: Compiler, keyvalue: Keeper) -> Arc<Self> {
        Arc::new(Self {
            compiler,
            keyvalue,
            fairness: Fairness::new(),
            metrics: Metrics::new(),
            background: TaskTracker::new(),
            issuers: Issuers::default(),
            replays: Replays::default(),
            stopping: AtomicBool::new(false),
        })
    }

    /// From now on nothing new is taken.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether it is about to end.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}
