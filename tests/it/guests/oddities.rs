//! Guests that do nothing wrong, in a way that nobody expects.

use super::payload;
use crate::support::Host;
use serde_json::json;

#[test]
pub(super) fn echo() {
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
pub(super) fn returns_odd_json() {
    let depth = 10_000;
    let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let members: Vec<_> = (0..1_000).map(|n| format!("\"a\":{n}")).collect();
    let duplicates = format!("{{{}}}", members.join(","));
    let digits = "9".repeat(1_000_000);
    for (how, value) in [
        ("deep", &deep),
        ("duplicates", &duplicates),
        ("digits", &digits),
    ] {
        odd(how, value);
    }
}

/// Has a guest answer with this value in each kind of outcome, with a view and without,
/// and another guest change the payload that comes of it.
#[track_caller]
fn odd(how: &str, value: &str) {
    let mut config = String::new();
    let view = r#"reads = ["/odd"], writes = ["/odd"]"#;
    let mut assistants = Vec::new();
    for (kind, test) in [
        ("replaced", false),
        ("merge-patch", false),
        ("json-patch", false),
        ("json-patch", true),
    ] {
        for view in ["", view] {
            let number = assistants.len();
            let stage = format!(
                "{{ plugin = \"returns-odd-json\", settings = {{ how = \"{how}\", as = \"{kind}\", test = {test} }}, {view} }}"
            );
            config += &format!(
                r#"
                [assistants.odd-{number}]
                tenant = "t"
                auth = {{ kind = "none" }}
                on_fault = "fail"
                guard = {{ shapes = true, origins = [] }}
                pipeline = [
                    {stage},
                    {stage},
                    {{ plugin = "echo", settings = {{ as = "json-patch", value = '[{{"op":"add","path":"/next","value":true}}]' }} }},
                ]
                "#
            );
            assistants.push((kind, test, view));
        }
    }
    let host = Host::start(&config);
    for (number, case) in assistants.iter().enumerate() {
        let assistant = format!("odd-{number}");
        let answer = host.call(&assistant).payload("{}").send();
        let answer = answer.text();
        // To the byte: nothing is rounded or cut short on the way. Only a merge patch, which
        // goes member by member, takes the last of several with the same key.
        let value = match (how, case.0) {
            ("duplicates", "merge-patch") => r#"{"a":999}"#,
            _ => value,
        };
        let expected = format!(r#""payload":{{"odd":{value},"next":true}}}}"#);
        let beginning = answer.chars().take(300).collect::<String>();
        assert!(
            answer.ends_with(&expected),
            "{how} {case:?}: {beginning}\n{}",
            host.log()
        );
    }
}
