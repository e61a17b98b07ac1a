//! `vault-pii` and `restore-pii`: what is personal reaches neither the assistant nor the
//! log.

use super::{answer, message, processed, received, texts};
use crate::support::Host;
use serde_json::{Value, json};

const PERSONAL: [&str; 4] = [
    "jane@example.com",
    "+1 202-555-0143",
    "078-05-1120",
    "4111 1111 1111 1111",
];

fn host() -> Host {
    let assistant = |name: &str| {
        format!(
            r#"
[assistants.{name}]
tenant = "t"
auth = {{ kind = "none" }}
on_fault = "fail"
pipelines.message_received = [{{ plugin = "vault-pii" }}]
pipelines.message_processed = [{{ plugin = "restore-pii" }}]
"#
        )
    };
    let plugin = |name: &str| {
        let component = crate::support::component(name);
        format!(
            "[plugins.{name}]\ncomponent = '{}'\ngrants.keyvalue = {{ store = \"pii\", ttl = \"1h\" }}\n",
            component.display()
        )
    };
    Host::start(&format!(
        "[keyvalue]\nfile = \"state.redb\"\nsecrets = [\"env:STORE_KEY\"]\n{}{}{}{}",
        plugin("vault-pii"),
        plugin("restore-pii"),
        assistant("a"),
        assistant("b"),
    ))
}

#[track_caller]
fn has_nothing_personal(text: &str) {
    for personal in PERSONAL {
        assert!(!text.contains(personal), "{personal} in\n{text}");
    }
}

#[test]
fn the_assistant_gets_tokens_and_the_user_their_own_words() {
    let host = host();
    let said = PERSONAL.join(", ");
    let message = received(&host, "a", &message(&said, "s1"));
    has_nothing_personal(&message.to_string());
    let got = message["input"]["text"].as_str().unwrap();
    let tokens: Vec<_> = got.split(", ").collect();
    for (token, kind) in tokens.iter().zip(["email", "phone", "ssn", "card"]) {
        assert!(token.starts_with(&format!("[{kind}-")), "{token}");
    }
    let repeats = format!("Is {} right, or {}?", tokens[0], tokens[3]);
    let made = processed(&host, "a", &answer(&[&repeats, got], &message["context"]));
    let expected = format!("Is {} right, or {}?", PERSONAL[0], PERSONAL[3]);
    assert_eq!(texts(&made), [&expected, &said]);
    // What goes back to the assistant with the next message has still nothing.
    has_nothing_personal(&made["context"].to_string());
    has_nothing_personal(&host.log());
}

#[test]
fn the_same_words_have_the_same_token_in_their_session_only() {
    let host = host();
    let token = |assistant: &str, session: &str| -> String {
        let got = received(&host, assistant, &message(PERSONAL[0], session));
        got["input"]["text"].as_str().unwrap().to_owned()
    };
    let first = token("a", "s1");
    assert_eq!(token("a", "s1"), first);
    assert_ne!(token("a", "s2"), first);
    assert_ne!(token("b", "s1"), first);
    // Whoever writes another session's token gets nothing for it.
    let context = |session: &str| json!({"global": {"session_id": session}});
    for (assistant, session) in [("a", "s2"), ("b", "s1"), ("a", "s3")] {
        let made = processed(&host, assistant, &answer(&[&first], &context(session)));
        assert_eq!(texts(&made), [&first], "{assistant} {session}");
    }
    let made = processed(&host, "a", &answer(&[&first], &context("s1")));
    assert_eq!(texts(&made), [PERSONAL[0]]);
}

#[test]
fn without_a_session_nothing_personal_passes() {
    let host = host();
    let pass = |message: Value| {
        let body = json!({"event": {"name": "message_received"}, "payload": message});
        host.call("a").body(body.to_string()).send()
    };
    let refused = pass(json!({"input": {"text": PERSONAL.join(" ")}}));
    assert!(refused.status >= 400, "{}", refused.text());
    has_nothing_personal(&refused.text());
    host.logged(&["no id of a session"]);
    has_nothing_personal(&host.log());
    let harmless = pass(json!({"input": {"text": "Hello"}}));
    assert_eq!(harmless.status, 200);
}

#[test]
fn messages_of_a_session_at_the_same_moment_lose_none_of_their_tokens() {
    const MESSAGES: usize = 32;
    let host = host();
    let address = |number: usize| format!("user{number}@example.com");
    // Each has something of its own, and one thing that all have.
    let send = |number: usize| {
        let said = format!("{} {}", address(number), PERSONAL[0]);
        let got = received(&host, "a", &message(&said, "s1"));
        got["input"]["text"].as_str().unwrap().to_owned()
    };
    let send = &send;
    let got: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..MESSAGES)
            .map(|number| scope.spawn(move || send(number)))
            .collect();
        threads.into_iter().map(|it| it.join().unwrap()).collect()
    });
    has_nothing_personal(&got.join(" "));
    let context = json!({"global": {"session_id": "s1"}});
    let said: Vec<_> = got.iter().map(String::as_str).collect();
    let made = processed(&host, "a", &answer(&said, &context));
    let expected: Vec<_> = (0..MESSAGES)
        .map(|number| format!("{} {}", address(number), PERSONAL[0]))
        .collect();
    assert_eq!(texts(&made), expected);
}
