//! The process's store, which outlives configurations.

use super::breaker::Breaker;
use super::file::{File, FileError};
use super::seal::Keys;
use super::server::Server;
use super::{Backend, Store};
use crate::config::{KeyValue, Place};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Keeps the store open from one configuration to the next.
pub struct Keeper {
    open: Mutex<Open>,
}

enum Open {
    /// As a configuration says.
    Configured(Option<Kept>),
    /// One store in memory, whatever a configuration says.
    InMemory(Option<Store>),
}

/// A store that is open, with what it was opened for.
struct Kept {
    place: Place,
    timeout: Duration,
    backend: Backend,
    breaker: Arc<Breaker>,
}

/// How a store does, for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// `file` or `redis`.
    pub backend: &'static str,
    /// Whether it answered when it was last asked.
    pub up: bool,
}

impl Keeper {
    /// Opens what the configuration names.
    #[must_use]
    pub fn new() -> Self {
        Self {
            open: Mutex::new(Open::Configured(None)),
        }
    }

    /// Opens neither files nor connections: entries end with the process. For commands
    /// that run beside a server, whose file is its own.
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            open: Mutex::new(Open::InMemory(None)),
        }
    }

    /// The store that a configuration names: the one that is open, if it is in the same
    /// place. It blocks while a file is read, and waits up to a second for a file that
    /// is about to be closed.
    ///
    /// # Errors
    /// See [`OpenError`]. What was open stays open then.
    pub fn store(&self, config: &KeyValue) -> Result<Store, OpenError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *open {
            Open::InMemory(Some(store)) => Ok(store.clone()),
            Open::InMemory(none) => Ok(none.insert(Store::in_memory()?).clone()),
            Open::Configured(before) => {
                let keys = Keys::new(&config.secrets).map_err(|_| OpenError::NoKeys)?;
                let (backend, breaker) = backend(before.as_ref(), config, &keys)?;
                *before = Some(Kept {
                    place: config.place.clone(),
                    timeout: config.timeout,
                    backend: backend.clone(),
                    breaker: Arc::clone(&breaker),
                });
                Ok(Store {
                    backend,
                    keys: Arc::new(keys),
                    timeout: config.timeout,
                    breaker,
                })
            }
        }
    }

    /// How the store of the configuration does, if there is one.
    #[must_use]
    pub fn health(&self) -> Option<Health> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        match &*open {
            Open::Configured(Some(kept)) => Some(Health {
                backend: match kept.backend {
                    Backend::File(_) => "file",
                    Backend::Server(_) => "redis",
                },
                up: kept.breaker.is_up(),
            }),
            Open::Configured(None) | Open::InMemory(_) => None,
        }
    }
}

impl Default for Keeper {
    fn default() -> Self {
        Self::new()
    }
}

/// The one before, if it is in the place that the configuration names; else a new one.
fn backend(
    before: Option<&Kept>,
    config: &KeyValue,
    keys: &Keys,
) -> Result<(Backend, Arc<Breaker>), OpenError> {
    if let Some(kept) = before {
        let same = match (&kept.backend, &config.place) {
            (Backend::File(file), Place::File { size_bytes, .. })
                if kept.place.is_where(&config.place) =>
            {
                file.admit(keys, *size_bytes)?;
                true
            }
            (Backend::Server(_), place) => kept.place == *place && kept.timeout == config.timeout,
            (Backend::File(_), _) => false,
        };
        if same {
            return Ok((kept.backend.clone(), Arc::clone(&kept.breaker)));
        }
        if !kept.place.is_where(&config.place) {
            tracing::warn!(
                "[keyvalue] names another place: what plugins keep begins anew there, and what they kept stays where it was"
            );
        }
    }
    let backend = match &config.place {
        Place::File { path, size_bytes } => {
            Backend::File(Arc::new(File::open(path, keys, *size_bytes)?))
        }
        Place::Redis(redis) => {
            let server = Server::new(redis, config.timeout).map_err(OpenError::NoServer)?;
            Backend::Server(Arc::new(server))
        }
    };
    Ok((backend, Arc::default()))
}

/// Why there is no store.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be had.
    #[error(transparent)]
    File(#[from] FileError),
    /// The address of the server cannot be used.
    #[error("the server of [keyvalue] cannot be used: {0}")]
    NoServer(String),
    /// The cryptographic library gives none.
    #[error("the keys for [keyvalue] cannot be derived")]
    NoKeys,
}
