//! What a plugin may reach. Each capability is one file: it is linked once, and
//! prepared for every call.

pub(crate) mod config;
pub(crate) mod http;
pub(crate) mod keyvalue;
pub(crate) mod logging;
pub(crate) mod wasi;

use crate::grant::{Grants, LogLevel};
use crate::keyvalue::{Bucket, Store};
use std::sync::Arc;
use wasmtime::component::Linker;
use wasmtime_wasi_config::WasiConfigVariables;

/// A way out of the sandbox that has to be granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// `wasi:config/store`
    Config,
    /// `wasi:logging/logging`
    Logging,
    /// `wasi:http/outgoing-handler`
    Http,
    /// `wasi:keyvalue/store`
    KeyValue,
}

impl Capability {
    const ALL: [Self; 4] = [Self::Config, Self::Logging, Self::Http, Self::KeyValue];

    /// The interface that it is, without its version.
    #[must_use]
    pub fn interface(self) -> &'static str {
        match self {
            Self::Config => "wasi:config/store",
            Self::Logging => "wasi:logging/logging",
            Self::Http => "wasi:http/outgoing-handler",
            Self::KeyValue => "wasi:keyvalue/store",
        }
    }

    /// A line of the table `grants` that grants it.
    #[must_use]
    pub fn example(self) -> &'static str {
        match self {
            Self::Config => "config = true",
            Self::Logging => "logging = \"info\"",
            Self::Http => "http = [{ origin = \"https://api.example.com\" }]",
            Self::KeyValue => "keyvalue = { ttl = \"1h\" }",
        }
    }

    /// Whether it is granted.
    #[must_use]
    pub fn is_in(self, grants: &Grants) -> bool {
        match self {
            Self::Config => grants.config == Some(true),
            Self::Logging => grants.logging.is_some(),
            Self::Http => grants
                .http
                .as_ref()
                .is_some_and(|http| !http.rules.is_empty()),
            Self::KeyValue => grants.keyvalue.is_some(),
        }
    }

    /// What a component that imports this interface wants: nothing that has to be
    /// granted, a capability, or what nobody can have.
    pub(crate) fn of_import(import: &str) -> Import {
        let interface = import.split('@').next().unwrap_or(import);
        let package = import.split('/').next().unwrap_or(import);
        let named = Self::ALL.into_iter().find(|it| it.interface() == interface);
        match named {
            Some(capability) => Import::Granted(capability),
            None if wasi::PACKAGES.contains(&package) => Import::Free,
            // What requests are made of goes nowhere by itself.
            None if interface == "wasi:http/types" => Import::Free,
            None => Import::Unknown,
        }
    }
}

/// What an import of a component means.
pub(crate) enum Import {
    /// Everybody has it.
    Free,
    /// It has to be granted.
    Granted(Capability),
    /// There is no such thing here.
    Unknown,
}

/// What the calls of one stage may reach. It is made once for the stage.
#[derive(Default)]
pub struct Reach {
    pub(crate) config: WasiConfigVariables,
    pub(crate) logging: Option<LogLevel>,
    pub(crate) http: Option<Arc<http::Client>>,
    pub(crate) bucket: Option<Bucket>,
}

impl Reach {
    /// What these grants give a stage with these settings, JSON text of an object, of a
    /// plugin and a tenant of these names. Without a store nothing is kept.
    pub fn new(
        grants: &Grants,
        settings: &str,
        (tenant, plugin): (&str, &str),
        clients: &http::Clients,
        store: Option<&Store>,
    ) -> Self {
        let config = if Capability::Config.is_in(grants) {
            config::variables(settings)
        } else {
            WasiConfigVariables::new()
        };
        Self {
            config,
            logging: grants.logging,
            http: grants
                .http
                .as_ref()
                .map(|grant| clients.of(tenant, plugin, grant)),
            bucket: store
                .zip(grants.keyvalue.as_ref())
                .map(|(store, terms)| store.bucket(tenant, plugin, terms)),
        }
    }

    /// What there is of a capability, in words for people.
    #[must_use]
    pub fn in_words(&self, capability: Capability) -> String {
        match capability {
            Capability::Config => "the stage's settings".to_owned(),
            Capability::Logging => match self.logging {
                Some(level) => format!("the log, from {}", level.name()),
                None => "nothing".to_owned(),
            },
            Capability::Http => match &self.http {
                Some(client) => client.in_words(),
                None => "nothing".to_owned(),
            },
            Capability::KeyValue => match &self.bucket {
                Some(bucket) => bucket.in_words(),
                None => "nothing".to_owned(),
            },
        }
    }
}

/// What a store's data has to give the capabilities.
pub(crate) trait View:
    wasmtime_wasi::WasiView
    + wasmtime_wasi_http::WasiHttpView
    + logging::Sink
    + keyvalue::Keeps
    + 'static
{
    /// What the stage may reach.
    fn reach(&self) -> &Reach;
}

/// Links every capability: what a call may not reach is empty for it.
pub(crate) fn add_to_linker<T: View>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    wasi::add_to_linker(linker)?;
    config::add_to_linker(linker)?;
    logging::add_to_linker(linker)?;
    http::add_to_linker(linker)?;
    keyvalue::add_to_linker(linker)
}
