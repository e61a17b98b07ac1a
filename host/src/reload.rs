//! From the configuration's file to a snapshot: at the start, and again whenever a
//! signal asks for it or a file has changed. A new snapshot is made beside the one that
//! serves, which goes on until the new one is ready, and stays if it is never.

mod background;
mod files;

pub use files::Files;

use crate::config::{Config, ConfigError};
use crate::process::Process;
use crate::secret::{Secrets, environment};
use crate::snapshot::{Snapshot, SnapshotError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::signal::unix::Signal;
use tokio::sync::watch;

/// Whoever writes a file does it in steps: a change counts when it is so old.
const SETTLING: Duration = Duration::from_millis(200);

/// Where snapshots come from.
#[derive(Debug, Clone)]
pub struct Source {
    /// The configuration's file.
    pub file: PathBuf,
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
    /// The thread that should have made it is gone.
    #[error("making the configuration ready ended unexpectedly; the log has more")]
    Lost,
}

impl Source {
    /// The first snapshot, and the files that it is made of. It does not return before
    /// everything is compiled.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn first(&self, process: &Arc<Process>) -> Result<(Snapshot, Files), BuildError> {
        let (source, process) = (self.clone(), Arc::clone(process));
        let build = move || {
            let mut files = Files::of(vec![source.file.clone()]);
            let built = source.build(&process, None, &mut files);
            built.map(|snapshot| (snapshot, files))
        };
        let built = background::run(build).blocking_recv();
        built.unwrap_or(Err(BuildError::Lost))
    }

    /// Reads the file and makes it ready. Files are looked at before they are read, so
    /// that no change is missed, and whatever comes of it.
    fn build(
        &self,
        process: &Process,
        previous: Option<&Snapshot>,
        files: &mut Files,
    ) -> Result<Snapshot, BuildError> {
        files.look_again();
        let config = Config::load(&self.file, Secrets::Read(&environment))?;
        files.look_at(config.files.clone());
        let progress = |plugin: &str| tracing::info!(plugin, "compiling");
        Ok(Snapshot::build(config, process, previous, progress)?)
    }

    /// Replaces the snapshot whenever the signal comes or one of its files changes. It
    /// never returns.
    pub async fn follow(
        self,
        process: Arc<Process>,
        snapshots: watch::Sender<Arc<Snapshot>>,
        mut files: Files,
        mut asked: Signal,
    ) {
        loop {
            let interval = snapshots.borrow().server.watch;
            let cause = tokio::select! {
                _ = asked.recv() => "a signal",
                () = files.changed(interval) => "a file has changed",
            };
            // Whoever sends the signal may be writing still: the half of a file is a good
            // configuration too, or an empty one, which would serve nobody.
            files.settle(SETTLING).await;
            tracing::info!(cause, "reading the configuration again");
            files = self.replace(&process, &snapshots, files).await;
        }
    }

    /// Replaces the snapshot, or tells why not.
    async fn replace(
        &self,
        process: &Arc<Process>,
        snapshots: &watch::Sender<Arc<Snapshot>>,
        files: Files,
    ) -> Files {
        let start = Instant::now();
        let previous = Arc::clone(&snapshots.borrow());
        let build = {
            let (source, process) = (self.clone(), Arc::clone(process));
            let (previous, mut files) = (Arc::clone(&previous), files.clone());
            move || {
                let built = source.build(&process, Some(&previous), &mut files);
                (built, files)
            }
        };
        let built = background::run(build).await;
        let (built, files) = built.unwrap_or((Err(BuildError::Lost), files));
        process.metrics.reloaded(built.is_ok());
        match built {
            Ok(snapshot) => {
                if snapshot.server.listen != previous.server.listen {
                    tracing::warn!("`listen` in [server] is not changed before the next start");
                }
                let milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
                let snapshot = Arc::new(snapshot);
                snapshots.send_replace(Arc::clone(&snapshot));
                process.metrics.keep(
                    |name| snapshot.assistant(name).is_some(),
                    |name| snapshot.tenants.contains_key(name),
                    previous.stages().map(|stage| &stage.metrics),
                    snapshot.stages().map(|stage| &stage.metrics),
                );
                tracing::info!(milliseconds, "the new configuration serves");
            }
            Err(error) => complain(&self.file, &error),
        }
        files
    }
}

/// Says what is wrong, each problem in a line of its own.
fn complain(file: &Path, error: &BuildError) {
    let (BuildError::Config(ConfigError::Wrong(problems))
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
