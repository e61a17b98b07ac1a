//! An open load: requests leave at fixed times, whatever became of those before them,
//! and each one's time counts from when it should have left. So a server that stalls
//! is not spared the requests that would have come meanwhile.

use super::client::{Answer, Connection, Target};
use super::tally::Tally;
use super::threads::{self, Runner};
use crate::Result;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) struct Steady {
    /// They are asked in turn.
    pub(crate) targets: Vec<Target>,
    /// Requests a second.
    pub(crate) rate: f64,
    pub(crate) duration: Duration,
    /// The most connections at once. A request that finds none free waits for one, and
    /// its time runs.
    pub(crate) connections: usize,
    /// How long the last requests are waited for after the end.
    pub(crate) patience: Duration,
}

impl Steady {
    /// Sends it all, from two threads: one that keeps the time, one that does the rest.
    pub(crate) fn run(self) -> Result<Tally> {
        self.start()?.finish()
    }

    /// The same, without waiting for its end.
    pub(crate) fn start(self) -> Result<Runner<Tally>> {
        threads::start("steady", 0, async move || self.send().await)
    }

    async fn send(self) -> Tally {
        let (sender, mut due) = mpsc::unbounded_channel();
        let pace = Pace {
            rate: self.rate,
            duration: self.duration,
        };
        // tokio's own clock rounds up to whole milliseconds.
        let pacer = std::thread::spawn(move || pace.keep(&sender));
        let callers = Rc::new(Callers::new(self.connections));
        let targets: Vec<_> = self.targets.into_iter().map(Rc::new).collect();
        let mut running = JoinSet::new();
        let mut sent = 0;
        while let Some(scheduled) = due.recv().await {
            let Some(target) = targets.get(sent % targets.len().max(1)) else {
                break;
            };
            sent += 1;
            callers.tally.borrow_mut().was_late(scheduled.elapsed());
            let (callers, target) = (Rc::clone(&callers), Rc::clone(target));
            running.spawn_local(async move { callers.ask(&target, scheduled).await });
            while running.try_join_next().is_some() {}
        }
        let rest = async { while running.join_next().await.is_some() {} };
        // Those that are left are counted below.
        let _ = tokio::time::timeout(self.patience, rest).await;
        let mut tally = callers.tally.take();
        tally.unfinished = u64::try_from(running.len()).unwrap_or(u64::MAX);
        // It has nothing left to do: its channel is empty and closed.
        let _ = pacer.join();
        tally
    }
}

/// When requests leave.
struct Pace {
    rate: f64,
    duration: Duration,
}

impl Pace {
    fn keep(&self, due: &mpsc::UnboundedSender<Instant>) {
        let start = Instant::now();
        for number in 0_u32.. {
            let after = Duration::from_secs_f64(f64::from(number) / self.rate);
            if after >= self.duration {
                return;
            }
            let scheduled = start + after;
            if let Some(early) = scheduled.checked_duration_since(Instant::now()) {
                std::thread::sleep(early);
            }
            if due.send(scheduled).is_err() {
                return;
            }
        }
    }
}

/// The connections, and what came of what was sent over them.
struct Callers {
    idle: RefCell<Vec<Connection>>,
    allowed: Semaphore,
    tally: RefCell<Tally>,
}

impl Callers {
    fn new(connections: usize) -> Self {
        Self {
            idle: RefCell::default(),
            allowed: Semaphore::new(connections),
            tally: RefCell::default(),
        }
    }

    async fn ask(&self, target: &Target, scheduled: Instant) {
        // It is never closed.
        let _permit = self.allowed.acquire().await;
        let answer = match self.connection(target).await {
            None => Answer::Lost,
            Some(mut connection) => {
                let answer = connection.ask(target).await;
                if answer != Answer::Lost {
                    self.idle.borrow_mut().push(connection);
                }
                answer
            }
        };
        self.tally.borrow_mut().add(answer, scheduled.elapsed());
    }

    /// The one that was used last, so that the others may be closed in peace.
    async fn connection(&self, target: &Target) -> Option<Connection> {
        loop {
            let idle = self.idle.borrow_mut().pop();
            match idle {
                Some(connection) if connection.is_open() => return Some(connection),
                Some(_) => {}
                None => break,
            }
        }
        self.tally.borrow_mut().connections += 1;
        Connection::open(target.address).await
    }
}
