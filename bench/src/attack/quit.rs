//! Callers that go away: each sends a request and closes its connection a moment later,
//! while a guest runs for it.

use super::client::{Connection, Target};
use super::threads::{self, Runner};
use crate::Result;
use std::time::Duration;
use tokio::sync::oneshot;

/// Between two of them.
const EVERY: Duration = Duration::from_millis(40);

/// They go after this and its multiples.
const STEP: Duration = Duration::from_millis(3);

/// How many of its multiples there are.
const STEPS: u32 = 31;

/// Callers that come and go until they are stopped.
pub(crate) struct Quitting {
    stop: oneshot::Sender<()>,
    runner: Runner<u64>,
}

impl Quitting {
    /// Begins with the first of them; they ask the targets in turn.
    pub(crate) fn start(targets: Vec<Target>, nice: i32) -> Result<Self> {
        let (stop, mut stopped) = oneshot::channel::<()>();
        let runner = threads::start("quit", nice, async move || {
            let mut gone = 0;
            let mut patience = (0..STEPS).cycle();
            for target in targets.iter().cycle() {
                let call = async {
                    if let Some(mut connection) = Connection::open(target.address).await {
                        connection.ask(target).await;
                    }
                };
                let patience = STEP * patience.next().unwrap_or(0);
                tokio::select! {
                    // A sender that is gone says the same.
                    _ = &mut stopped => break,
                    cut = tokio::time::timeout(patience, call) => gone += u64::from(cut.is_err()),
                }
                tokio::time::sleep(EVERY).await;
            }
            gone
        })?;
        Ok(Self { stop, runner })
    }

    /// How many went away before they had an answer.
    pub(crate) fn stop(self) -> Result<u64> {
        // One that has failed says so below.
        let _ = self.stop.send(());
        self.runner.finish()
    }
}
