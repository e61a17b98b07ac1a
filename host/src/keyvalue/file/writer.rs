//! The thread that writes: it takes what waits, applies all of it to one transaction,
//! commits, and answers. Between that it removes what has expired, a little at a time.
//!
//! Where the disk has no room for a change, the file is opened again at once and the
//! changes that came with it are tried one by one: only the bucket whose change does not
//! fit waits, for as long as its attempts would otherwise take the writer from the others.

use super::super::seal::{Name, Scope};
use super::super::{Error, Write, now};
use super::changes::Tables;
use super::open::{FileError, Shared, Source, fault};
use super::tables::{expires, next, onward};
use redb::ReadableTable;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

/// How many changes are committed at once.
const BATCH: usize = 256;

/// How often the writer looks for what has expired, or whether a closed file opens again.
const SWEEP: Duration = Duration::from_secs(1);

/// How long a bucket is refused whose change did not fit onto the disk: this, or so many
/// times what it took to open the file again.
const FULL: Duration = Duration::from_secs(1);
const TIMES_OPENING: u32 = 10;

/// How often it is logged at most that the disk is full.
const BETWEEN_LINES: Duration = Duration::from_secs(60);

/// How many expired entries are removed with one commit, and how many scopes are looked at.
const SWEPT: usize = 1_000;

/// Something to be written.
pub(super) enum Change {
    Set(Write),
    Delete { scope: Scope, names: Vec<Name> },
}

impl Change {
    fn scope(&self) -> Scope {
        match self {
            Self::Set(write) => write.scope,
            Self::Delete { scope, .. } => *scope,
        }
    }
}

/// How long nothing is tried again that did not fit, after opening the file took so long.
fn pause(opening: Duration) -> Duration {
    opening.saturating_mul(TIMES_OPENING).max(FULL)
}

/// A change that somebody waits for.
pub(super) struct Job {
    pub(super) change: Change,
    pub(super) answer: oneshot::Sender<Result<(), Error>>,
}

/// Starts the thread, which ends when nobody can send it a job.
pub(super) fn start(shared: Arc<Shared>, jobs: mpsc::Receiver<Job>) -> Result<(), FileError> {
    let failed = |error: &std::io::Error| FileError::no_thread(shared.path(), error);
    // A runtime of its own, for the clock: the thread waits for the disk.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| failed(&error))?;
    let writer = Writer {
        shared: Arc::clone(&shared),
        swept_to: Scope([0; 16]),
        full: HashMap::new(),
        sweep_at: Instant::now(),
        quiet_until: Instant::now(),
    };
    thread::Builder::new()
        .name("keyvalue".to_owned())
        .spawn(move || runtime.block_on(writer.run(jobs)))
        .map(drop)
        .map_err(|error| failed(&error))
}

struct Writer {
    shared: Arc<Shared>,
    /// Where the next look for expired entries begins.
    swept_to: Scope,
    /// Buckets whose changes did not fit onto the disk, and until when they are refused.
    full: HashMap<Scope, Refused>,
    /// Removing takes room as well: not before this where it did not fit.
    sweep_at: Instant,
    /// Until when a full disk is not logged again.
    quiet_until: Instant,
}

/// Until when a bucket's changes are refused.
struct Refused {
    until: Instant,
    /// Whether removing is refused too, because it did not fit either.
    removing: bool,
}

impl Writer {
    async fn run(mut self, mut waiting: mpsc::Receiver<Job>) {
        let mut sweep = tokio::time::interval(SWEEP);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let mut jobs = Vec::new();
            tokio::select! {
                // What has expired is removed however much there is to do.
                biased;
                _ = sweep.tick() => {}
                received = waiting.recv_many(&mut jobs, BATCH) => if received == 0 {
                    return;
                },
            }
            // Whoever has given up is not served: its time is over.
            jobs.retain(|job| !job.answer.is_closed());
            if jobs.is_empty() {
                self.look_after();
            } else {
                self.serve(jobs);
            }
        }
    }

    /// Opens the file if it is closed, and removes what has expired.
    fn look_after(&mut self) {
        let now = Instant::now();
        self.full.retain(|_, refused| refused.until > now);
        match self.shared.reopen() {
            Ok(true) => self.log_open(),
            Ok(false) if self.sweep_at > now => return,
            Ok(false) => {}
            // It was logged when it was closed.
            Err(_) => return,
        }
        if self.commit_or_close(&[]) == Err(Error::StoreFull) {
            let took = self.open_again();
            self.sweep_at = Instant::now() + pause(took);
        }
    }

    fn serve(&mut self, jobs: Vec<Job>) {
        let now = Instant::now();
        let (mut changes, mut answers) = (Vec::new(), Vec::new());
        for Job { change, answer } in jobs {
            if self.is_refused(&change, now) {
                // It may have been given up meanwhile.
                let _ = answer.send(Err(Error::StoreFull));
            } else {
                changes.push(change);
                answers.push(answer);
            }
        }
        let results = if changes.is_empty() {
            Vec::new()
        } else {
            self.write(&changes)
        };
        for (answer, result) in answers.into_iter().zip(results) {
            let _ = answer.send(result);
        }
    }

    fn is_refused(&self, change: &Change, now: Instant) -> bool {
        let refused = self.full.get(&change.scope());
        let removes = matches!(change, Change::Delete { .. });
        refused.is_some_and(|it| it.until > now && (it.removing || !removes))
    }

    /// What each of the changes comes to.
    fn write(&mut self, changes: &[Change]) -> Vec<Result<(), Error>> {
        match self.commit_or_close(changes) {
            Ok(results) => return results,
            Err(Error::StoreFull) => {}
            Err(error) => return vec![Err(error); changes.len()],
        }
        let mut took = self.open_again();
        if let [change] = changes {
            self.refuse(change, took);
            return vec![Err(Error::StoreFull)];
        }
        let mut results = Vec::with_capacity(changes.len());
        for change in changes {
            let refused = self.is_refused(change, Instant::now());
            let result = if refused {
                Err(Error::StoreFull)
            } else {
                let result = self.commit_or_close(std::slice::from_ref(change));
                if result == Err(Error::StoreFull) {
                    took = self.open_again();
                    self.refuse(change, took);
                }
                result.and_then(|mut results| results.pop().unwrap_or(Ok(())))
            };
            results.push(result);
        }
        results
    }

    /// Refuses a bucket for a while, because this change of it did not fit onto the disk.
    fn refuse(&mut self, change: &Change, took: Duration) {
        let removing = matches!(change, Change::Delete { .. });
        let until = Instant::now() + pause(took);
        self.full
            .insert(change.scope(), Refused { until, removing });
    }

    /// Opens the file again after it was closed, if it can be: how long that took.
    fn open_again(&mut self) -> Duration {
        let start = Instant::now();
        match self.shared.reopen() {
            Ok(true) => self.log_open(),
            Ok(false) => {}
            Err(error) => {
                let reason = error.reason();
                tracing::error!(
                    reason,
                    "the key-value file does not open; it is tried again"
                );
            }
        }
        let now = Instant::now();
        if now >= self.quiet_until {
            self.quiet_until = now + BETWEEN_LINES;
        }
        start.elapsed()
    }

    fn log_open(&self) {
        if Instant::now() >= self.quiet_until
            && let Some(path) = self.shared.path()
        {
            tracing::info!(file = %path.display(), "the key-value file is open again");
        }
    }

    /// Applies the changes with one commit, or closes the file and says why.
    fn commit_or_close(&mut self, changes: &[Change]) -> Result<Vec<Result<(), Error>>, Error> {
        let source = self.shared.source();
        if matches!(source, Source::Closed(_)) {
            return Err(Error::gone("the file is closed after an error"));
        }
        // The library may panic over pages that were changed behind its back.
        let done = catch_unwind(AssertUnwindSafe(|| self.commit(changes)));
        let error = match done {
            Ok(Ok(results)) => return Ok(results),
            Ok(Err(error)) => error,
            Err(_) => Error::Damaged,
        };
        // Whoever reads may have left it already.
        self.shared.leave(&source);
        if error == Error::StoreFull {
            self.shared.give_back_room();
        }
        if let Some(path) = self.shared.path() {
            let words = error.to_string();
            let (file, reason) = (path.display(), error.reason().unwrap_or(&words));
            if error != Error::StoreFull {
                tracing::error!(%file, reason, "the key-value file is closed; it is tried again");
            } else if Instant::now() >= self.quiet_until {
                tracing::error!(
                    %file,
                    "the disk has no room for the key-value file; what is kept can be read, and changes that fit are made"
                );
            }
        }
        Err(error)
    }

    /// Applies the changes, all with one commit: what each of them comes to, or why
    /// nothing can be written. Without changes it removes what has expired.
    fn commit(&mut self, changes: &[Change]) -> Result<Vec<Result<(), Error>>, Error> {
        let database = self.shared.database()?;
        let size = self.shared.size.load(Ordering::Relaxed);
        let mut work = || -> Result<_, redb::Error> {
            let transaction = database.begin_write()?;
            let mut results = Vec::with_capacity(changes.len());
            let swept = {
                let mut tables = Tables::open(&transaction, size)?;
                let swept = if changes.is_empty() {
                    self.sweep(&mut tables)?
                } else {
                    0
                };
                for change in changes {
                    results.push(tables.apply(change)?);
                }
                swept
            };
            if swept == 0 && results.iter().all(Result::is_err) {
                transaction.abort()?;
            } else {
                transaction.commit()?;
            }
            Ok(results)
        };
        work().map_err(|error| fault(&error))
    }

    /// Removes some of what has expired: how many entries.
    fn sweep(&mut self, tables: &mut Tables<'_>) -> Result<usize, redb::Error> {
        let now = now();
        let mut removed = 0;
        for _ in 0..SWEPT {
            let first = {
                let mut range = tables
                    .expiries
                    .range::<&[u8]>(onward(self.swept_to).as_bounds())?;
                range
                    .next()
                    .transpose()?
                    .map(|(key, _)| key.value().to_vec())
            };
            let Some((key, (scope, expiry))) =
                first.and_then(|key| Some((key.clone(), expires(&key)?)))
            else {
                self.swept_to = Scope([0; 16]);
                break;
            };
            if expiry <= now {
                tables.remove_by(scope, &key)?;
                removed += 1;
                self.swept_to = scope;
            } else {
                self.swept_to = next(scope).unwrap_or(Scope([0; 16]));
            }
        }
        Ok(removed)
    }
}
