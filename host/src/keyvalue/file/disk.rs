//! The file as the library sees it. A commit that finds no room has taken some before: it
//! is given back, so that smaller changes of others fit.

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};
use rustix::fs::{FallocateFlags, fallocate};
use std::fs::File;
use std::io;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where the library's own header ends. What comes after it is never changed in place.
const HEADER: u64 = 4_096;

/// How many places are remembered: more than one commit has, short of the largest.
const PLACES: usize = 1 << 16;

/// The file, with what was written since it was last made durable.
#[derive(Debug)]
pub(super) struct Disk {
    inner: FileBackend,
    taken: Arc<Taken>,
}

/// The places that were written and are not durable: nothing that is committed is there.
#[derive(Debug)]
pub(super) struct Taken {
    file: File,
    /// Offsets and lengths.
    places: Mutex<Vec<(u64, u64)>>,
}

impl Taken {
    /// Gives the room of these places back to the file system. The database must not be
    /// used any more.
    pub(super) fn give_back(&self) {
        for (offset, length) in std::mem::take(&mut *self.places()) {
            let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            // Where the file system cannot, the room is there for later commits.
            let _ = fallocate(&self.file, flags, offset, length);
        }
    }

    fn places(&self) -> MutexGuard<'_, Vec<(u64, u64)>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk {
    /// Takes a file over, and what may give its room back.
    pub(super) fn new(file: File) -> Result<(Self, Arc<Taken>), redb::DatabaseError> {
        let taken = Arc::new(Taken {
            file: file.try_clone()?,
            places: Mutex::default(),
        });
        let disk = Self {
            inner: FileBackend::new(file)?,
            taken: Arc::clone(&taken),
        };
        Ok((disk, taken))
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, io::Error> {
        self.inner.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.inner.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.inner.set_len(len)
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        self.inner.sync_data()?;
        self.taken.places().clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        let mut places = self.taken.places();
        if offset >= HEADER && places.len() < PLACES {
            // What is written in part is taken as well.
            places.push((offset, data.len() as u64));
        }
        drop(places);
        self.inner.write(offset, data)
    }

    fn close(&self) -> Result<(), io::Error> {
        self.inner.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.inner.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.inner.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.inner.query_lock_range(start, end)
    }
}
