//! What plugins keep beyond a call: entries by key, for one plugin and one tenant at a
//! time, on the terms of the grant. They are in a `file` of this process, or on a
//! Redis `server`; both get them sealed and never see a key or a value.

mod breaker;
mod file;
mod keeper;
mod seal;
mod server;

pub use file::FileError;
pub use keeper::{Health, Keeper, OpenError};

use crate::grant::KeyValue as Terms;
use breaker::Breaker;
use file::File;
use seal::{Keys, Name, Owner, Scope};
use server::Server;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The longest key, in bytes.
pub const KEY_BYTES: usize = 1_024;

/// How many keys one page lists at most.
pub const PAGE: usize = 100;

/// What an entry counts besides its key and value, in bytes: an empty one takes room too.
pub const ENTRY_COST: u64 = 64;

/// A store, as one configuration opened it.
#[derive(Clone)]
pub struct Store {
    backend: Backend,
    keys: Arc<Keys>,
    timeout: Duration,
    breaker: Arc<Breaker>,
}

#[derive(Clone)]
enum Backend {
    File(Arc<File>),
    Server(Arc<Server>),
}

/// What a plugin keeps for a tenant.
#[derive(Clone)]
pub struct Bucket {
    store: Store,
    scope: Scope,
    terms: Terms,
}

/// Some of the keys in a bucket, in no order that means anything.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// At most [`PAGE`] of them.
    pub keys: Vec<String>,
    /// Where the next page begins, if there are more.
    pub next: Option<u64>,
}

/// Why an operation was not done. The texts are fit for the plugin; what the operator
/// needs to know besides, [`Error::reason`] has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The key is longer than [`KEY_BYTES`].
    #[error("the key has {bytes} bytes; it can have {KEY_BYTES}")]
    KeyTooLong {
        /// Of the key.
        bytes: usize,
    },
    /// The value is larger than the grant's `value`.
    #[error("the value has {bytes} bytes; it can have {limit}")]
    ValueTooLarge {
        /// Of the value.
        bytes: usize,
        /// What the grant says.
        limit: usize,
    },
    /// With this entry the plugin would keep more than the grant's `quota`.
    #[error("the quota of {limit} bytes does not have room for this entry")]
    QuotaUsedUp {
        /// What the grant says.
        limit: u64,
    },
    /// All plugins together keep as much as the store may have.
    #[error("the store is full")]
    StoreFull,
    /// It did not answer within `timeout` of `[keyvalue]`.
    #[error("the store is too slow")]
    Slow {
        /// What was waited for.
        reason: String,
    },
    /// It was not asked, because it did not answer before. The log has said so once.
    #[error("the store does not answer")]
    NotAnswering,
    /// It cannot be reached, or cannot write. Whether a change was made is not known.
    #[error("the store is gone")]
    Gone {
        /// Why, in words for the operator.
        reason: String,
    },
    /// An entry that is there does not open: it was changed, moved or cut.
    #[error("what is kept there is damaged")]
    Damaged,
}

impl Error {
    /// What the operator should know besides the error's text.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Gone { reason } | Self::Slow { reason } => Some(reason),
            _ => None,
        }
    }

    fn gone(error: impl std::fmt::Display) -> Self {
        Self::Gone {
            reason: error.to_string(),
        }
    }
}

/// An entry to be written, sealed.
struct Write {
    scope: Scope,
    /// The first is written; what was under the others is removed.
    names: Vec<Name>,
    record: Vec<u8>,
    /// When it expires, in milliseconds since 1970, and in how many milliseconds that is.
    expiry: u64,
    ttl: u64,
    /// See [`Terms::quota_bytes`].
    quota: u64,
}

/// Names and records, with the beginning of the next page.
struct Records {
    records: Vec<(Name, Vec<u8>)>,
    next: Option<u64>,
}

impl Store {
    /// An empty one, which ends with the process.
    ///
    /// # Errors
    /// No memory, no thread, or no random numbers.
    pub fn in_memory() -> Result<Self, OpenError> {
        Ok(Self {
            backend: Backend::File(Arc::new(File::in_memory()?)),
            keys: Arc::new(Keys::random().map_err(|_| OpenError::NoKeys)?),
            timeout: Duration::from_secs(2),
            breaker: Arc::default(),
        })
    }

    /// What a plugin keeps for a tenant, both by their names in the configuration: its
    /// own bucket, or the one that its terms name.
    #[must_use]
    pub fn bucket(&self, tenant: &str, plugin: &str, terms: &Terms) -> Bucket {
        let owner = match &terms.store {
            Some(name) => Owner::Named(name),
            None => Owner::Plugin(plugin),
        };
        Bucket {
            store: self.clone(),
            scope: Scope::new(tenant, owner),
            terms: terms.clone(),
        }
    }

    /// A file answers in time or not at all; a server sees to that itself.
    async fn in_time<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let slow = |_| {
            let timeout = humantime::format_duration(self.timeout);
            let reason = format!("the disk was not done within {timeout}");
            Err(Error::Slow { reason })
        };
        let done = tokio::time::timeout(self.timeout, work).await;
        done.unwrap_or_else(slow)
    }

    /// Runs an operation, unless the store has not answered lately.
    async fn run<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let attempt = self.breaker.begin().ok_or(Error::NotAnswering)?;
        let done = work.await;
        attempt.ended(&done);
        done
    }

    /// The first of the names that has a record which has not expired.
    async fn find(&self, scope: Scope, names: &[Name]) -> Result<Option<(Name, Vec<u8>)>, Error> {
        let found = self.run(async {
            match &self.backend {
                Backend::File(file) => self.in_time(file.get(scope, names)).await,
                Backend::Server(server) => server.get(scope, names).await,
            }
        });
        let found = found.await?;
        let now = now();
        for (name, record) in names.iter().zip(found) {
            if let Some(record) = record
                && seal::expiry(&record).ok_or(Error::Damaged)? > now
            {
                return Ok(Some((*name, record)));
            }
        }
        Ok(None)
    }
}

impl Bucket {
    /// What it is, for people.
    #[must_use]
    pub fn in_words(&self) -> String {
        let Terms {
            store,
            ttl,
            quota_bytes,
            value_bytes,
        } = &self.terms;
        let whose = match store {
            Some(name) => format!("the bucket `{name}` of the tenant"),
            None => "a bucket of its own for the tenant".to_owned(),
        };
        let ttl = humantime::format_duration(*ttl);
        format!("{whose}, for {ttl}, {quota_bytes} bytes, {value_bytes} a value")
    }

    /// The value of a key, if there is one.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        check(key)?;
        let keys = &self.store.keys;
        let names = keys.names(self.scope, key);
        match self.store.find(self.scope, &names).await? {
            Some((name, record)) => keys.value(self.scope, &name, &record).map(Some),
            None => Ok(None),
        }
    }

    /// Whether a key has a value.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn exists(&self, key: &str) -> Result<bool, Error> {
        Ok(self.get(key).await?.is_some())
    }

    /// Gives a key a value, for the grant's `ttl` from now. When it returns, it is kept.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn set(&self, key: &str, value: &[u8]) -> Result<(), Error> {
        check(key)?;
        let limit = self.terms.value_bytes;
        if value.len() > limit {
            let bytes = value.len();
            return Err(Error::ValueTooLarge { bytes, limit });
        }
        let ttl = milliseconds(self.terms.ttl);
        let expiry = now().saturating_add(ttl);
        let keys = &self.store.keys;
        let record = keys
            .seal(self.scope, key, value, expiry)
            .map_err(Error::gone)?;
        let write = Write {
            scope: self.scope,
            names: keys.names(self.scope, key),
            record,
            expiry,
            ttl,
            quota: self.terms.quota_bytes,
        };
        let store = &self.store;
        let set = async {
            match &store.backend {
                Backend::File(file) => store.in_time(file.set(write)).await,
                Backend::Server(server) => server.set(write).await,
            }
        };
        store.run(set).await
    }

    /// Removes a key and its value, if they are there.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn delete(&self, key: &str) -> Result<(), Error> {
        check(key)?;
        let store = &self.store;
        let names = store.keys.names(self.scope, key);
        let delete = async {
            match &store.backend {
                Backend::File(file) => store.in_time(file.delete(self.scope, names)).await,
                Backend::Server(server) => server.delete(self.scope, names).await,
            }
        };
        store.run(delete).await
    }

    /// A page of the keys: the first, or the one that a page before said. A key that
    /// is there all the time is listed; one that is set meanwhile may be.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn list_keys(&self, from: Option<u64>) -> Result<Page, Error> {
        let (store, from) = (&self.store, from.unwrap_or(0));
        let list = async {
            match &store.backend {
                Backend::File(file) => store.in_time(file.list(self.scope, from)).await,
                Backend::Server(server) => server.list(self.scope, from).await,
            }
        };
        let Records { records, next } = store.run(list).await?;
        let now = now();
        let mut keys = Vec::new();
        for (name, record) in records {
            if seal::expiry(&record).ok_or(Error::Damaged)? > now {
                keys.extend(store.keys.key(self.scope, &name, &record)?);
            }
        }
        Ok(Page { keys, next })
    }
}

fn check(key: &str) -> Result<(), Error> {
    let bytes = key.len();
    if bytes > KEY_BYTES {
        return Err(Error::KeyTooLong { bytes });
    }
    Ok(())
}

/// What an entry counts against a quota, by the length of its record.
fn cost(record: usize) -> u64 {
    ENTRY_COST + u64::try_from(record.saturating_sub(seal::OVERHEAD)).unwrap_or(u64::MAX / 2)
}

/// The number that a page may begin at: of two names with the same one, both are on it.
fn position(name: &Name) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *name;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    milliseconds(since.unwrap_or_default())
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
