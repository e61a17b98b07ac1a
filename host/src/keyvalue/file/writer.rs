//! The thread that writes: it takes what waits, applies all of it to one transaction,
//! commits, and answers. Between that it removes what has expired, a little at a time.

use super::super::seal::{self, Name, Scope};
use super::super::{Error, Write, cost, now};
use super::open::{FileError, Shared, fault};
use super::tables::{
    ALL, ENTRIES, EXPIRIES, USED, entry, expires, expiry, name, next, onward, within,
};
use redb::{ReadableTable, Table, WriteTransaction};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

/// How many changes are committed at once.
const BATCH: usize = 256;

/// How often the writer looks for what has expired, or whether a closed file opens again.
const SWEEP: Duration = Duration::from_secs(1);

/// How many expired entries are removed with one commit, and how many scopes are looked at.
const SWEPT: usize = 1_000;

/// Something to be written.
pub(super) enum Change {
    Set(Write),
    Delete { scope: Scope, names: Vec<Name> },
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
            self.serve(jobs);
        }
    }

    fn serve(&mut self, jobs: Vec<Job>) {
        let (changes, answers): (Vec<_>, Vec<_>) =
            jobs.into_iter().map(|job| (job.change, job.answer)).unzip();
        // The library may panic over pages that were changed behind its back.
        let done = catch_unwind(AssertUnwindSafe(|| self.commit(&changes)));
        let results = match done {
            Ok(Ok(results)) => results,
            Ok(Err(error)) => {
                let words = error.to_string();
                self.shared.close(error.reason().unwrap_or(&words));
                vec![Err(error); answers.len()]
            }
            Err(_) => {
                self.shared.close("it is damaged");
                vec![Err(Error::Damaged); answers.len()]
            }
        };
        for (answer, result) in answers.into_iter().zip(results) {
            // It may have been given up meanwhile.
            let _ = answer.send(result);
        }
    }

    /// Applies the changes, all with one commit: what each of them comes to, or why
    /// nothing can be written.
    fn commit(&mut self, changes: &[Change]) -> Result<Vec<Result<(), Error>>, Error> {
        // It is tried again only now and then: looking whether a file is sound takes time.
        let database = if changes.is_empty() {
            self.shared.reopened()?
        } else {
            self.shared.database()?
        };
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

/// The tables in one transaction.
struct Tables<'t> {
    entries: Table<'t, &'static [u8], &'static [u8]>,
    expiries: Table<'t, &'static [u8], ()>,
    used: Table<'t, &'static [u8], u64>,
    size: u64,
}

impl<'t> Tables<'t> {
    fn open(transaction: &'t WriteTransaction, size: u64) -> Result<Self, redb::Error> {
        Ok(Self {
            entries: transaction.open_table(ENTRIES)?,
            expiries: transaction.open_table(EXPIRIES)?,
            used: transaction.open_table(USED)?,
            size,
        })
    }

    /// The outer error is the file's and ends the transaction; the inner is the change's,
    /// which then has changed nothing.
    fn apply(&mut self, change: &Change) -> Result<Result<(), Error>, redb::Error> {
        match change {
            Change::Set(write) => self.set(write),
            Change::Delete { scope, names } => {
                for name in names {
                    self.remove(*scope, name)?;
                }
                Ok(Ok(()))
            }
        }
    }

    fn set(&mut self, write: &Write) -> Result<Result<(), Error>, redb::Error> {
        let scope = write.scope;
        let (new, now) = (cost(write.record.len()), now());
        let quota = Error::QuotaUsedUp { limit: write.quota };
        // The file's own limit is looked at second: the quota's error says more.
        for (whose, limit, error) in [
            (scope.0.as_slice(), write.quota, quota),
            (ALL, self.size, Error::StoreFull),
        ] {
            // What has expired does not count.
            while self.with(whose, self.cost(scope, &write.names)?, new)? > limit {
                if !self.remove_expired(scope, now)? {
                    return Ok(Err(error));
                }
            }
        }
        for name in &write.names {
            self.remove(scope, name)?;
        }
        let Some(name) = write.names.first() else {
            return Ok(Ok(()));
        };
        self.entries
            .insert(entry(scope, name).as_slice(), write.record.as_slice())?;
        self.expiries
            .insert(expiry(scope, write.expiry, name).as_slice(), ())?;
        self.count(scope, 0, new)?;
        Ok(Ok(()))
    }

    /// What is under these names now.
    fn cost(&self, scope: Scope, names: &[Name]) -> Result<u64, redb::Error> {
        let mut sum = 0;
        for name in names {
            let record = self.entries.get(entry(scope, name).as_slice())?;
            sum += record.map_or(0, |record| cost(record.value().len()));
        }
        Ok(sum)
    }

    /// What a scope, or all of them, would count after a change.
    fn with(&self, whose: &[u8], old: u64, new: u64) -> Result<u64, redb::Error> {
        let used = self.used.get(whose)?.map_or(0, |used| used.value());
        Ok(used.saturating_sub(old).saturating_add(new))
    }

    fn count(&mut self, scope: Scope, old: u64, new: u64) -> Result<(), redb::Error> {
        for whose in [scope.0.as_slice(), ALL] {
            match self.with(whose, old, new)? {
                0 => drop(self.used.remove(whose)?),
                used => drop(self.used.insert(whose, used)?),
            }
        }
        Ok(())
    }

    /// Removes what a scope has under a name.
    fn remove(&mut self, scope: Scope, name: &Name) -> Result<(), redb::Error> {
        let record = self.entries.remove(entry(scope, name).as_slice())?;
        let removed = record.map(|record| {
            let record = record.value();
            (seal::expiry(record).unwrap_or(0), cost(record.len()))
        });
        if let Some((expires, cost)) = removed {
            self.expiries
                .remove(expiry(scope, expires, name).as_slice())?;
            self.count(scope, cost, 0)?;
        }
        Ok(())
    }

    /// Removes the entry of a scope that expired first, if one has.
    fn remove_expired(&mut self, scope: Scope, now: u64) -> Result<bool, redb::Error> {
        let first = {
            let mut range = self.expiries.range::<&[u8]>(within(scope, 0).as_bounds())?;
            range
                .next()
                .transpose()?
                .map(|(key, _)| key.value().to_vec())
        };
        match first.and_then(|key| Some((expires(&key)?.1, key))) {
            Some((expiry, key)) if expiry <= now => {
                self.remove_by(scope, &key)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Removes the entry that a key of the index of expiries stands for, and the key.
    fn remove_by(&mut self, scope: Scope, key: &[u8]) -> Result<(), redb::Error> {
        self.remove(scope, &name(key))?;
        self.expiries.remove(key)?;
        Ok(())
    }
}
