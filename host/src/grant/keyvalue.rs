//! What a plugin may keep beyond a call.

use std::ops::RangeInclusive;
use std::time::Duration;

/// The terms on which a plugin's entries are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyValue {
    /// The name of a bucket that all plugins of the tenant share whose grants say it.
    /// Default: none, so that the plugin has one of its own.
    pub store: Option<String>,
    /// How long an entry lives after it was set. Default: 1 h; from 1 s to 90 days.
    pub ttl: Duration,
    /// What all entries of the bucket may take together, in bytes: keys,
    /// values, and 64 bytes for each entry. Default: 1 MiB; from 1 KiB to 1 GiB.
    pub quota_bytes: u64,
    /// The largest value, in bytes. Default: 64 KiB; from 1 byte to 1 MiB.
    pub value_bytes: usize,
}

impl KeyValue {
    /// The range of [`KeyValue::ttl`].
    pub const TTL: RangeInclusive<Duration> =
        Duration::from_secs(1)..=Duration::from_secs(90 * 86_400);
    /// The range of [`KeyValue::quota_bytes`].
    pub const QUOTA: RangeInclusive<u64> = 1 << 10..=1 << 30;
    /// The range of [`KeyValue::value_bytes`].
    pub const VALUE: RangeInclusive<u64> = 1..=1 << 20;
}

impl Default for KeyValue {
    fn default() -> Self {
        Self {
            store: None,
            ttl: Duration::from_secs(3_600),
            quota_bytes: 1 << 20,
            value_bytes: 64 << 10,
        }
    }
}
