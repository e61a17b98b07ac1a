//! The guard of an assistant: what no stage may make of its answers.

use crate::support::Host;
use serde_json::{Value, json};

/// The answer's items and a guard: what a stage that makes `new` of `old` comes to.
#[track_caller]
fn made(guard: &str, old: &Value, new: &Value) -> (Host, Value, Value) {
    let payload = |items: &Value| json!({"output": {"generic": items}});
    let host = Host::start(&format!(
        r#"
        [assistants.a]
        tenant = "t"
        auth = {{ kind = "none" }}
        guard = {{ {guard} }}
        pipeline = [{{ plugin = "echo", settings = {{ value = '''{}''' }} }}]
        "#,
        payload(new)
    ));
    let answer = host.call("a").payload(&payload(old).to_string()).send();
    assert_eq!(answer.status, 200);
    let items = answer.json()["payload"]["output"]["generic"].clone();
    (host, items, old.clone())
}

#[track_caller]
fn passes(guard: &str, old: &Value, new: &Value) {
    let (host, items, _) = made(guard, old, new);
    assert_eq!(items, *new, "{}", host.log());
    assert!(!host.log().contains("refused-by-guard"), "{}", host.log());
}

#[track_caller]
fn is_refused(guard: &str, old: &Value, new: &Value, words: &str) {
    let (host, items, before) = made(guard, old, new);
    assert_eq!(items, before, "the stage is skipped");
    let line = host.logged(&["the stage is at fault", "fault=\"refused-by-guard\""]);
    assert!(line.contains(words), "{line}");
    assert!(!line.contains("hidden"), "{line}");
}

fn text(text: &str) -> Value {
    json!([{"response_type": "text", "text": text}])
}

#[test]
fn urls_have_the_allowed_origins_or_the_assistants_own() {
    let guard = r#"origins = ["https://*.example.com"]"#;
    let old = text("See https://www.ibm.com/docs.");
    passes(
        guard,
        &old,
        &text("Or https://shop.example.com/x?hidden, or https://www.ibm.com/."),
    );
    is_refused(
        guard,
        &old,
        &text("No: https://evil.test/hidden"),
        "/output/generic/0/text leads to https://evil.test,",
    );
    let image = json!([{"response_type": "image", "source": "javascript:hidden"}]);
    is_refused(guard, &old, &image, "URL of the scheme javascript:");
    passes("shapes = true", &old, &text("https://evil.test"));
}

#[test]
fn known_items_have_their_members() {
    let old = text("a");
    let broken = json!([{"response_type": "image", "text": "hidden"}]);
    is_refused("shapes = true", &old, &broken, "needs a member `source`");
    let unknown = json!([{"response_type": "hologram"}]);
    passes("shapes = true", &old, &unknown);
    passes("origins = []", &old, &broken);
}

#[test]
fn an_answer_keeps_to_its_size() {
    let body = |length: usize| text(&"x".repeat(length));
    let around = r#"{"event":{"name":"message_processed"},"payload":{"output":{"generic":[{"response_type":"text","text":""}]}}}"#;
    let room = 2_000 - around.len();
    passes("answer = 2000", &text("a"), &body(room));
    is_refused(
        "answer = 2000",
        &text("a"),
        &body(room + 1),
        "the answer has 2001 bytes; the guard allows 2000",
    );
}
