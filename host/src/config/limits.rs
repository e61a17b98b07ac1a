//! Limits of plugins and of stages.

use super::optional;
use super::reader::Table;
use crate::limits::{HttpLimitOverrides, LimitOverrides};
use std::time::Duration;

/// The range of every timeout: the vendor's settings page ends at 30 s.
pub(super) const LONGEST: Duration = Duration::from_secs(30);

/// Reads the `limits` table of a plugin or a stage.
pub(super) fn read_limits(table: &Table<'_>, path: &str) -> Option<LimitOverrides> {
    let Some(item) = table.optional("limits") else {
        return Some(LimitOverrides::default());
    };
    let limits = item.table(path.to_owned())?;
    let fuel = optional(&limits, "fuel", |i| i.integer(1..=1 << 62));
    let timeout = optional(&limits, "timeout", |i| {
        i.duration(Duration::from_millis(1)..=LONGEST)
    });
    let memory_bytes = optional(&limits, "memory", |i| i.bytes(64 << 10..=4 << 30));
    let table_elements = optional(&limits, "table_elements", |i| i.integer(0..=10_000_000));
    let output_bytes = optional(&limits, "output", |i| i.bytes(2..=64 << 20));
    let log_bytes = optional(&limits, "log", |i| i.bytes(0..=16 << 20));
    let http = read_http_limits(&limits);
    limits.refuse_unknown_keys();
    Some(LimitOverrides {
        fuel: fuel?,
        timeout: timeout?,
        memory_bytes: memory_bytes?,
        table_elements: table_elements?.and_then(|elements| usize::try_from(elements).ok()),
        output_bytes: output_bytes?,
        log_bytes: log_bytes?,
        http: http?,
    })
}

fn read_http_limits(limits: &Table<'_>) -> Option<HttpLimitOverrides> {
    let Some(item) = limits.optional("http") else {
        return Some(HttpLimitOverrides::default());
    };
    let table = item.table("`http` of the limits".to_owned())?;
    let number = |key, range| optional(&table, key, |i| u32::try_from(i.integer(range)?).ok());
    let requests = number("requests", 0..=1_000);
    let at_once = number("at_once", 1..=100);
    let bytes = |key| optional(&table, key, |i| u64::try_from(i.bytes(0..=64 << 20)?).ok());
    let request_bytes = bytes("request");
    let response_bytes = bytes("response");
    let timeout = optional(&table, "timeout", |i| {
        i.duration(Duration::from_millis(1)..=LONGEST)
    });
    table.refuse_unknown_keys();
    Some(HttpLimitOverrides {
        requests: requests?,
        at_once: at_once?,
        request_bytes: request_bytes?,
        response_bytes: response_bytes?,
        timeout: timeout?,
    })
}
