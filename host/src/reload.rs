//! From the configuration's file to a snapshot: at the start, and again whenever a
//! signal asks for it or a file has changed. A new snapshot is made beside the one that
//! serves, which goes on until the new one is ready, and stays if it is never.

mod background;
mod changes;
mod files;
mod retry;
pub mod warnings;

pub use files::Files;

use crate::config::{Config, ConfigError};
use crate::process::Process;
use crate::secret::{Secrets, environment};
use crate::snapshot::{Snapshot, SnapshotError};
use retry::{Cause, Refused};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::signal::unix::Signal;
use tokio::sync::watch;
use warnings::{Bound, Warning};

/// Whoever writes a file does it in steps: a change counts when it is so old.
const SETTLING: Duration = Duration::from_millis(200);

/// A file that changes all the time is read as it is after this.
const LONGEST_SETTLING: Duration = Duration::from_secs(5);

/// Where snapshots come from.
#[derive(Debug, Clone)]
pub struct Source {
    /// The configuration's file.
    pub file: PathBuf,
    /// Whether a configuration without assistants is good.
    pub allow_empty: bool,
}

/// What takes the snapshots.
pub struct Sink {
    /// Gets each snapshot.
    pub snapshots: watch::Sender<Arc<Snapshot>>,
    /// Where it listens.
    pub bound: Bound,
    /// What was said of the first snapshot.
    pub warned: BTreeSet<Warning>,
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The file cannot be read, or is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It cannot be made ready.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The port speaks TLS, and would go on without.
    #[error(
        "it has no `tls` in [server], so that the port, which speaks TLS, would take credentials in the clear; start anew if that is meant"
    )]
    WouldLoseTls,
    /// The thread that should have made it is gone.
    #[error("making the configuration ready ended unexpectedly; the log has more")]
    Lost,
}

impl BuildError {
    /// Whether it can pass without a change of the configuration's files, so that it is
    /// worth trying again.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Config(error) => error.may_pass(),
            Self::Snapshot(error) => error.may_pass(),
            Self::WouldLoseTls => false,
            Self::Lost => true,
        }
    }
}

impl Source {
    /// The first snapshot, and the files that it is made of. It is not ready before
    /// everything is compiled.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub async fn first(&self, process: &Arc<Process>) -> Result<(Snapshot, Files), BuildError> {
        let (source, process) = (self.clone(), Arc::clone(process));
        let build = move || {
            let mut files = Files::of(vec![source.file.clone()]);
            let built = source.build(&process, None, &mut files);
            built.map(|snapshot| (snapshot, files))
        };
        let built = background::run(build).await;
        built.unwrap_or(Err(BuildError::Lost))
    }

    /// Reads the file and makes it ready. Files are looked at before they are read, so
    /// that no change is missed, and whatever comes of it: those of a configuration that
    /// is refused are looked at as well, because a change of them may make it good.
    fn build(
        &self,
        process: &Process,
        previous: Option<&Snapshot>,
        files: &mut Files,
    ) -> Result<Snapshot, BuildError> {
        let start = SystemTime::now();
        files.look_again();
        let config = Config::load(&self.file, Secrets::Read(&environment));
        let named = match &config {
            Ok(config) => config.files.clone(),
            Err(ConfigError::Wrong { files, .. }) => files.clone(),
            Err(ConfigError::Unreadable { .. }) => vec![self.file.clone()],
        };
        files.look_at(named, start);
        let config = config?;
        let config = if self.allow_empty {
            config
        } else {
            config.with_assistants()?
        };
        let speaks_tls = previous.is_some_and(|it| it.server.tls.is_some());
        if speaks_tls && config.server.tls.is_none() {
            return Err(BuildError::WouldLoseTls);
        }
        let progress = |plugin: &str| tracing::info!(plugin, "compiling");
        Ok(Snapshot::build(config, process, previous, progress)?)
    }

    /// Replaces the snapshot whenever the signal comes or one of its files changes, and
    /// now and then where one was refused for what may pass. It never returns.
    pub async fn follow(
        self,
        process: Arc<Process>,
        mut sink: Sink,
        mut files: Files,
        mut asked: Signal,
    ) {
        let mut refused = Refused::default();
        loop {
            let interval = sink.snapshots.borrow().server.watch;
            let cause = tokio::select! {
                _ = asked.recv() => Cause::Signal,
                () = files.changed(interval) => Cause::File,
                () = refused.passes(interval) => Cause::Retry,
            };
            // Whoever sends the signal may be writing still: the half of a file is a good
            // configuration too, or an empty one, which would serve nobody.
            let changed = files.settle(SETTLING, LONGEST_SETTLING).await;
            let cause = match cause {
                Cause::Retry if !changed.is_empty() => Cause::File,
                cause => cause,
            };
            announce(cause, &changed);
            let start = Instant::now();
            let previous = Arc::clone(&sink.snapshots.borrow());
            let built;
            (built, files) = self.next(&process, previous, files).await;
            match built {
                Ok(snapshot) => {
                    process.metrics.reloaded(true);
                    refused.over();
                    sink.take(&process, snapshot, start);
                }
                Err(error) if refused.again(cause, &error) => {
                    process.metrics.reloaded(false);
                    complain(&self.file, &error);
                }
                Err(error) => tracing::debug!(%error, "the new configuration is still not used"),
            }
        }
    }

    /// The snapshot after `previous`, and the files that it is made of.
    async fn next(
        &self,
        process: &Arc<Process>,
        previous: Arc<Snapshot>,
        files: Files,
    ) -> (Result<Snapshot, BuildError>, Files) {
        let (source, process) = (self.clone(), Arc::clone(process));
        let mut looked_at = files.clone();
        let build = move || {
            let built = source.build(&process, Some(&previous), &mut looked_at);
            (built, looked_at)
        };
        let built = background::run(build).await;
        built.unwrap_or((Err(BuildError::Lost), files))
    }
}

impl Sink {
    /// Lets a snapshot serve, and says what is new of it.
    fn take(&mut self, process: &Process, snapshot: Snapshot, start: Instant) {
        let previous = Arc::clone(&self.snapshots.borrow());
        let snapshot = Arc::new(snapshot);
        self.snapshots.send_replace(Arc::clone(&snapshot));
        process.metrics.keep(
            |name| snapshot.assistant(name).is_some(),
            |name| snapshot.tenants.contains_key(name),
            previous.stages().map(|stage| &stage.metrics),
            snapshot.stages().map(|stage| &stage.metrics),
        );
        let milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let changes = changes::between(&previous, &snapshot);
        tracing::info!(
            milliseconds,
            added = changes.added,
            removed = changes.removed,
            changed = changes.changed,
            "the new configuration serves"
        );
        if previous.server.tls.is_none() && snapshot.server.tls.is_some() {
            tracing::warn!(
                "the port speaks TLS from now on: new connections without it are not understood"
            );
        }
        let warnings = warnings::of(&snapshot, &self.bound);
        warnings.difference(&self.warned).for_each(Warning::log);
        self.warned = warnings;
    }
}

/// Says that the configuration is read again, and why. Attempts that nobody asked for are
/// told by what comes of them.
fn announce(cause: Cause, changed: &[PathBuf]) {
    let files: Vec<_> = changed.iter().map(|it| it.display().to_string()).collect();
    let files = changes::listed(None, &files);
    let cause_name = cause.name();
    if cause == Cause::Retry {
        tracing::debug!(cause = cause_name, "reading the configuration again");
    } else {
        tracing::info!(cause = cause_name, files, "reading the configuration again");
    }
}

/// Says what is wrong, each problem in a line of its own.
fn complain(file: &Path, error: &BuildError) {
    let (BuildError::Config(ConfigError::Wrong { problems, .. })
    | BuildError::Snapshot(SnapshotError::Components(problems))) = error
    else {
        let reason = error.to_string();
        tracing::error!(
            reason = reason.as_str(),
            "the new configuration is not used; the one before goes on"
        );
        return;
    };
    for problem in &problems.problems {
        tracing::error!(
            file = %file.display(),
            line = problem.line,
            column = problem.column,
            reason = problem.message.as_str(),
            hint = problem.hint.as_deref(),
            "the new configuration is not used; the one before goes on"
        );
    }
}
