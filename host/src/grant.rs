//! What the configuration grants a plugin beyond computing: plain data. Whatever is
//! not named here, nobody can have.

pub mod http;
mod keyvalue;

pub use keyvalue::KeyValue;

use std::sync::Arc;

/// The grants of a plugin, or of one stage, as far as they are said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// `wasi:config/store`: the stage's settings as strings.
    pub config: Option<bool>,
    /// `wasi:logging/logging`: the least level that reaches the log.
    pub logging: Option<LogLevel>,
    /// `wasi:http/outgoing-handler`: the origins that requests may go to. Stages that say
    /// nothing else share their plugin's.
    pub http: Option<Arc<http::Http>>,
    /// `wasi:keyvalue/store`: what may be kept beyond a call.
    pub keyvalue: Option<KeyValue>,
}

impl Grants {
    /// A stage's own grants, and its plugin's where the stage says nothing.
    #[must_use]
    pub fn over(&self, plugins: &Self) -> Self {
        Self {
            config: self.config.or(plugins.config),
            logging: self.logging.or(plugins.logging),
            http: self.http.as_ref().or(plugins.http.as_ref()).cloned(),
            keyvalue: self
                .keyvalue
                .as_ref()
                .or(plugins.keyvalue.as_ref())
                .cloned(),
        }
    }
}

/// How much a message of a plugin's matters: the levels of `wasi:logging`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Every step.
    Trace,
    /// For finding errors.
    Debug,
    /// What happens in the ordinary way.
    Info,
    /// What may be wrong.
    Warn,
    /// What is wrong.
    Error,
    /// What has to be looked at now.
    Critical,
}

impl LogLevel {
    /// Each with its word in the configuration and the log.
    pub const ALL: [(&str, Self); 6] = [
        ("trace", Self::Trace),
        ("debug", Self::Debug),
        ("info", Self::Info),
        ("warn", Self::Warn),
        ("error", Self::Error),
        ("critical", Self::Critical),
    ];

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        let named = Self::ALL.into_iter().find(|(_, level)| *level == self);
        named.map_or("", |(name, _)| name)
    }
}
