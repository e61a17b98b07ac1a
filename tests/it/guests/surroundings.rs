//! Guests that wait, print, look around, or remember.

use super::{Hostile, failing, payload};
use crate::support::{Host, SAMPLE};
use serde_json::json;
use std::time::SystemTime;

#[test]
pub(super) fn sleeps() {
    super::faults(
        "plugin = \"sleeps\", limits = { timeout = \"150ms\" }",
        "timed-out",
        &["did not answer within 150 ms"],
    );
    let host = Host::with_stages(r#"{ plugin = "sleeps", settings = { milliseconds = 50 } }"#);
    assert_eq!(host.call("a").send().body, SAMPLE.as_bytes());
}

#[test]
pub(super) fn polls() {
    let poll = |how: &str| format!("plugin = \"polls\", settings = {{ how = \"{how}\" }}");
    let soon = "limits = { timeout = \"150ms\", fuel = 1_000_000_000_000 }";
    Hostile::default()
        .faults(&poll("nothing"), "trapped", &["empty poll list"])
        .faults(
            &format!("{}, {soon}", poll("never")),
            "timed-out",
            &["did not answer within 150 ms"],
        )
        .faults(
            &format!("{}, {soon}", poll("instant")),
            "timed-out",
            &["did not answer within 150 ms"],
        )
        .faults(
            &format!("{}, {soon}", poll("again")),
            "timed-out",
            &["did not answer within 150 ms"],
        )
        .faults(
            &format!("{}, limits = {{ fuel = 100_000 }}", poll("again")),
            "fuel-exhausted",
            &["used up its fuel (100000 units)"],
        )
        .faults(
            &poll("many"),
            "output-too-large",
            &["returned more than 4000000 bytes"],
        )
        .check();
}

#[test]
pub(super) fn prints_endlessly() {
    for newlines in [true, false] {
        let printing =
            format!("plugin = \"prints-endlessly\", settings = {{ newlines = {newlines} }}");
        let stage = format!("{printing}, limits = {{ fuel = 20_000_000, log = 1000 }}");
        Hostile::default()
            .faults(&stage, "fuel-exhausted", &["(20000000 units)"])
            .faults(
                &format!(
                    "{printing}, limits = {{ fuel = 1_000_000_000_000, timeout = \"150ms\", log = 1000 }}"
                ),
                "timed-out",
                &["did not answer within 150 ms"],
            )
            .check();
        let host = failing(&stage);
        host.call("a").header("x-request-id", "noisy").send();
        host.logged(&["up to its limit of bytes", "limit=1000"]);
        let log = host.log();
        let printed = log
            .lines()
            .filter(|line| line.contains("retort::guest") && line.contains("line="));
        let bytes: usize = printed
            .map(|line| line.split("line=\"").nth(1).unwrap().len())
            .sum();
        assert!(bytes <= 1000 + 200, "{bytes} bytes of it in the log");
    }
    // Every line says whose it is.
    let host = Host::with_stages(r#"{ plugin = "prints-endlessly", settings = { lines = 2 } }"#);
    host.call("a").header("x-request-id", "id-7").send();
    for line in [
        "stdout line 1",
        "stderr line 1",
        "stdout line 2",
        "stderr line 2",
    ] {
        host.logged(&[
            line,
            "request_id=\"id-7\"",
            "tenant=\"t\"",
            "assistant=\"a\"",
            "plugin=\"prints-endlessly\"",
        ]);
    }
}

#[test]
pub(super) fn looks_around() {
    let host = Host::with_stages(r#"{ plugin = "looks-around" }"#);
    // Of when the process or the machine was started, the clocks tell nothing.
    std::thread::sleep(std::time::Duration::from_millis(100));
    let seen = payload(&host.call("a").send());
    assert_eq!(seen["arguments"], json!([]));
    assert_eq!(seen["environment"], json!({}));
    assert_eq!(seen["stdin"], "");
    assert_eq!(seen["folders"], 0);
    assert_eq!(
        seen["files"],
        json!({ "list": null, "read": null, "write": null })
    );
    let clock = |name: &str| seen["clocks"][name].as_u64().unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = u64::try_from(now.unwrap().as_nanos()).unwrap();
    assert!(now.abs_diff(clock("wall")) < 20_000_000_000, "{seen}");
    assert!(clock("monotonic") < 5_000_000_000, "{seen}");
    for resolution in ["wall_resolution", "monotonic_resolution"] {
        assert!((1..=1_000_000).contains(&clock(resolution)), "{seen}");
    }
}

#[test]
pub(super) fn remembers() {
    let host = Host::with_stages(r#"{ plugin = "remembers" }, { plugin = "remembers" }"#);
    for _ in 0..20 {
        let seen = payload(&host.call("a").send());
        assert_eq!(seen, json!({ "calls": 1, "remembered": null }));
    }
}
