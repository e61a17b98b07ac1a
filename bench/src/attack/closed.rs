//! A closed load: each connection sends its next request when it has the answer to the
//! last. It is what an attacker does who has a number of connections, and what finds
//! the most that a server can do.

use super::client::{Answer, Connection, Target};
use super::tally::Tally;
use super::threads::{self, Runner};
use crate::Result;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// How long a connection that was lost stays away, so that the generator
/// does not spin.
const AFTER_A_LOSS: Duration = Duration::from_millis(100);

/// What is sent.
pub(crate) struct Closed {
    /// Each connection goes through them in turn; the n-th begins with the n-th.
    pub(crate) targets: Vec<Target>,
    pub(crate) connections: usize,
    /// How long a connection rests after each answer.
    pub(crate) rest: Duration,
    /// And how long after a refusal: 503 with `Retry-After`.
    pub(crate) refused: Duration,
    /// See `threads::start`.
    pub(crate) nice: i32,
}

/// A load that goes on until it is stopped.
pub(crate) struct Running {
    stop: oneshot::Sender<()>,
    runner: Runner<Vec<Tally>>,
}

impl Closed {
    /// Begins to send, from one thread.
    pub(crate) fn start(self) -> Result<Running> {
        let (stop, stopped) = oneshot::channel();
        let runner = threads::start("closed", self.nice, async move || self.send(stopped).await)?;
        Ok(Running { stop, runner })
    }

    async fn send(self, stopped: oneshot::Receiver<()>) -> Vec<Tally> {
        let targets = self.targets.into_iter();
        let targets: Rc<[_]> = targets.map(|target| (target, RefCell::default())).collect();
        let mut callers = JoinSet::new();
        for first in 0..self.connections {
            callers.spawn_local(call(Rc::clone(&targets), first, self.rest, self.refused));
        }
        // A sender that is gone says the same.
        let _ = stopped.await;
        // What is in flight is dropped with its connection, and not counted.
        callers.shutdown().await;
        targets.iter().map(|(_, tally)| tally.take()).collect()
    }
}

impl Running {
    /// Closes all connections and says what came of what was answered before, for each
    /// target.
    pub(crate) fn stop(self) -> Result<Vec<Tally>> {
        // A generator that has failed says so below.
        let _ = self.stop.send(());
        self.runner.finish()
    }
}

async fn call(
    targets: Rc<[(Target, RefCell<Tally>)]>,
    first: usize,
    rest: Duration,
    refused: Duration,
) {
    let mut connection = None;
    let in_turn = targets.iter().cycle().skip(first % targets.len().max(1));
    for (target, tally) in in_turn {
        let begun = Instant::now();
        if connection
            .as_ref()
            .is_none_or(|it: &Connection| !it.is_open())
        {
            connection = Connection::open(target.address).await;
        }
        let answer = match &mut connection {
            Some(connection) => connection.ask(target).await,
            None => Answer::Lost,
        };
        tally.borrow_mut().add(answer, begun.elapsed());
        if answer == Answer::Lost {
            connection = None;
            tokio::time::sleep(AFTER_A_LOSS).await;
        } else if answer == Answer::Status(503) && !refused.is_zero() {
            tokio::time::sleep(refused).await;
        } else if !rest.is_zero() {
            tokio::time::sleep(rest).await;
        }
    }
}
