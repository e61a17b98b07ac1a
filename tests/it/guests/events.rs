//! Guests for the events beside answers, and the interfaces that have to be granted.

use crate::support::{Answer, Host};
use serde_json::{Value, json};

/// An assistant of this name with a pipeline of one stage of `messages` for each of these
/// events, with these settings.
fn assistant(name: &str, events: &[&str], settings: &str, lines: &str) -> String {
    let mut text =
        format!("[assistants.{name}]\ntenant = \"t\"\nauth = {{ kind = \"none\" }}\n{lines}\n");
    for event in events {
        text += &format!(
            "[[assistants.{name}.pipelines.{event}]]\nplugin = \"messages\"\nsettings = {settings}\n"
        );
    }
    text
}

fn send(host: &Host, assistant: &str, event: &str, payload: &Value) -> Answer {
    let body = json!({"event": {"name": event}, "options": {}, "payload": payload}).to_string();
    host.call(assistant).body(body.clone()).send()
}

const MESSAGE: &str = r#"{"input":{"text":"hi"}}"#;

fn message() -> Value {
    serde_json::from_str(MESSAGE).unwrap()
}

#[test]
pub(super) fn messages() {
    let change = r#"{ as = "merge-patch", value = '{"input":{"text":"hello"}}' }"#;
    let host = Host::start(
        &(assistant("change", &["message_received"], change, "")
            + &assistant("nothing", &[], "{}", "")),
    );
    let answer = send(&host, "change", "message_received", &message());
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["payload"]["input"]["text"], "hello");
    assert_eq!(answer.json()["event"]["name"], "message_received");
    assert!(!answer.has_header("x-watson-assistant-webhook-return"));
    // What it has no pipeline for comes back to the byte.
    let body = "{\"payload\" : {\"a\":1.0}, \"event\":{\"name\":\"message_processed\"}}";
    for assistant in ["change", "nothing"] {
        assert_eq!(host.call(assistant).body(body).send().text(), body);
    }
    let body = body.replace("message_processed", "message_received");
    assert_eq!(host.call("nothing").body(body.clone()).send().text(), body);
}

#[test]
fn a_reply_goes_out_bare_and_skips_what_comes_after() {
    let reply = r#"{"output":{"generic":[{"response_type":"text","text":"no"}]}}"#;
    let replies = format!("{{ as = \"reply\", value = '{reply}' }}");
    let config = assistant("a", &["message_received"], &replies, "on_fault = \"fail\"")
        + "[[assistants.a.pipelines.message_received]]\nplugin = \"messages\"\nsettings = { fail = \"called\" }\n";
    let host = Host::start(&config);
    let answer = send(&host, "a", "message_received", &message());
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text(), reply);
    assert_eq!(answer.header("x-watson-assistant-webhook-return"), "true");
}

#[test]
fn a_reply_that_is_no_message_response_is_a_fault() {
    let mut config = String::new();
    let bad = [
        ("not-json", "nonsense", "it is not JSON"),
        ("array", "[]", "it is an array, not an object"),
        ("empty", "{}", "it has no `output`"),
        ("list", r#"{"output":[]}"#, "its `output` is not an object"),
        ("none", r#"{"output":{}}"#, "it has no `output.generic`"),
        ("object", r#"{"output":{"generic":{}}}"#, "is not an array"),
    ];
    for (name, reply, _) in bad {
        let settings = format!("{{ as = \"reply\", value = '{reply}' }}");
        for policy in ["continue", "fail"] {
            let name = format!("{name}-{policy}");
            let lines = format!("on_fault = \"{policy}\"");
            config += &assistant(&name, &["message_received"], &settings, &lines);
        }
    }
    let host = Host::start(&config);
    for (name, _, reason) in bad {
        let answer = send(
            &host,
            &format!("{name}-fail"),
            "message_received",
            &message(),
        );
        answer.is_problem(500, "a plugin of this assistant failed");
        host.logged(&["reply-not-a-response", reason, &format!("{name}-fail")]);
        let answer = send(
            &host,
            &format!("{name}-continue"),
            "message_received",
            &message(),
        );
        assert_eq!(answer.json()["payload"], message());
        assert!(!answer.has_header("x-watson-assistant-webhook-return"));
    }
}

#[test]
fn a_reply_keeps_to_the_guard_and_needs_the_whole_payload() {
    let reply = r#"{"output":{"generic":[{"response_type":"image","source":"https://evil.example/x.png"}]}}"#;
    let replies = format!("{{ as = \"reply\", value = '{reply}' }}");
    let guard = "on_fault = \"fail\"\nguard = { origins = [\"https://good.example\"] }";
    let config = assistant("guarded", &["message_received"], &replies, guard)
        + &assistant(
            "viewed",
            &["message_received"],
            &replies,
            "on_fault = \"fail\"",
        )
        + "writes = [\"/input\"]\n";
    let host = Host::start(&config);
    for (name, fault) in [
        ("guarded", "refused-by-guard"),
        ("viewed", "wrote-outside-view"),
    ] {
        send(&host, name, "message_received", &message()).is_problem(500, "failed");
        host.logged(&[name, fault]);
    }
}

#[test]
fn a_plugin_over_texts_gets_a_messages_text() {
    let host = Host::start(
        "[assistants.a]\ntenant = \"t\"\nauth = { kind = \"none\" }\n\
         pipelines.message_received = [{ plugin = \"southern-charm\" }]\n",
    );
    let answer = send(&host, "a", "message_received", &message());
    assert_eq!(answer.json()["payload"]["input"]["text"], "hi, y'all.");
}

#[test]
fn an_event_of_the_log_is_answered_first_and_looked_at_after() {
    let events = ["message_logged", "cdr_logged"];
    let slow = "{ milliseconds = 1000 }";
    let host = Host::start(&assistant("a", &events, slow, ""));
    let start = std::time::Instant::now();
    for event in events {
        let answer = send(&host, "a", event, &json!({"secret": event}));
        assert_eq!(answer.status, 202);
        assert_eq!(answer.text(), "");
    }
    assert!(start.elapsed() < std::time::Duration::from_millis(900));
    for event in events {
        host.logged(&["observed", event, "a", "retort::guest", "request_id"]);
    }
    // Without a pipeline there is nothing to do, and the answer is the same.
    let answer = send(&host, "a", "message_received", &message());
    assert_eq!(answer.status, 200);
}

#[test]
fn so_many_events_of_the_log_are_looked_at_and_no_more() {
    let slow = "{ milliseconds = 4000 }";
    let lines = "timeout = \"10s\"";
    let host = Host::start(
        &(assistant("busy", &["message_logged"], slow, lines)
            + &assistant("other", &["message_logged"], "{}", lines)),
    );
    let answers: Vec<_> = (0..66)
        .map(|_| send(&host, "busy", "message_logged", &json!({})))
        .collect();
    let accepted = answers.iter().filter(|answer| answer.status == 202).count();
    let refused: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status != 202)
        .collect();
    assert_eq!((accepted, refused.len()), (64, 2));
    for answer in refused {
        answer.is_problem(503, "too many events of this assistant are being looked at");
        assert!(answer.has_header("retry-after"));
    }
    assert_eq!(
        send(&host, "other", "message_logged", &json!({})).status,
        202
    );
}

#[test]
fn an_event_of_the_log_waits_for_its_slot_as_long_as_it_may() {
    let lines = "timeout = \"10s\"";
    let config = format!(
        "[sandbox]\nconcurrency = 1\nwait = \"10ms\"\n{}{}",
        assistant(
            "busy",
            &["message_logged"],
            "{ milliseconds = 1500 }",
            lines
        ),
        assistant("a", &["message_logged", "message_received"], "{}", lines)
            + "on_fault = \"fail\"\n"
    );
    let host = Host::start(&config);
    assert_eq!(
        send(&host, "busy", "message_logged", &json!({})).status,
        202
    );
    // It takes the only slot.
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(
        send(&host, "a", "message_logged", &json!({"n": 1})).status,
        202
    );
    // Somebody waits for this one, and is told at once.
    send(&host, "a", "message_received", &message()).is_problem(503, "try again");
    host.logged(&["observed message_logged", "assistant=\"a\""]);
}

#[test]
fn what_was_accepted_is_looked_at_before_the_end() {
    let slow = "{ milliseconds = 500 }";
    let mut host = Host::start(&assistant("a", &["message_logged"], slow, ""));
    assert_eq!(
        send(&host, "a", "message_logged", &json!({"n": 1})).status,
        202
    );
    host.signal("TERM");
    assert!(host.ended().success());
    assert!(
        host.log().contains("observed message_logged"),
        "{}",
        host.log()
    );
}

#[test]
fn a_dialogs_object_is_a_payload_of_its_own() {
    let change = r#"{ as = "merge-patch", value = '{"found":true}' }"#;
    let host = Host::start(
        &(assistant("a", &["dialog"], change, "")
            + &assistant("b", &["message_received"], change, "")),
    );
    let body = r#" {"city": "Bonn"} "#;
    let answer = host.call("a").body(body).send();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), json!({"city": "Bonn", "found": true}));
    // Whoever has no such pipeline takes no such body.
    let answer = host.call("b").body(body).send();
    answer.is_problem(400, "`event` is missing");
}

#[test]
fn a_plugin_has_to_be_for_its_event() {
    let config = "[assistants.a]\ntenant = \"t\"\nauth = { kind = \"none\" }\n\
                  pipelines.message_received = [{ plugin = \"echo\" }]\n\
                  pipelines.message_logged = [{ plugin = \"southern-charm\" }]\n";
    let problems = Host::check(config);
    for words in [
        "the plugin `echo` is not for message_received: it exports transform-response",
        "a plugin for message_received exports transform-texts or transform-request",
        "the plugin `southern-charm` is not for message_logged",
    ] {
        assert!(problems.contains(words), "{words}\n{problems}");
    }
}

#[test]
pub(super) fn logs() {
    let stage = |name: &str, grants: &str| {
        format!(
            "[assistants.{name}]\ntenant = \"t\"\nauth = {{ kind = \"none\" }}\non_fault = \"fail\"\n\
             pipeline = [{{ plugin = \"logs\", settings = {{ word = \"a\\nb\", list = [1, 2] }}, {grants} }}]\n"
        )
    };
    let host = Host::start(
        &(stage("info", "grants = { config = true, logging = \"info\" }")
            + &stage(
                "little",
                "grants = { config = true, logging = \"critical\" }, limits = { log = 3 }",
            )),
    );
    assert_eq!(host.call("info").send().status, 200);
    for level in ["info", "warn", "error", "critical"] {
        let line = host.logged(&["the plugin logged", &format!("level=\"{level}\""), "word"]);
        assert!(
            line.contains("retort::guest") && line.contains("tenant=\"t\""),
            "{line}"
        );
        // On one line, whatever is in it.
        assert!(line.contains(r#"line="a\nb""#), "{line}");
    }
    host.logged(&["the plugin logged", "context=\"list\"", "line=\"[1,2]\""]);
    for level in ["trace", "debug"] {
        assert!(!host.log().contains(&format!("level=\"{level}\"")));
    }
    // One limit for all that a plugin logs.
    assert_eq!(host.call("little").send().status, 200);
    host.logged(&["the plugin printed up to its limit of bytes", "little"]);
    // And nothing without a grant.
    let problems = Host::check(&stage("info", "grants = { config = true }"));
    assert!(
        problems.contains("the plugin `logs` imports what it is not granted: wasi:logging/logging"),
        "{problems}"
    );
    assert!(
        problems.contains("[plugins.logs] grants = { logging = \"info\" }"),
        "{problems}"
    );
    let problems = Host::check(&stage("info", "grants = {}"));
    assert!(
        problems.contains("wasi:config/store, wasi:logging/logging"),
        "{problems}"
    );
}
