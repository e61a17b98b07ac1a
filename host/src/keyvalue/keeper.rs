//! The process's store, which outlives configurations.

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
    Configured(Option<(Place, Duration, Backend)>),
    /// One store in memory, whatever a configuration says.
    InMemory(Option<Store>),
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
                let backend = backend(before.as_ref(), config, &keys)?;
                *before = Some((config.place.clone(), config.timeout, backend.clone()));
                Ok(Store {
                    backend,
                    keys: Arc::new(keys),
                    timeout: config.timeout,
                })
            }
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
    before: Option<&(Place, Duration, Backend)>,
    config: &KeyValue,
    keys: &Keys,
) -> Result<Backend, OpenError> {
    match (before, &config.place) {
        (
            Some((Place::File { path: open, .. }, _, Backend::File(file))),
            Place::File { path, size_bytes },
        ) if open == path => {
            file.admit(keys, *size_bytes)?;
            return Ok(Backend::File(Arc::clone(file)));
        }
        (Some((open, timeout, Backend::Server(server))), place)
            if open == place && *timeout == config.timeout =>
        {
            return Ok(Backend::Server(Arc::clone(server)));
        }
        (Some((open, ..)), place) if open != place => tracing::warn!(
            "[keyvalue] names another place: what plugins keep begins anew there, and what they kept stays where it was"
        ),
        _ => {}
    }
    Ok(match &config.place {
        Place::File { path, size_bytes } => {
            Backend::File(Arc::new(File::open(path, keys, *size_bytes)?))
        }
        Place::Redis(redis) => {
            let server = Server::new(redis, config.timeout).map_err(OpenError::NoServer)?;
            Backend::Server(Arc::new(server))
        }
    })
}

/// Why there is no store.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be had.
    #[error(transparent)]
    File(#[from] FileError),
    /// The address of the server, or TLS for it, cannot be used.
    #[error("the server of [keyvalue] cannot be used: {0}")]
    NoServer(String),
    /// The cryptographic library gives none.
    #[error("the keys for [keyvalue] cannot be derived")]
    NoKeys,
}
