//! What one call of a plugin may use: parsed once, plain numbers afterwards.

use std::time::Duration;

/// The limits of one stage. Every call gets them anew; nothing is carried over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// WebAssembly instructions, roughly: most cost 1 unit of fuel. Deterministic,
    /// so that the same call always ends at the same place.
    pub fuel: u64,
    /// Wall-clock time of the call, calls to the host included. The assistant's
    /// own deadline may cut it shorter.
    pub timeout: Duration,
    /// Linear memory, all memories of the instance together, in bytes.
    pub memory_bytes: usize,
    /// Elements of all tables of the instance together.
    pub table_elements: usize,
    /// The outcome's JSON, and the payload that comes of it, in bytes.
    pub output_bytes: usize,
    /// What the plugin prints, as far as it goes into the log, in bytes.
    pub log_bytes: usize,
    /// Requests of its own, where HTTP is granted.
    pub http: HttpLimits,
}

/// What one call may do over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpLimits {
    /// Requests, refused ones included.
    pub requests: u32,
    /// Requests whose answers have not come to their end.
    pub at_once: u32,
    /// One request's body, in bytes.
    pub request_bytes: u64,
    /// One answer's body, in bytes.
    pub response_bytes: u64,
    /// From a request to the end of its answer. The call's own time may end sooner.
    pub timeout: Duration,
}

impl HttpLimits {
    /// Applies where the configuration says nothing.
    pub const DEFAULT: Self = Self {
        requests: 16,
        at_once: 4,
        request_bytes: 1 << 20,
        response_bytes: 4 << 20,
        // Sooner than a stage's own, so that the plugin can still do something about it.
        timeout: Duration::from_secs(4),
    };
}

impl Limits {
    /// Applies where the configuration says nothing.
    pub const DEFAULT: Self = Self {
        fuel: 1_000_000_000,
        timeout: Duration::from_secs(5),
        memory_bytes: 64 << 20,
        table_elements: 100_000,
        // The assistant refuses answers over about 4 MB (the vendor's test kit).
        output_bytes: 4_000_000,
        log_bytes: 64 << 10,
        http: HttpLimits::DEFAULT,
    };

    /// What covers all of these, and the defaults, in memory and tables.
    #[must_use]
    pub fn largest<'a>(all: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut largest = Self::DEFAULT;
        for limits in all {
            largest.memory_bytes = largest.memory_bytes.max(limits.memory_bytes);
            largest.table_elements = largest.table_elements.max(limits.table_elements);
            largest.output_bytes = largest.output_bytes.max(limits.output_bytes);
        }
        largest
    }

    /// These limits with some of them set otherwise.
    #[must_use]
    pub fn with(self, overrides: &LimitOverrides) -> Self {
        Self {
            fuel: overrides.fuel.unwrap_or(self.fuel),
            timeout: overrides.timeout.unwrap_or(self.timeout),
            memory_bytes: overrides.memory_bytes.unwrap_or(self.memory_bytes),
            table_elements: overrides.table_elements.unwrap_or(self.table_elements),
            output_bytes: overrides.output_bytes.unwrap_or(self.output_bytes),
            log_bytes: overrides.log_bytes.unwrap_or(self.log_bytes),
            http: self.http.with(&overrides.http),
        }
    }
}

impl HttpLimits {
    fn with(self, overrides: &HttpLimitOverrides) -> Self {
        Self {
            requests: overrides.requests.unwrap_or(self.requests),
            at_once: overrides.at_once.unwrap_or(self.at_once),
            request_bytes: overrides.request_bytes.unwrap_or(self.request_bytes),
            response_bytes: overrides.response_bytes.unwrap_or(self.response_bytes),
            timeout: overrides.timeout.unwrap_or(self.timeout),
        }
    }
}

/// Limits as far as a plugin's or a stage's configuration sets them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitOverrides {
    /// See [`Limits::fuel`].
    pub fuel: Option<u64>,
    /// See [`Limits::timeout`].
    pub timeout: Option<Duration>,
    /// See [`Limits::memory_bytes`].
    pub memory_bytes: Option<usize>,
    /// See [`Limits::table_elements`].
    pub table_elements: Option<usize>,
    /// See [`Limits::output_bytes`].
    pub output_bytes: Option<usize>,
    /// See [`Limits::log_bytes`].
    pub log_bytes: Option<usize>,
    /// See [`Limits::http`].
    pub http: HttpLimitOverrides,
}

/// Limits of HTTP as far as a configuration sets them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpLimitOverrides {
    /// See [`HttpLimits::requests`].
    pub requests: Option<u32>,
    /// See [`HttpLimits::at_once`].
    pub at_once: Option<u32>,
    /// See [`HttpLimits::request_bytes`].
    pub request_bytes: Option<u64>,
    /// See [`HttpLimits::response_bytes`].
    pub response_bytes: Option<u64>,
    /// See [`HttpLimits::timeout`].
    pub timeout: Option<Duration>,
}
