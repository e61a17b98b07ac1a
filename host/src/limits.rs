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
}
