//! Guests that compute without end, recurse, trap, or fail by their own word.

use super::{Hostile, failing, faults};

/// More fuel than any call burns before its time is over.
const FUEL: &str = "fuel = 4_000_000_000_000_000_000, timeout = \"150ms\"";

/// A stage that never ends: fuel ends it where it may burn little of it, the clock
/// where it may burn much.
fn endless(hostile: Hostile, stage: &str, fuel: u64) -> Hostile {
    hostile
        .faults(
            &format!("{stage}, limits = {{ fuel = {fuel} }}"),
            "fuel-exhausted",
            &[
                &format!("used up its fuel ({fuel} units)"),
                &format!("fuel={fuel} "),
            ],
        )
        .faults(
            &format!("{stage}, limits = {{ {FUEL} }}"),
            "timed-out",
            &["did not answer within 150 ms"],
        )
}

#[track_caller]
fn never_ends(stage: &str, fuel: u64) {
    endless(Hostile::default(), stage, fuel).check();
}

#[test]
pub(super) fn loops_forever() {
    let looping = |calls| format!("plugin = \"loops-forever\", settings = {{ calls = {calls} }}");
    let hostile = endless(Hostile::default(), &looping(false), 1_000_000);
    endless(hostile, &looping(true), 1_000_000).check();
}

#[test]
pub(super) fn fills_memory() {
    never_ends("plugin = \"text:fills-memory\"", 200_000_000);
}

#[test]
pub(super) fn copies_memory() {
    never_ends("plugin = \"text:copies-memory\"", 200_000_000);
}

#[test]
pub(super) fn fills_table() {
    never_ends("plugin = \"text:fills-table\"", 10_000_000);
}

#[test]
pub(super) fn insists_on_growing() {
    never_ends("plugin = \"text:insists-on-growing\"", 1_000_000);
}

#[test]
pub(super) fn drops_resources() {
    never_ends("plugin = \"text:drops-resources\"", 1_000_000);
}

#[test]
pub(super) fn loops_at_start() {
    always_loops("loops-at-start");
}

#[test]
pub(super) fn loops_on_entry() {
    always_loops("loops-on-entry");
}

#[test]
pub(super) fn loops_on_exit() {
    never_ends("plugin = \"text:loops-on-exit\"", 1_000_000);
}

/// A loop before the call itself is bounded like one inside.
#[track_caller]
fn always_loops(guest: &str) {
    Hostile::default()
        .always_faults(
            &format!("plugin = \"text:{guest}\", limits = {{ fuel = 1_000_000 }}"),
            "fuel-exhausted",
            &["used up its fuel (1000000 units)"],
        )
        .always_faults(
            &format!("plugin = \"text:{guest}\", limits = {{ {FUEL} }}"),
            "timed-out",
            &["did not answer within 150 ms"],
        )
        .check();
}

#[test]
pub(super) fn traps() {
    let mut hostile = Hostile::default();
    for (how, words) in [
        ("unreachable", "`unreachable` instruction executed"),
        ("panic", "`unreachable` instruction executed"),
        // The adapter in the guest reports every failure as 1.
        ("exit", "exited with status 1"),
        ("divide", "integer divide by zero"),
        ("out-of-bounds", "out of bounds memory access"),
        ("wrong-type", "indirect call type mismatch"),
    ] {
        let stage = format!("plugin = \"traps\", settings = {{ how = \"{how}\" }}");
        hostile = hostile.faults(&stage, "trapped", &[words]);
    }
    hostile.check();
    // A panic's message is in the log, where its author looks for it.
    let host = failing("plugin = \"traps\", settings = { how = \"panic\" }");
    host.call("a").send();
    host.logged(&["retort::guest", "stream=\"stderr\"", "panicked at"]);
}

#[test]
pub(super) fn traps_at_start() {
    traps_always("traps-at-start");
}

#[test]
pub(super) fn traps_on_entry() {
    traps_always("traps-on-entry");
}

#[track_caller]
fn traps_always(guest: &str) {
    Hostile::default()
        .always_faults(
            &format!("plugin = \"text:{guest}\""),
            "trapped",
            &["`unreachable` instruction executed"],
        )
        .check();
}

#[test]
pub(super) fn traps_on_exit() {
    faults(
        "plugin = \"text:traps-on-exit\"",
        "trapped",
        &["`unreachable` instruction executed"],
    );
}

#[test]
pub(super) fn recurses() {
    Hostile::default()
        .faults(
            "plugin = \"recurses\"",
            "trapped",
            &["call stack exhausted"],
        )
        .faults(
            "plugin = \"recurses\", settings = { how = \"wide\" }",
            "trapped",
            &["out of bounds memory access"],
        )
        .check();
}

#[test]
pub(super) fn recurses_on_entry() {
    Hostile::default()
        .always_faults(
            "plugin = \"text:recurses-on-entry\"",
            "trapped",
            &["call stack exhausted"],
        )
        .check();
}

#[test]
pub(super) fn fails() {
    let mut hostile = Hostile::default();
    for (how, words) in [
        ("failed", "said that it failed"),
        ("not-for-me", "said that the input is not for it"),
        ("service-failed", "said that a service it called failed"),
    ] {
        let stage = format!(
            r#"plugin = "fails", settings = {{ how = "{how}", message = "no luck\n\u001b[31mtoday" }}"#
        );
        // The message is escaped: a plugin cannot forge lines of the log.
        hostile = hostile.faults(&stage, "failed", &[words, "no luck", "today"]);
    }
    hostile.check();
    let host = failing(r#"plugin = "fails", settings = { message = "a\nb\u001b[31mc" }"#);
    host.call("a").send();
    let line = host.logged(&["the stage is at fault"]);
    assert!(!line.contains('\u{1b}') && line.contains("c"), "{line}");
}
