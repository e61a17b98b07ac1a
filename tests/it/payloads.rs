//! What becomes of payloads: golden ones, and arbitrary ones.

use crate::support::{Host, component, repository};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use retort::config::{OnFault, Sandbox as Settings};
use retort::event::{Event, EventKind};
use retort::fairness::Tenant;
use retort::grant::Grants;
use retort::guard::Guard;
use retort::limits::Limits;
use retort::metrics::Metrics;
use retort::outcome::OutcomeKind;
use retort::pipeline::{Pipeline, Run, Stage, Transformed};
use retort::plugin::{CompileBounds, Compiler, Plugin, Request, Sandbox};
use retort::view::View;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn golden(name: &str) -> String {
    std::fs::read_to_string(repository().join("tests/payloads").join(name)).unwrap()
}

/// White space that has no meaning goes; everything else, digits of numbers and
/// escapes in strings included, stays to the byte.
fn compact(json: &str) -> String {
    let mut compact = String::new();
    let (mut in_string, mut escaped) = (false, false);
    for c in json.chars() {
        if in_string {
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
            compact.push(c);
        } else if !c.is_ascii_whitespace() {
            in_string = c == '"';
            compact.push(c);
        }
    }
    compact
}

#[test]
fn only_the_texts_of_every_response_type_change() {
    let host = Host::with_stages(r#"{ plugin = "southern-charm" }"#);
    let answer = host.call("a").body(golden("response-types.json")).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let expected = compact(&golden("response-types.expected.json"));
    let actual = compact(&answer.text());
    let differs = expected
        .bytes()
        .zip(actual.bytes())
        .position(|(a, b)| a != b)
        .unwrap_or(expected.len().min(actual.len()));
    let around = |text: &str| {
        let part = text.get(differs.saturating_sub(40)..).unwrap_or_default();
        part.chars().take(100).collect::<String>()
    };
    assert_eq!(around(&actual), around(&expected));
    assert_eq!(actual, expected);
}

#[test]
fn the_vendors_example_gets_its_charm() {
    let host = Host::with_stages(r#"{ plugin = "southern-charm" }"#);
    let answer = host.call("a").send();
    assert_eq!(answer.texts(), ["Hello. Good evening, y'all."]);
    let host = Host::with_stages(r#"{ plugin = "southern-charm", settings = { suffix = "!" } }"#);
    assert_eq!(host.call("a").send().texts(), ["Hello. Good evening!"]);
}

#[test]
fn stages_work_one_after_the_other() {
    let host = Host::with_stages(
        r#"{ plugin = "redact" }, { plugin = "southern-charm" }, { plugin = "canned-answer", settings = { answers = { hours = "9 to 5" } } }"#,
    );
    let payload = json!({ "output": { "generic": [
        { "response_type": "text", "text": "Write to ann@example.com." },
        { "response_type": "text", "text": "?", "user_defined": { "action_id": "hours" } },
        { "response_type": "text", "text": "!", "user_defined": { "action_id": "unknown" } },
    ] } });
    let answer = host.call("a").payload(&payload.to_string()).send();
    assert_eq!(
        answer.texts(),
        ["Write to [e-mail], y'all.", "9 to 5", ", y'all."]
    );
}

#[test]
fn an_assistant_without_plugins_gets_its_own_bytes_back() {
    let host = Host::with_assistant("");
    for body in [golden("sample.json"), golden("response-types.json")] {
        assert_eq!(
            host.call("a").body(body.clone()).send().body,
            body.as_bytes()
        );
    }
}

/// Arbitrary JSON, as text: any white space, any key twice, any digits.
fn any_json() -> impl Strategy<Value = String> {
    let space = || "[ \t\r\n]{0,2}";
    let string = || {
        prop_oneof![
            r#""[a-z/~ é😀]{0,6}""#,
            Just(r#""\ud83d\ude00 \u00e9 \/ \"""#.to_owned()),
            // An unpaired surrogate: legal JSON that no string of Rust's can hold.
            Just(r#""\ud800""#.to_owned()),
        ]
    };
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,10})?([eE][+-]?[0-9]{1,3})?",
        string(),
    ];
    leaf.prop_recursive(5, 48, 5, move |inner| {
        let element = (space(), inner.clone(), space()).prop_map(|(a, v, b)| format!("{a}{v}{b}"));
        let member = (space(), string(), space(), element.clone())
            .prop_map(|(a, key, b, value)| format!("{a}{key}{b}:{value}"));
        prop_oneof![
            prop::collection::vec(element, 0..5).prop_map(|all| format!("[{}]", all.join(","))),
            prop::collection::vec(member, 0..5).prop_map(|all| format!("{{{}}}", all.join(","))),
        ]
    })
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config {
        // Every failure is printed in full; a file of seeds would add nothing.
        failure_persistence: None,
        ..Config::with_cases(cases)
    })
}

#[test]
fn whatever_comes_in_goes_out_where_nothing_changes() {
    let host = Host::with_stages(
        r#"{ plugin = "echo", settings = { as = "unchanged" } }, { plugin = "southern-charm" }"#,
    );
    runner(200)
        .run(&(any_json(), any_json()), |(value, other)| {
            let body = format!(
                r#" {{"x":{other}, "event":{{"name":"message_processed"}},"payload" :{{"a":{value} }} }}"#
            );
            let answer = host.call("a").body(body.clone()).send();
            prop_assert_eq!(answer.status, 200);
            prop_assert_eq!(answer.text(), body);
            Ok(())
        })
        .unwrap();
}

#[test]
fn replacing_the_payload_leaves_every_other_byte() {
    let host = Host::with_stages(
        r#"{ plugin = "echo", settings = { as = "replaced", value = '{"new": 1.0}' } }"#,
    );
    runner(50)
        .run(&any_json(), |other| {
            let body = |payload: &str| {
                format!(r#"{{"x":{other} ,"payload": {payload} ,"event":{{"name":"message_processed"}} }}"#)
            };
            let answer = host.call("a").body(body(r#"{"old":[1]}"#)).send();
            prop_assert_eq!(answer.text(), body(r#"{"new": 1.0}"#));
            Ok(())
        })
        .unwrap();
}

/// The guest `echo` in this process, so that each case can have settings of its own.
struct Echo {
    plugin: Arc<Plugin>,
    tenant: Arc<Tenant>,
    runtime: tokio::runtime::Runtime,
}

impl Echo {
    fn new() -> Self {
        let sandbox = Arc::new(
            Sandbox::new(&Settings::default(), &Limits::DEFAULT, &Compiler::InProcess).unwrap(),
        );
        Self {
            plugin: Arc::new(
                Plugin::load(
                    &sandbox,
                    "echo",
                    &component("echo"),
                    None,
                    &CompileBounds::of(&Settings::default()),
                )
                .unwrap(),
            ),
            tenant: Tenant::alone("t"),
            runtime: tokio::runtime::Runtime::new().unwrap(),
        }
    }

    fn answer(&self, kind: &str, value: &Value, payload: &Value) -> Run {
        let stage = Stage {
            plugin: self.plugin.for_event(EventKind::MessageProcessed).unwrap(),
            reach: Arc::default(),
            settings: json!({ "as": kind, "value": value }).to_string(),
            view: View::default(),
            limits: Limits::DEFAULT,
            on_fault: OnFault::Fail,
            quarantine: Arc::default(),
            grants: Grants::default(),
            metrics: Metrics::new().stage(&"a".into(), EventKind::MessageProcessed, 1, "echo"),
        };
        let request = Request {
            tenant: &self.tenant,
            assistant: "a",
            request_id: "r",
            event: EventKind::MessageProcessed,
            options: "{}",
            deadline: Instant::now() + Duration::from_secs(10),
            timeout: Duration::from_secs(10),
            around: 0,
        };
        let pipeline = Pipeline {
            stages: vec![stage],
            guard: Arc::new(Guard::default()),
        };
        let body = json!({"event": {"name": "message_processed"}, "payload": payload}).to_string();
        let event = Event::find(body.as_bytes()).unwrap();
        self.runtime
            .block_on(pipeline.run(&request, &event, |_, _| ()))
    }
}

/// The payload that has taken the place of the one before.
fn changed(transformed: Transformed) -> String {
    match transformed {
        Transformed::Payload(payload) => payload,
        other => panic!("{other:?}"),
    }
}

/// Small documents over few keys, so that patches meet what they name.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..3).prop_map(Value::from),
        "[ab]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[ab/~]", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_object() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[abc]", any_value(), 0..4)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

#[test]
fn a_merge_patch_through_the_sandbox_is_what_the_reference_makes() {
    let echo = Echo::new();
    runner(150)
        .run(&(any_object(), any_object()), |(payload, patch)| {
            let run = echo.answer("merge-patch", &patch, &payload);
            prop_assert_eq!(run.stages[0].result.clone(), Ok(OutcomeKind::MergePatch));
            let mut expected = payload;
            json_patch::merge(&mut expected, &patch);
            let actual = changed(run.result.unwrap());
            prop_assert_eq!(serde_json::from_str::<Value>(&actual).unwrap(), expected);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_json_patch_through_the_sandbox_is_what_the_reference_makes() {
    let echo = Echo::new();
    let pointer = || "(/[abc01-]){0,3}";
    // To remove the whole document is one of the few things on which they differ.
    let place = || "(/[abc01-]){1,3}";
    let operation = prop_oneof![
        ("add|replace|test", pointer(), any_value())
            .prop_map(|(op, path, value)| json!({ "op": op, "path": path, "value": value })),
        ("move|copy", place(), pointer())
            .prop_map(|(op, from, path)| json!({ "op": op, "from": from, "path": path })),
        place().prop_map(|path| json!({ "op": "remove", "path": path })),
    ];
    let patches = prop::collection::vec(operation, 0..3).prop_map(Value::from);
    runner(400)
        .run(&(any_object(), patches), |(payload, patch)| {
            let run = echo.answer("json-patch", &patch, &payload);
            let mut expected = payload;
            let reference: json_patch::Patch = serde_json::from_value(patch).unwrap();
            // Without the reference's way back, which panics after some failed moves.
            let possible = json_patch::patch_unsafe(&mut expected, &reference).is_ok();
            match run.result {
                Ok(transformed) => {
                    prop_assert!(possible, "the reference refuses it");
                    let actual = changed(transformed);
                    prop_assert_eq!(serde_json::from_str::<Value>(&actual).unwrap(), expected);
                }
                // A payload has to stay an object, which the reference does not know.
                Err(fault) => prop_assert!(!possible || !expected.is_object(), "{fault}"),
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_plugins_over_texts_import_nothing() {
    for plugin in ["southern-charm", "redact"] {
        let bytes = std::fs::read(component(plugin)).unwrap();
        let imports = bytes.windows(5).any(|part| part == b"wasi:");
        assert!(!imports, "{plugin} imports something of WASI again");
    }
}
