//! Entries in a file of this process, a redb database. One thread writes, many changes
//! with one commit, so that quotas are exact and each change is on the disk when it is
//! answered. Readers see the last commit and wait for nobody, a writer that cannot write
//! included.

mod changes;
mod disk;
mod open;
mod tables;
mod writer;

pub use open::FileError;

use super::seal::{Keys, Name, Scope};
use super::{Error, PAGE, Records, Write, position};
use open::Shared;
use redb::ReadTransaction;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tables::{ENTRIES, entry, within};
use tokio::sync::{mpsc, oneshot};
use writer::{Change, Job};

/// How many changes may wait for the writer.
const QUEUE: usize = 1_024;

/// How many sources a read tries: it may be that the file is closed and opened meanwhile.
const TRIES: usize = 3;

/// A file of entries, open. When it is dropped, the writer ends what it has begun, and
/// the file is closed.
pub(super) struct File {
    shared: Arc<Shared>,
    jobs: mpsc::Sender<Job>,
}

impl File {
    /// Opens a file, which is made if it does not exist, after looking whether it is
    /// sound. All entries may take `size` bytes.
    pub(super) fn open(path: &Path, keys: &Keys, size: u64) -> Result<Self, FileError> {
        let file = Self::serve(Shared::open(path, size)?)?;
        file.admit(keys, size)?;
        Ok(file)
    }

    /// One without a file, which ends with the process.
    pub(super) fn in_memory() -> Result<Self, FileError> {
        Self::serve(Shared::in_memory()?)
    }

    fn serve(shared: Shared) -> Result<Self, FileError> {
        let shared = Arc::new(shared);
        let (jobs, waiting) = mpsc::channel(QUEUE);
        writer::start(Arc::clone(&shared), waiting)?;
        Ok(Self { shared, jobs })
    }

    /// Sees that the file is one of these keys', and lets it have `size` bytes.
    pub(super) fn admit(&self, keys: &Keys, size: u64) -> Result<(), FileError> {
        self.shared.admit(&keys.ids())?;
        self.shared.size.store(size, Ordering::Relaxed);
        Ok(())
    }

    /// The records of these names.
    pub(super) async fn get(
        &self,
        scope: Scope,
        names: &[Name],
    ) -> Result<Vec<Option<Vec<u8>>>, Error> {
        let names: Vec<_> = names.iter().map(|name| entry(scope, name)).collect();
        self.read(move |transaction| {
            let entries = transaction.open_table(ENTRIES)?;
            let mut records = Vec::new();
            for name in &names {
                let record = entries.get(name.as_slice())?;
                records.push(record.map(|record| record.value().to_vec()));
            }
            Ok(records)
        })
        .await
    }

    /// The records of a page.
    pub(super) async fn list(&self, scope: Scope, from: u64) -> Result<Records, Error> {
        self.read(move |transaction| {
            let entries = transaction.open_table(ENTRIES)?;
            let mut records = Vec::new();
            for found in entries.range::<&[u8]>(within(scope, from).as_bounds())? {
                let (name, record) = found?;
                let name = tables::name(name.value());
                if records.len() == PAGE {
                    let next = Some(position(&name));
                    return Ok(Records { records, next });
                }
                // The value is not needed to tell the key.
                let record = record.value();
                let head = record.get(..super::seal::head(super::KEY_BYTES));
                records.push((name, head.unwrap_or(record).to_vec()));
            }
            Ok(Records {
                records,
                next: None,
            })
        })
        .await
    }

    pub(super) async fn set(&self, write: Write) -> Result<(), Error> {
        self.change(Change::Set(write)).await
    }

    pub(super) async fn delete(&self, scope: Scope, names: Vec<Name>) -> Result<(), Error> {
        self.change(Change::Delete { scope, names }).await
    }

    async fn change(&self, change: Change) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        let ended = |_| Error::gone("the thread that writes has ended");
        let job = Job { change, answer };
        self.jobs.send(job).await.map_err(|_| ended(()))?;
        answered.await.map_err(|_| ended(()))?
    }

    /// Reads on a thread that may wait for the disk.
    async fn read<T: Send + 'static>(
        &self,
        read: impl Fn(&ReadTransaction) -> Result<T, redb::Error> + Send + 'static,
    ) -> Result<T, Error> {
        let shared = Arc::clone(&self.shared);
        let read = move || {
            for _ in 0..TRIES {
                let source = shared.source();
                match source.read(&read) {
                    Ok(done) => return Ok(done),
                    // Writing failed meanwhile. What is committed can still be read.
                    Err(redb::Error::PreviousIo | redb::Error::DatabaseClosed) => {
                        shared.leave(&source);
                    }
                    Err(error) => return Err(open::fault(&error)),
                }
            }
            Err(Error::gone("the file is closed after an error"))
        };
        // The library may panic over pages that were changed behind its back.
        let done = tokio::task::spawn_blocking(read).await;
        done.unwrap_or(Err(Error::Damaged))
    }
}

#[cfg(test)]
mod tests;
