//! Each guest of `guests/` does its worst: which fault comes of it, what the caller
//! sees, what the log says, and that the next call is as if nothing had been.

// It has a file of its own.
pub(crate) use crate::isolation::leaves_marks;
use crate::support::{Answer, Host, SAMPLE, component, retort, text_guest};
use serde_json::json;
use std::path::Path;

/// A host with a guest whose faults are shown to the caller.
fn failing(stage: &str) -> Host {
    Host::with_assistant(&format!("on_fault = \"fail\"\npipeline = [{{ {stage} }}]"))
}

/// Calls the guest with these settings under both policies. The fault has to be of
/// this kind and its log line has to have these words.
#[track_caller]
fn faults(stage: &str, kind: &str, words: &[&str]) {
    let host = Host::start(&format!(
        r#"
        [assistants.fails]
        tenant = "t"
        auth = {{ kind = "none" }}
        on_fault = "fail"
        pipeline = [{{ {stage} }}]

        [assistants.continues]
        tenant = "t"
        auth = {{ kind = "none" }}
        on_fault = "continue"
        pipeline = [
            {{ {stage} }},
            {{ plugin = "echo", settings = {{ as = "merge-patch", value = '{{"next":true}}' }} }},
        ]

        [assistants.other]
        tenant = "t"
        auth = {{ kind = "none" }}
        pipeline = [{{ plugin = "echo", settings = {{ as = "unchanged" }} }}]
        "#
    ));
    let (status, detail) = match kind {
        "timed-out" => (504, "the answer could not be transformed in time"),
        _ => (500, "a plugin of this assistant failed"),
    };
    // Twice: a fresh instance knows nothing of the one before.
    for _ in 0..2 {
        let answer = host.call("fails").send();
        answer.is_problem(status, detail);
        let line = host.logged(&["the stage is at fault", &format!("fault=\"{kind}\"")]);
        for word in words {
            assert!(line.contains(word), "{line} does not say {word}");
        }
        assert_eq!(host.call("other").send().body, SAMPLE.as_bytes());
    }
    let answer = host.call("continues").send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut expected: serde_json::Value = serde_json::from_str(SAMPLE).unwrap();
    expected["payload"]["next"] = json!(true);
    assert_eq!(answer.json(), expected);
}

/// What `check` says of a guest that must not even load.
#[track_caller]
fn does_not_load(file: &Path, words: &[&str]) {
    let output = retort()
        .args(["invoke", "--json"])
        .arg(file)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr);
    for word in words {
        assert!(error.contains(word), "{error} does not say {word}");
    }
}

fn payload(answer: &Answer) -> serde_json::Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["payload"].clone()
}

#[test]
fn echo() {
    let host = Host::with_stages(
        r#"{ plugin = "echo", settings = { as = "invocation", x = 1.5, list = [1, "a"] } }"#,
    );
    let answer = host.call("a").header("x-request-id", "id-1").send();
    let told = payload(&answer);
    assert_eq!(told["tenant"], "t");
    assert_eq!(told["assistant"], "a");
    assert_eq!(told["request_id"], "id-1");
    assert_eq!(told["event"], "message_processed");
    assert_eq!(told["options"], json!({}));
    assert_eq!(
        told["settings"],
        json!({ "as": "invocation", "x": 1.5, "list": [1, "a"] })
    );
    let left = told["milliseconds_left"].as_u64().unwrap();
    assert!((4_000..=5_000).contains(&left), "{left}");
    assert_eq!(told["payload"]["user_id"], "test user");
}

#[test]
fn fails() {
    for how in ["failed", "not-for-me", "service-failed"] {
        let words = match how {
            "failed" => "said that it failed",
            "not-for-me" => "said that the input is not for it",
            _ => "said that a service it called failed",
        };
        let stage = format!(
            r#"plugin = "fails", settings = {{ how = "{how}", message = "no luck\n\u001b[31mtoday" }}"#
        );
        // The message is escaped: a plugin cannot forge lines of the log.
        faults(&stage, "failed", &[words, "no luck", "today"]);
    }
    let host = failing(r#"plugin = "fails", settings = { message = "a\nb\u001b[31mc" }"#);
    host.call("a").send();
    let line = host.logged(&["the stage is at fault"]);
    assert!(!line.contains('\u{1b}') && line.contains("c"), "{line}");
}

#[test]
fn loops_forever() {
    // Fuel ends one that may burn little of it, the clock one that may burn much.
    for calls in [false, true] {
        let settings = format!("settings = {{ calls = {calls} }}");
        faults(
            &format!("plugin = \"loops-forever\", {settings}, limits = {{ fuel = 1_000_000 }}"),
            "fuel-exhausted",
            &["used up its fuel (1000000 units)", "fuel=1000000 "],
        );
        faults(
            &format!(
                "plugin = \"loops-forever\", {settings}, limits = {{ fuel = 4_000_000_000_000_000_000, timeout = \"150ms\" }}"
            ),
            "timed-out",
            &["did not answer within 150 ms"],
        );
    }
}

#[test]
fn traps() {
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
        faults(&stage, "trapped", &[words]);
    }
    // A panic's message is in the log, where its author looks for it.
    let host = failing("plugin = \"traps\", settings = { how = \"panic\" }");
    host.call("a").send();
    host.logged(&["retort::guest", "stream=\"stderr\"", "panicked at"]);
}

#[test]
fn grows_memory() {
    for how in ["in-steps", "one-step"] {
        let stage = format!(
            "plugin = \"grows-memory\", settings = {{ how = \"{how}\" }}, limits = {{ memory = \"8MiB\" }}"
        );
        faults(&stage, "memory-refused", &["it may have 8388608"]);
    }
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
fn grows_table() {
    faults(
        "plugin = \"text:grows-table\"",
        "table-refused",
        &["it may have 100000"],
    );
}

#[test]
fn grabs() {
    let host =
        Host::with_stages(r#"{ plugin = "grabs", settings = { handles = 990, random = 65536 } }"#);
    assert_eq!(host.call("a").send().body, SAMPLE.as_bytes());
    let log = host.log();
    assert!(!log.contains("at fault"), "{log}");
    for (settings, words) in [
        ("handles = 1001", "no free keys"),
        ("random = 65537", "exceeds limit 65536"),
    ] {
        let stage = format!("plugin = \"grabs\", settings = {{ {settings} }}");
        faults(&stage, "trapped", &[words]);
    }
}

#[test]
fn starts_huge() {
    text_does_not_load("starts-huge", "memory");
}

#[test]
fn three_memories() {
    text_does_not_load("three-memories", "memories");
}

/// A component that needs more than a place of the pool has.
#[track_caller]
fn text_does_not_load(name: &str, word: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("guest.wasm");
    std::fs::write(&file, text_guest(name)).unwrap();
    does_not_load(&file, &["is not a component that can be used", word]);
}

#[test]
fn loops_at_start() {
    loops_in("loops-at-start");
}

#[test]
fn loops_on_entry() {
    loops_in("loops-on-entry");
}

#[test]
fn loops_on_exit() {
    loops_in("loops-on-exit");
}

/// A loop outside of the call itself is bounded like one inside.
#[track_caller]
fn loops_in(guest: &str) {
    faults(
        &format!("plugin = \"text:{guest}\", limits = {{ fuel = 1_000_000 }}"),
        "fuel-exhausted",
        &["used up its fuel (1000000 units)"],
    );
    faults(
        &format!(
            "plugin = \"text:{guest}\", limits = {{ fuel = 4_000_000_000_000_000_000, timeout = \"150ms\" }}"
        ),
        "timed-out",
        &["did not answer within 150 ms"],
    );
}

#[test]
fn answers_nonsense() {
    faults("plugin = \"text:answers-nonsense\"", "trapped", &["9"]);
}

#[test]
fn answers_elsewhere() {
    faults(
        "plugin = \"text:answers-elsewhere\"",
        "trapped",
        &["out of bounds"],
    );
}

#[test]
fn puts_elsewhere() {
    faults(
        "plugin = \"text:puts-elsewhere\"",
        "trapped",
        &["beyond end of memory"],
    );
}

#[test]
fn forges_text() {
    faults("plugin = \"forges-text\"", "trapped", &["invalid utf-8"]);
    faults(
        "plugin = \"forges-text\", settings = { how = \"outside-memory\" }",
        "trapped",
        &["out of bounds"],
    );
}

#[test]
fn returns_non_json() {
    for (how, words) in [
        ("text", "expected ident"),
        ("empty", "EOF while parsing"),
        ("array", "has to be an object"),
        ("cut-off", "EOF while parsing"),
        ("two", "trailing characters"),
        ("nan", "expected value"),
    ] {
        let stage = format!("plugin = \"returns-non-json\", settings = {{ how = \"{how}\" }}");
        faults(&stage, "output-not-json", &[words]);
    }
    // Deep nesting is legal JSON; it costs the host no stack.
    let host = Host::with_stages(r#"{ plugin = "returns-non-json", settings = { how = "deep" } }"#);
    let answer = host.call("a").send();
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains(&"[".repeat(100_000)));
}

#[test]
fn returns_too_much() {
    for how in ["replaced", "merge-patch"] {
        let stage = format!(
            "plugin = \"returns-too-much\", settings = {{ bytes = 70_000, how = \"{how}\" }}, limits = {{ output = \"64KiB\" }}"
        );
        faults(
            &stage,
            "output-too-large",
            &["returned more than 65536 bytes"],
        );
    }
    // So much that the host must not even copy it.
    faults(
        "plugin = \"returns-too-much\"",
        "output-too-large",
        &["returned more than 4000000 bytes"],
    );
}

#[test]
fn recurses() {
    faults(
        "plugin = \"recurses\"",
        "trapped",
        &["call stack exhausted"],
    );
    faults(
        "plugin = \"recurses\", settings = { how = \"wide\" }",
        "trapped",
        &["out of bounds memory access"],
    );
}

#[test]
fn sleeps() {
    faults(
        "plugin = \"sleeps\", limits = { timeout = \"150ms\" }",
        "timed-out",
        &["did not answer within 150 ms"],
    );
    let host = Host::with_stages(r#"{ plugin = "sleeps", settings = { milliseconds = 50 } }"#);
    assert_eq!(host.call("a").send().body, SAMPLE.as_bytes());
}

#[test]
fn prints_endlessly() {
    for newlines in [true, false] {
        let stage = format!(
            "plugin = \"prints-endlessly\", settings = {{ newlines = {newlines} }}, limits = {{ fuel = 20_000_000, log = 1000 }}"
        );
        faults(&stage, "fuel-exhausted", &[]);
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
fn looks_around() {
    let host = Host::with_stages(r#"{ plugin = "looks-around" }"#);
    let seen = payload(&host.call("a").send());
    assert_eq!(seen["arguments"], json!([]));
    assert_eq!(seen["environment"], json!({}));
    assert_eq!(seen["stdin"], "");
    assert_eq!(
        seen["files"],
        json!({ "list": null, "read": null, "write": null })
    );
}

#[test]
fn remembers() {
    let host = Host::with_stages(r#"{ plugin = "remembers" }, { plugin = "remembers" }"#);
    for _ in 0..20 {
        let seen = payload(&host.call("a").send());
        assert_eq!(seen, json!({ "calls": 1, "remembered": null }));
    }
}

#[test]
fn wrong_world() {
    does_not_load(
        &component("wrong-world"),
        &[
            "exports neither retort:transform/transform-response@0.1.0 nor",
            "it exports example:other/greet@1.0.0",
            "hint:",
        ],
    );
}

#[test]
fn opens_sockets() {
    does_not_load(
        &component("opens-sockets"),
        &[
            "imports what it is not granted: wasi:sockets/network@",
            "wasi:sockets/instance-network@",
        ],
    );
}

#[test]
fn imports_unknown() {
    does_not_load(
        &component("imports-unknown"),
        &["imports what it is not granted: example:secrets/vault@1.0.0"],
    );
}

mod every_guest_has_a_test {
    include!(concat!(env!("OUT_DIR"), "/every_guest_has_a_test.rs"));
}

#[test]
fn answers_texts() {
    let host = Host::with_stages(r#"{ plugin = "answers-texts" }"#);
    let payload = r#"{"output": {"generic": [{"text": "a\"b", "response_type":"text"}, {"text":"\ud800"}]} , "n": 1.50}"#;
    let answer = host.call("a").payload(payload).send();
    let given = |pointer: &str, value: &str, kind: Option<&str>| {
        json!({ "pointer": pointer, "value": value, "response_type": kind }).to_string()
    };
    assert_eq!(
        answer.texts(),
        [
            given("/output/generic/0/text", "a\"b", Some("text")),
            given("/output/generic/1/text", "\u{FFFD}", None),
        ]
    );
    let answer = answer.text();
    assert!(
        answer.contains(r#"response_type":"text"}, {"text":"#),
        "{answer}"
    );
    assert!(answer.ends_with(r#"}]} , "n": 1.50}}"#), "{answer}");
    // As many as there are texts, neither fewer nor more.
    for (answers, count) in [("", 0), (r#""a", "b""#, 2)] {
        let stage = format!("plugin = \"answers-texts\", settings = {{ answers = [{answers}] }}");
        let words = format!("returned {count} texts for 1");
        faults(&stage, "texts-mismatch", &[&words]);
    }
    for length in [2_000, 5_000_000] {
        let stage = format!(
            "plugin = \"answers-texts\", settings = {{ length = {length} }}, limits = {{ output = \"2kB\" }}"
        );
        faults(&stage, "output-too-large", &["returned more than"]);
    }
}

#[test]
fn both_interfaces() {
    does_not_load(
        &component("both-interfaces"),
        &[
            "exports both retort:transform/transform-response@0.1.0 and",
            "only one of them",
        ],
    );
}
