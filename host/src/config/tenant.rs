//! `[tenants.NAME]`

use super::optional;
use super::reader::Table;
use super::server::Sandbox;
use crate::fairness::Allotment;

pub(super) fn read(table: Table<'_>) -> Option<Allotment> {
    let default = Allotment::default();
    let concurrency = optional(&table, "concurrency", |i| {
        i.integer(1..=Sandbox::MOST_CALLS.into())
    });
    let queue = optional(&table, "queue", |i| i.integer(0..=100_000));
    let share = optional(&table, "share", |i| i.integer(1..=100));
    let fuel_per_minute = optional(&table, "fuel_per_minute", |i| i.integer(1..=1 << 62));
    let body_memory = optional(&table, "body_memory", |i| i.bytes(1 << 10..=1 << 40));
    table.refuse_unknown_keys();
    Some(Allotment {
        concurrency: concurrency?.and_then(|it| u32::try_from(it).ok()),
        queue: queue?
            .and_then(|it| usize::try_from(it).ok())
            .unwrap_or(default.queue),
        share: share?
            .and_then(|it| u32::try_from(it).ok())
            .unwrap_or(default.share),
        fuel_per_minute: fuel_per_minute?,
        body_memory: body_memory?.map(|bytes| bytes as u64),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::parse;
    use super::*;

    #[test]
    fn a_tenant_has_the_documented_allotment() {
        let config = parse("[tenants.plain]\n[tenants.paying]\nconcurrency = 4\nqueue = 0\nshare = 10\nfuel_per_minute = 7\nbody_memory = \"8MiB\"").unwrap();
        assert_eq!(
            config.tenants["plain"],
            Allotment {
                concurrency: None,
                queue: 256,
                share: 1,
                fuel_per_minute: None,
                body_memory: None,
            }
        );
        assert_eq!(
            config.tenants["paying"],
            Allotment {
                concurrency: Some(4),
                queue: 0,
                share: 10,
                fuel_per_minute: Some(7),
                body_memory: Some(8 << 20),
            }
        );
    }

    #[test]
    fn ranges_end_where_the_documentation_says() {
        for (key, low, high, beyond) in [
            ("concurrency", "1", "4096", ["0", "4097"]),
            ("queue", "0", "100_000", ["-1", "100_001"]),
            ("share", "1", "100", ["0", "101"]),
            (
                "fuel_per_minute",
                "1",
                "0x4000_0000_0000_0000",
                ["0", "0x4000_0000_0000_0001"],
            ),
            (
                "body_memory",
                "'1KiB'",
                "'1TiB'",
                ["1_023", "0x100_0000_0001"],
            ),
        ] {
            let good = |value: &str| parse(&format!("tenants.t.{key} = {value}")).is_ok();
            assert!(good(low) && good(high), "{key}");
            assert!(!beyond.into_iter().any(good), "{key}");
        }
    }
}
