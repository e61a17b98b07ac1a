//! The file itself: opened with care, and opened again after it could not be written.
//! Meanwhile what was committed last is read through a second, read-only handle: after an
//! error the library answers nothing over the one that had it.

use super::super::Error;
use super::super::seal::KeyId;
use super::disk::{Disk, Taken};
use super::tables::{ENTRIES, EXPIRIES, SECRETS, USED};
use redb::backends::InMemoryBackend;
use redb::{
    Builder, ConcurrencyMode, Database, DatabaseError, ReadOnlyDatabase, ReadTransaction,
    ReadableDatabase, ReadableTableMetadata, StorageError,
};
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

/// What the library may keep of the file in memory, in bytes.
const CACHE: usize = 32 << 20;

/// The same for the handle that is only for reading: it is there for moments.
const READING_CACHE: usize = 4 << 20;

/// How often, and after what time, a file is looked at again that is still open: a
/// process that has just ended, or a configuration before, may be closing it.
const TRIES: usize = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// What the writer and the readers share.
pub(super) struct Shared {
    source: RwLock<Source>,
    /// What gives room back to the disk, of the database that was opened last.
    taken: Mutex<Option<Arc<Taken>>>,
    /// Nothing is in memory.
    path: Option<PathBuf>,
    /// What all entries may take, in bytes.
    pub(super) size: AtomicU64,
}

/// Where reads go.
#[derive(Clone)]
pub(super) enum Source {
    Open(Arc<Database>),
    /// Closed after an error, with what was committed last if it can be had.
    Closed(Option<Arc<Snapshot>>),
}

/// What was committed last, while the file is closed.
pub(super) struct Snapshot {
    transaction: ReadTransaction,
    /// Its file.
    _database: ReadOnlyDatabase,
}

impl Source {
    /// Reads what is committed.
    pub(super) fn read<T>(
        &self,
        read: impl Fn(&ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, redb::Error> {
        match self {
            Self::Open(database) => read(&database.begin_read()?),
            Self::Closed(Some(snapshot)) => read(&snapshot.transaction),
            Self::Closed(None) => Err(redb::Error::PreviousIo),
        }
    }

    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Open(one), Self::Open(other)) => Arc::ptr_eq(one, other),
            (Self::Closed(Some(one)), Self::Closed(Some(other))) => Arc::ptr_eq(one, other),
            (Self::Closed(None), Self::Closed(None)) => true,
            _ => false,
        }
    }
}

impl Shared {
    pub(super) fn open(path: &Path, size: u64) -> Result<Self, FileError> {
        let (database, taken) = open_soon(path)?;
        Ok(Self {
            source: RwLock::new(Source::Open(Arc::new(database))),
            taken: Mutex::new(Some(taken)),
            path: Some(path.to_path_buf()),
            size: AtomicU64::new(size),
        })
    }

    pub(super) fn in_memory() -> Result<Self, FileError> {
        let path = Path::new("memory");
        let database = Builder::new()
            .set_cache_size(CACHE)
            .create_with_backend(InMemoryBackend::new())
            .map_err(|error| FileError::of(path, error))?;
        prepare(&database).map_err(|error| FileError::of_use(path, &error))?;
        Ok(Self {
            source: RwLock::new(Source::Open(Arc::new(database))),
            taken: Mutex::default(),
            path: None,
            size: AtomicU64::new(64 << 20),
        })
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Where reads go now.
    pub(super) fn source(&self) -> Source {
        let source = self.source.read().unwrap_or_else(PoisonError::into_inner);
        source.clone()
    }

    /// The database, while it is open.
    pub(super) fn database(&self) -> Result<Arc<Database>, Error> {
        match self.source() {
            Source::Open(database) => Ok(database),
            Source::Closed(_) => Err(Error::gone("the file is closed after an error")),
        }
    }

    /// Opens the database again if it was closed: whether it was.
    pub(super) fn reopen(&self) -> Result<bool, Error> {
        if self.database().is_ok() {
            return Ok(false);
        }
        let path = self.path.as_ref().ok_or_else(|| Error::gone("memory"))?;
        let (database, taken) = open_soon(path).map_err(Error::gone)?;
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = Some(taken);
        let mut source = self.source.write().unwrap_or_else(PoisonError::into_inner);
        *source = Source::Open(Arc::new(database));
        Ok(true)
    }

    /// Gives back the room that a commit took which did not find enough. The database that
    /// had the error must have been left.
    pub(super) fn give_back_room(&self) {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = &*taken {
            taken.give_back();
        }
    }

    /// Leaves a source that does not answer any more, for what was committed last. After
    /// an error the library uses a file no more, and only opening it again tells what is
    /// in it: whether this was the source.
    pub(super) fn leave(&self, left: &Source) -> bool {
        // Memory cannot be opened again.
        let Some(path) = &self.path else { return false };
        let mut source = self.source.write().unwrap_or_else(PoisonError::into_inner);
        if !source.is(left) {
            return false;
        }
        // The handle that had the error is still there, so that no other process may write.
        *source = Source::Closed(match left {
            Source::Open(_) => snapshot(path).map(Arc::new),
            Source::Closed(_) => None,
        });
        true
    }

    /// Sees that one of these secrets has sealed what is in the file, and notes the first.
    pub(super) fn admit(&self, ids: &[KeyId]) -> Result<(), FileError> {
        let path = self.path.as_deref().unwrap_or(Path::new("memory"));
        let database = self.database().map_err(|error| FileError::Unusable {
            path: path.to_path_buf(),
            reason: error.to_string(),
        })?;
        let known = is_known(&database, ids).map_err(|error| FileError::of_use(path, &error))?;
        if known {
            Ok(())
        } else {
            Err(FileError::OtherSecret {
                path: path.to_path_buf(),
            })
        }
    }
}

/// Opens a file that somebody else may be about to close.
fn open_soon(path: &Path) -> Result<(Database, Arc<Taken>), FileError> {
    let mut opened = open(path);
    for _ in 0..TRIES {
        if !matches!(opened, Err(FileError::InUse { .. })) {
            break;
        }
        thread::sleep(BETWEEN_TRIES);
        opened = open(path);
    }
    opened
}

fn open(path: &Path) -> Result<(Database, Arc<Taken>), FileError> {
    // One that writes and others that only read: no second process can write.
    let opened = match open_as(path, ConcurrencyMode::SingleWriter)? {
        // Where the file system cannot lock a part of a file, nobody else reads either.
        Err(DatabaseError::Storage(StorageError::Unsupported)) => {
            open_as(path, ConcurrencyMode::ExclusiveWriter)?
        }
        opened => opened,
    };
    let (database, taken) = opened.map_err(|error| FileError::of(path, error))?;
    prepare(&database).map_err(|error| FileError::of_use(path, &error))?;
    Ok((database, taken))
}

/// What was committed last, beside a handle that may write but had an error.
fn snapshot(path: &Path) -> Option<Snapshot> {
    let open = || -> Result<Snapshot, redb::Error> {
        let database = Builder::new()
            .set_cache_size(READING_CACHE)
            .set_concurrency_mode(ConcurrencyMode::SingleWriter)
            .open_read_only(path)?;
        Ok(Snapshot {
            transaction: database.begin_read()?,
            _database: database,
        })
    };
    match open() {
        Ok(snapshot) => Some(snapshot),
        Err(error) => {
            tracing::warn!(file = %path.display(), %error, "the key-value file cannot be read while it is closed");
            None
        }
    }
}

/// The outer error is the file system's.
fn open_as(
    path: &Path,
    mode: ConcurrencyMode,
) -> Result<Result<(Database, Arc<Taken>), DatabaseError>, FileError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|error| FileError::Unusable {
            path: path.to_path_buf(),
            reason: error.to_string(),
        })?;
    let (disk, taken) = Disk::new(file).map_err(|error| FileError::of(path, error))?;
    let opened = Builder::new()
        .set_cache_size(CACHE)
        .set_concurrency_mode(mode)
        // A file that was changed or cut is found out now and not in the middle of a call.
        .set_check_integrity_on_open(true)
        .create_with_backend(disk);
    Ok(opened.map(|database| (database, taken)))
}

/// Makes the tables, so that readers find them.
fn prepare(database: &Database) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    transaction.open_table(ENTRIES)?;
    transaction.open_table(EXPIRIES)?;
    transaction.open_table(USED)?;
    transaction.open_table(SECRETS)?;
    Ok(transaction.commit()?)
}

fn is_known(database: &Database, ids: &[KeyId]) -> Result<bool, redb::Error> {
    let secrets = database.begin_read()?.open_table(SECRETS)?;
    let mut first_is_noted = true;
    let mut any = secrets.is_empty()?;
    for (id, is_first) in ids
        .iter()
        .zip(std::iter::once(true).chain(std::iter::repeat(false)))
    {
        let noted = secrets.get(id.as_slice())?.is_some();
        any |= noted;
        first_is_noted &= noted || !is_first;
    }
    if any && !first_is_noted {
        let transaction = database.begin_write()?;
        if let Some(id) = ids.first() {
            transaction.open_table(SECRETS)?.insert(id.as_slice(), ())?;
        }
        transaction.commit()?;
    }
    Ok(any)
}

/// What an error of the library means for one operation.
pub(super) fn fault(error: &redb::Error) -> Error {
    match error {
        redb::Error::Corrupted(_) => Error::Damaged,
        redb::Error::Io(io)
            if matches!(
                io.kind(),
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
            ) =>
        {
            Error::StoreFull
        }
        other => Error::gone(other),
    }
}

/// Why there is no file of entries.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be made, read or written.
    #[error("cannot use the key-value file {}: {reason}; `file` in [keyvalue] names it, and its folder has to exist and be writable", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        reason: String,
    },
    /// Another process has it open.
    #[error("the key-value file {} is in use by another process; stop that, give this one another file, or share a Redis server", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It is no such file, or not all of it is there.
    #[error("the key-value file {} is damaged: {reason}; put a backup in its place, or move it away to begin with an empty one", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The library's words.
        reason: String,
    },
    /// None of the secrets has ever sealed an entry of it.
    #[error("the key-value file {} was written with another secret than those of `secrets` in [keyvalue]; add that one to their end, or move the file away to begin with an empty one", path.display())]
    OtherSecret {
        /// The file.
        path: PathBuf,
    },
}

impl FileError {
    fn of(path: &Path, error: DatabaseError) -> Self {
        match error {
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
                Self::InUse {
                    path: path.to_path_buf(),
                }
            }
            other => Self::of_use(path, &other.into()),
        }
    }

    fn of_use(path: &Path, error: &redb::Error) -> Self {
        let (path, reason) = (path.to_path_buf(), error.to_string());
        match error {
            redb::Error::Io(io)
                if !matches!(io.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof) =>
            {
                Self::Unusable { path, reason }
            }
            _ => Self::Damaged { path, reason },
        }
    }

    /// What stands in the way of a thread.
    pub(super) fn no_thread(path: Option<&Path>, error: &std::io::Error) -> Self {
        Self::Unusable {
            path: path.unwrap_or(Path::new("memory")).to_path_buf(),
            reason: error.to_string(),
        }
    }
}
