//! Guests that take: memory, tables, handles, random bytes.

use super::{Hostile, faults, payload};
use crate::support::{Host, SAMPLE};

#[test]
pub(super) fn grows_memory() {
    let mut hostile = Hostile::default();
    for how in ["in-steps", "one-step", "pages"] {
        let stage = format!(
            "plugin = \"grows-memory\", settings = {{ how = \"{how}\" }}, limits = {{ memory = \"8MiB\" }}"
        );
        hostile = hostile.faults(&stage, "memory-refused", &["it may have 8388608"]);
    }
    // Up to the default as well.
    hostile
        .faults(
            "plugin = \"grows-memory\", settings = { how = \"pages\" }",
            "memory-refused",
            &["wanted 67174400 bytes of memory; it may have 67108864"],
        )
        .check();
    // A guest that copes with the refusal is not at fault.
    let host = Host::with_stages(
        r#"{ plugin = "grows-memory", settings = { how = "politely" }, limits = { memory = "8MiB" } }"#,
    );
    let mebibytes = payload(&host.call("a").send())["mebibytes"]
        .as_u64()
        .unwrap();
    assert!((1..8).contains(&mebibytes), "{mebibytes}");
}

#[test]
pub(super) fn grows_table() {
    faults(
        "plugin = \"text:grows-table\"",
        "table-refused",
        &["it may have 100000"],
    );
}

#[test]
pub(super) fn grows_table_by_one() {
    faults(
        "plugin = \"text:grows-table-by-one\"",
        "table-refused",
        &["wanted 100001 table elements; it may have 100000"],
    );
}

#[test]
pub(super) fn makes_resources() {
    faults(
        "plugin = \"text:makes-resources\"",
        "trapped",
        &["cannot allocate another handle: store handle limit exceeded"],
    );
}

#[test]
pub(super) fn drops_twice() {
    faults(
        "plugin = \"text:drops-twice\"",
        "trapped",
        &["unknown handle index 1"],
    );
}

#[test]
pub(super) fn grabs() {
    // Printing more at once than the host has announced room for is no fault: what is over
    // the log's limit is dropped anyway.
    let host = Host::with_stages(
        r#"{ plugin = "grabs", settings = { handles = 990, random = 65536, prints = 70_000, reads = 0x7fff_ffff_ffff_ffff } }"#,
    );
    assert_eq!(host.call("a").send().body, SAMPLE.as_bytes());
    let log = host.log();
    assert!(!log.contains("at fault"), "{log}");
    let mut hostile = Hostile::default();
    for (settings, kind, words) in [
        ("handles = 1001", "trapped", "no free keys"),
        ("handles = 5_000_000", "trapped", "no free keys"),
        ("random = 65537", "trapped", "exceeds limit 65536"),
        (
            "random = 0x7fff_ffff_ffff_ffff",
            "trapped",
            "exceeds limit 65536",
        ),
        (
            "zeroes = 0x7fff_ffff_ffff_ffff",
            "trapped",
            "cannot write more zeroes than `check_write` allows",
        ),
        (
            "prints = 16_000_000",
            "output-too-large",
            "returned more than 4000000 bytes",
        ),
    ] {
        let stage = format!("plugin = \"grabs\", settings = {{ {settings} }}");
        hostile = hostile.faults(&stage, kind, &[words]);
    }
    for endless in ["random", "insecure-random", "time", "handles"] {
        let stage = format!("plugin = \"grabs\", settings = {{ endless = \"{endless}\" }}");
        hostile = hostile
            .faults(
                &format!("{stage}, limits = {{ timeout = \"150ms\", fuel = 1_000_000_000_000 }}"),
                "timed-out",
                &["did not answer within 150 ms"],
            )
            .faults(
                &format!("{stage}, limits = {{ fuel = 100_000 }}"),
                "fuel-exhausted",
                &["used up its fuel (100000 units)"],
            );
    }
    hostile.check();
}
