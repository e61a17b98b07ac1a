//! The uses that the vendor's page names, with the bundled plugins and real services:
//! translating, answers out of a CMS, personal data that the assistant does not see.

mod cms;
mod examples;
mod personal;
mod rehearsal;
mod tenants;
mod translating;

use crate::support::Host;
use serde_json::{Value, json};

/// Passes a message through an assistant's webhook, and returns what the assistant gets.
#[track_caller]
fn received(host: &Host, assistant: &str, message: &Value) -> Value {
    payload(host, assistant, "message_received", message)
}

/// Passes an answer through an assistant's webhook, and returns what the user gets.
#[track_caller]
fn processed(host: &Host, assistant: &str, answer: &Value) -> Value {
    payload(host, assistant, "message_processed", answer)
}

#[track_caller]
fn payload(host: &Host, assistant: &str, event: &str, payload: &Value) -> Value {
    let body = json!({"event": {"name": event}, "options": {}, "payload": payload});
    let answer = host.call(assistant).body(body.to_string()).send();
    assert_eq!(answer.status, 200, "{}\n{}", answer.text(), host.log());
    answer.json()["payload"].clone()
}

/// An answer's texts.
#[track_caller]
fn texts(answer: &Value) -> Vec<&str> {
    let items = answer["output"]["generic"].as_array().unwrap();
    let texts = items.iter().filter_map(|item| item["text"].as_str());
    texts.collect()
}

/// An assistant's answer of these texts, with the context of the message before.
fn answer(texts: &[&str], context: &Value) -> Value {
    let items: Vec<_> = texts
        .iter()
        .map(|text| json!({"response_type": "text", "text": text}))
        .collect();
    json!({"output": {"generic": items}, "user_id": "u", "context": context})
}

/// A message in a session.
fn message(text: &str, session: &str) -> Value {
    json!({
        "input": {"message_type": "text", "text": text},
        "context": {"global": {"session_id": session}, "skills": {"actions skill": {"user_defined": {"var": "anthony"}}}},
    })
}
