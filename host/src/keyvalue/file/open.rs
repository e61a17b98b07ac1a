//! The file itself: opened with care, and opened again after it could not be written.

use super::super::Error;
use super::super::seal::KeyId;
use super::tables::{ENTRIES, EXPIRIES, SECRETS, USED};
use redb::backends::{FileBackend, InMemoryBackend};
use redb::{Builder, Database, DatabaseError, ReadableDatabase, ReadableTableMetadata};
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

/// What the library may keep of the file in memory, in bytes.
const CACHE: usize = 32 << 20;

/// How often, and after what time, a file is looked at again that is still open: a
/// process that has just ended, or a configuration before, may be closing it.
const TRIES: usize = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// What the writer and the readers share.
pub(super) struct Shared {
    /// Nothing while it is not open.
    database: RwLock<Option<Arc<Database>>>,
    /// Nothing is in memory.
    path: Option<PathBuf>,
    /// What all entries may take, in bytes.
    pub(super) size: AtomicU64,
}

impl Shared {
    pub(super) fn open(path: &Path, size: u64) -> Result<Self, FileError> {
        let mut opened = open(path);
        for _ in 0..TRIES {
            if !matches!(opened, Err(FileError::InUse { .. })) {
                break;
            }
            thread::sleep(BETWEEN_TRIES);
            opened = open(path);
        }
        Ok(Self {
            database: RwLock::new(Some(Arc::new(opened?))),
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
            database: RwLock::new(Some(Arc::new(database))),
            path: None,
            size: AtomicU64::new(64 << 20),
        })
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The database, while it is open.
    pub(super) fn database(&self) -> Result<Arc<Database>, Error> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let database = database.as_ref().map(Arc::clone);
        database.ok_or_else(|| Error::gone("the file is closed after an error"))
    }

    /// The database, which is opened again if it was closed.
    pub(super) fn reopened(&self) -> Result<Arc<Database>, Error> {
        if let Ok(database) = self.database() {
            return Ok(database);
        }
        let path = self.path.as_ref().ok_or_else(|| Error::gone("memory"))?;
        let database = Arc::new(open(path).map_err(Error::gone)?);
        tracing::info!(file = %path.display(), "the key-value file is open again");
        let mut place = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *place = Some(Arc::clone(&database));
        Ok(database)
    }

    /// Closes the file: after an error the library uses it no more, and only opening it
    /// again tells what is in it.
    pub(super) fn close(&self, reason: &str) {
        // Memory cannot be opened again.
        let Some(path) = &self.path else { return };
        let mut place = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if place.take().is_some() {
            tracing::error!(file = %path.display(), reason, "the key-value file is closed; it is tried again");
        }
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

fn open(path: &Path) -> Result<Database, FileError> {
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
    let backend = FileBackend::new(file).map_err(|error| FileError::of(path, error))?;
    let database = Builder::new()
        .set_cache_size(CACHE)
        // A file that was changed or cut is found out now and not in the middle of a call.
        .set_check_integrity_on_open(true)
        .create_with_backend(backend)
        .map_err(|error| FileError::of(path, error))?;
    prepare(&database).map_err(|error| FileError::of_use(path, &error))?;
    Ok(database)
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
            DatabaseError::DatabaseAlreadyOpen => Self::InUse {
                path: path.to_path_buf(),
            },
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
