use retort_sdk::{
    Decision, Outcome,
    testing::{Call, Store, example},
};
use serde_json::{Value, json};

use super::*;

fn call(store: &Store) -> Call {
    Call::new().event("message_received").keyvalue(store)
}

fn message(text: &str) -> String {
    json!({
        "input": {"text": text},
        "context": {"global": {"session_id": "s1"}},
    })
    .to_string()
}

#[track_caller]
fn text_of(message: &str) -> String {
    let message: Value = serde_json::from_str(message).unwrap();
    message["input"]["text"].as_str().unwrap().to_owned()
}

/// The text with each secret shortened.
fn without_secrets(text: &str) -> String {
    let found = pii::token::find(text);
    pii::replace(text, &found, |token| {
        format!("{}]", token.split('-').next().unwrap())
    })
}

/// The tokens of the session with what they stand for, each of which has an entry of its
/// own besides.
#[track_caller]
fn kept(store: &Store) -> Vec<(String, String)> {
    let value = store.get("session assistant s1").unwrap();
    let known: Vec<(String, String)> = serde_json::from_slice(&value).unwrap();
    for (token, original) in &known {
        let entry = store.get(&format!("token assistant s1 {token}"));
        assert_eq!(entry.as_deref(), Some(original.as_bytes()));
    }
    known
}

const PERSONAL: &str =
    "I am a.b@example.com, +1 202-555-0143, 078-05-1120, card 4111 1111 1111 1111.";

#[test]
fn everything_personal_becomes_a_token() {
    let store = Store::new();
    let made = call(&store).passed(transform, &message(PERSONAL)).unwrap();
    let text = text_of(&made);
    assert_eq!(
        without_secrets(&text),
        "I am [email], [phone], [ssn], card [card]."
    );
    let mut originals: Vec<_> = kept(&store).into_iter().map(|(_, it)| it).collect();
    originals.sort();
    assert_eq!(
        originals,
        [
            "+1 202-555-0143",
            "078-05-1120",
            "4111 1111 1111 1111",
            "a.b@example.com"
        ]
    );
    for (token, _) in kept(&store) {
        assert!(text.contains(&token));
    }
}

#[test]
fn the_same_has_the_same_token_in_a_session_only() {
    let store = Store::new();
    let twice = message("a@b.com and a@b.com");
    let first = text_of(&call(&store).passed(transform, &twice).unwrap());
    let (one, other) = first.split_once(" and ").unwrap();
    assert_eq!(one, other);
    let again = call(&store).passed(transform, &message("a@b.com")).unwrap();
    assert_eq!(text_of(&again), one);
    let elsewhere = twice.replace("s1", "s2");
    let elsewhere = call(&store).passed(transform, &elsewhere).unwrap();
    assert!(!elsewhere.contains(one));
    let assistant = call(&store).assistant("other");
    let assistant = assistant.passed(transform, &message("a@b.com")).unwrap();
    assert!(!assistant.contains(one));
    // Of each of the sessions, its list and its token.
    assert_eq!(store.keys().len(), 6);
}

#[test]
fn a_message_without_anything_personal_needs_neither_session_nor_store() {
    for message in [
        r#"{"input":{"text":"Order 12345678"}}"#,
        r#"{"input":{}}"#,
        "{}",
    ] {
        let decision = Call::new().decision(transform, message);
        assert_eq!(decision, Ok(Decision::Pass(Outcome::Unchanged)));
    }
}

#[test]
fn without_a_session_or_a_store_nothing_passes() {
    let store = Store::new();
    for message in [
        r#"{"input":{"text":"a@b.com"}}"#,
        r#"{"input":{"text":"a@b.com"},"session_id":""}"#,
        r#"{"input":{"text":"a@b.com"},"session_id":null}"#,
        r#"{"input":{"text":"a@b.com"},"session_id":7}"#,
    ] {
        let failure = call(&store).passed(transform, message).unwrap_err();
        assert!(!failure.message().contains("a@b"), "{failure}");
    }
    store.set_down(true);
    let failure = call(&store)
        .passed(transform, &message(PERSONAL))
        .unwrap_err();
    assert!(matches!(failure, Failure::ServiceFailed(_)), "{failure:?}");
    assert!(!failure.message().contains("example.com"), "{failure}");
}

#[test]
fn where_the_session_is_and_what_is_replaced_are_settings() {
    let store = Store::new();
    let settings = json!({
        "kinds": ["ssn"],
        "session": ["/context/id"],
        "texts": ["/input/text", "/context/history/*"],
    });
    let payload = json!({
        "input": {"text": "a@b.com 078-05-1120"},
        "context": {"id": "s1", "history": ["078-05-1120"]},
    });
    let made = call(&store).settings(settings);
    let made = made.passed(transform, &payload.to_string()).unwrap();
    let [(token, original)] = &kept(&store)[..] else {
        panic!("{made}")
    };
    assert_eq!(original, "078-05-1120");
    assert_eq!(text_of(&made), format!("a@b.com {token}"));
    let made: Value = serde_json::from_str(&made).unwrap();
    assert_eq!(made["context"]["history"][0], **token);
    // The other place of the default.
    let payload = r#"{"input":{"text":"c@d.org"},"session_id":"s2"}"#;
    assert!(call(&store).passed(transform, payload).is_ok());
    assert_eq!(store.keys().len(), 4);
}

#[test]
fn a_session_keeps_the_newest() {
    let store = Store::new();
    let all: Vec<_> = (0..300).map(|n| format!("u{n}@example.com")).collect();
    for part in all.chunks(100) {
        call(&store)
            .passed(transform, &message(&part.join(" ")))
            .unwrap();
    }
    let kept = kept(&store);
    assert_eq!(kept.len(), 256);
    assert_eq!(kept[0].1, "u44@example.com");
    assert_eq!(kept[255].1, "u299@example.com");
    assert_eq!(store.keys().len(), 1 + 256, "the others are gone");
    // More than that in one message: the newest again.
    call(&store)
        .passed(transform, &message(&all.join(" ")))
        .unwrap();
    assert_eq!(self::kept(&store)[0].1, "u44@example.com");
    assert_eq!(store.keys().len(), 1 + 256);
}

#[test]
fn messages_at_the_same_moment_lose_none_of_their_tokens() {
    let store = Store::new();
    call(&store).passed(transform, &message("a@b.com")).unwrap();
    let before = store.get("session assistant s1").unwrap();
    call(&store).passed(transform, &message("c@d.com")).unwrap();
    // The other message had read the list before this one wrote it.
    store.set("session assistant s1", &before);
    call(&store).passed(transform, &message("e@f.com")).unwrap();
    let mut originals: Vec<_> = store
        .keys()
        .iter()
        .filter(|key| key.starts_with("token assistant s1 "))
        .map(|key| String::from_utf8(store.get(key).unwrap()).unwrap())
        .collect();
    originals.sort();
    assert_eq!(originals, ["a@b.com", "c@d.com", "e@f.com"]);
}

#[test]
fn what_looks_like_a_token_stays_and_is_not_kept() {
    let store = Store::new();
    let text = "[email-00000000000000000000000000000000] a@b.com";
    let made = call(&store).passed(transform, &message(text)).unwrap();
    assert!(text_of(&made).starts_with("[email-00000000000000000000000000000000] [email-"));
    assert_eq!(kept(&store).len(), 1);
}

#[test]
fn the_example_in_the_readme_is_true() {
    let [before, after] = example(include_str!("../README.md")).unwrap();
    let made = call(&Store::new()).passed(transform, before).unwrap();
    assert_eq!(without_secrets(&made), without_secrets(after.trim_end()));
}
