//! What one call of a plugin may use.

use super::SOON;
use crate::support::{Host, component};
use serde_json::json;
use std::time::Instant;

/// Two assistants whose one stage has these limits: what `fits` does is within them,
/// what `exceeds` does is not. Each is the inside of a stage's table.
#[track_caller]
fn limit(limits: &str, fits: &str, exceeds: &str, kind: &str, reason: &str) {
    let assistant = |name: &str, stage: &str| {
        format!(
            "[assistants.{name}]\ntenant = \"t\"\nauth = {{ kind = \"none\" }}\non_fault = \"fail\"\n\
             pipeline = [{{ {stage}, limits = {{ {limits} }} }}]\n"
        )
    };
    let host = Host::start(&(assistant("fits", fits) + &assistant("exceeds", exceeds)));
    let answer = host.call("fits").send();
    assert_eq!(answer.status, 200, "{}\n{}", answer.text(), host.log());
    let start = Instant::now();
    let answer = host.call("exceeds").send();
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    let status = if kind == "timed-out" { 504 } else { 500 };
    assert_eq!(answer.status, status, "{}", answer.text());
    let line = host.logged(&["the stage is at fault", &format!("fault=\"{kind}\"")]);
    assert!(line.contains(reason), "{line} does not say {reason}");
}

#[test]
fn fuel() {
    limit(
        "fuel = 5_000_000",
        r#"plugin = "returns-too-much", settings = { bytes = 1000 }"#,
        r#"plugin = "returns-too-much", settings = { bytes = 3_500_000 }"#,
        "fuel-exhausted",
        "used up its fuel (5000000 units)",
    );
}

#[test]
fn timeout() {
    for exceeds in [
        r#"plugin = "sleeps""#,
        r#"plugin = "loops-forever""#,
        r#"plugin = "loops-forever", settings = { calls = true }"#,
    ] {
        limit(
            r#"timeout = "100ms", fuel = 1_000_000_000_000"#,
            r#"plugin = "sleeps", settings = { milliseconds = 1 }"#,
            exceeds,
            "timed-out",
            "did not answer within 100 ms",
        );
    }
}

#[test]
fn memory() {
    limit(
        r#"memory = "8MiB""#,
        r#"plugin = "grows-memory", settings = { mebibytes = 4 }"#,
        r#"plugin = "grows-memory", settings = { mebibytes = 8 }"#,
        "memory-refused",
        "it may have 8388608",
    );
}

#[test]
fn table_elements() {
    limit(
        "table_elements = 200",
        r#"plugin = "echo""#,
        r#"plugin = "text:grows-table""#,
        "table-refused",
        "wanted 65537 table elements; it may have 200",
    );
}

#[test]
fn output() {
    let bytes = |how: &str, bytes: usize| {
        format!(r#"plugin = "returns-too-much", settings = {{ how = "{how}", bytes = {bytes} }}"#)
    };
    for how in ["replaced", "merge-patch"] {
        limit(
            "output = 10_000",
            &bytes("replaced", 10_000),
            &bytes(how, 10_001),
            "output-too-large",
            "returned more than 10000 bytes",
        );
    }
    // What a plugin prints is no output, and neither is a long message of its failure.
    let host = Host::with_assistant(
        r#"
        on_fault = "fail"
        pipeline = [
            { plugin = "prints-endlessly", settings = { lines = 3 }, limits = { output = 4 } },
            { plugin = "fails", settings = { message = "rather more than 4 bytes" }, limits = { output = 4 } },
        ]
        "#,
    );
    assert_eq!(host.call("a").send().status, 500);
    host.logged(&["said that it failed: rather more than 4 bytes"]);
    // A small patch of a large payload is a large payload.
    let host = Host::with_assistant(
        r#"
        on_fault = "fail"
        pipeline = [{ plugin = "echo", settings = { as = "merge-patch", value = '{"b":1}' }, limits = { output = 1000 } }]
        "#,
    );
    let payload = |length: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(length));
    assert_eq!(host.call("a").payload(&payload(900)).send().status, 200);
    assert_eq!(host.call("a").payload(&payload(990)).send().status, 500);
    host.logged(&["output-too-large", "returned more than 1000 bytes"]);
}

#[test]
fn log() {
    let host = Host::with_stages(
        r#"
        { plugin = "prints-endlessly", settings = { lines = 10_000 }, limits = { log = 800 } },
        { plugin = "echo", settings = { as = "replaced", value = '{"next":true}' } },
        "#,
    );
    let answer = host.call("a").send();
    assert_eq!(answer.json()["payload"], json!({ "next": true }));
    host.logged(&["answered"]);
    let log = host.log();
    let lines = |words: &str| log.lines().filter(|line| line.contains(words)).count();
    assert_eq!(
        lines("up to its limit of bytes; the rest is dropped"),
        1,
        "{log}"
    );
    // Seven lines of 13 bytes of text and 100 for the rest, and the beginning of another.
    assert_eq!(lines("the plugin printed plugin"), 8, "{log}");
    assert!(lines("stdout line 4") == 1 && lines("line 5") == 0, "{log}");

    let host = Host::with_stages(
        r#"{ plugin = "prints-endlessly", settings = { lines = 10 }, limits = { log = 0 } }"#,
    );
    assert_eq!(host.call("a").send().status, 200);
    host.logged(&["answered"]);
    assert!(!host.log().contains("stdout line"), "{}", host.log());
}

#[test]
fn stack() {
    // The deeper the stack, the further the same recursion gets before it is stopped,
    // and its fuel tells how far that was.
    let fuel = |stack: &str| {
        let host = Host::start(&format!(
            "[sandbox]\nstack = \"{stack}\"\n[assistants.a]\ntenant = \"t\"\n\
             auth = {{ kind = \"none\" }}\non_fault = \"fail\"\npipeline = [{{ plugin = \"recurses\" }}]"
        ));
        assert_eq!(host.call("a").send().status, 500);
        let line = host.logged(&["the stage is at fault", "trapped", "call stack exhausted"]);
        let fuel = line.split("fuel=").nth(1).unwrap();
        fuel.split(' ').next().unwrap().parse::<u64>().unwrap()
    };
    // Beyond 1 MiB, what the linker gave the guest for its own data ends first.
    let (small, middle, large) = (fuel("16KiB"), fuel("128KiB"), fuel("1MiB"));
    assert!(
        small * 4 < middle && middle * 4 < large,
        "{small} {middle} {large}"
    );
}

#[test]
fn a_stages_limit_goes_before_its_plugins_and_that_before_the_default() {
    let file = component("returns-too-much");
    let host = Host::start(&format!(
        r#"
        [plugins.limited]
        component = '{file}'
        limits = {{ output = 1000, fuel = 900_000_000 }}

        [assistants.default]
        tenant = "t"
        auth = {{ kind = "none" }}
        on_fault = "fail"
        pipeline = [{{ plugin = "returns-too-much", settings = {{ bytes = 4_000_001 }} }}]

        [assistants.plugin]
        tenant = "t"
        auth = {{ kind = "none" }}
        on_fault = "fail"
        pipeline = [{{ plugin = "limited", settings = {{ bytes = 1001 }} }}]

        [assistants.stage]
        tenant = "t"
        auth = {{ kind = "none" }}
        on_fault = "fail"
        pipeline = [{{ plugin = "limited", settings = {{ bytes = 2001 }}, limits = {{ output = 2000 }} }}]

        [assistants.within]
        tenant = "t"
        auth = {{ kind = "none" }}
        on_fault = "fail"
        pipeline = [{{ plugin = "limited", settings = {{ bytes = 2000 }}, limits = {{ output = 2000 }} }}]
        "#,
        file = file.display()
    ));
    for (assistant, limit) in [("default", 4_000_000), ("plugin", 1_000), ("stage", 2_000)] {
        assert_eq!(host.call(assistant).send().status, 500);
        host.logged(&[
            &format!("assistant=\"{assistant}\""),
            &format!("returned more than {limit} bytes"),
        ]);
    }
    let answer = host.call("within").send();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["payload"].to_string().len(), 2_000);
}
