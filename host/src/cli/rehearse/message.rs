//! The payloads of both webhooks, as the assistant makes them.

use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

/// The user of every rehearsal.
const USER: &str = "rehearsal";

/// The payload of `message_received`: a v2 `/message` request in a session of its own.
pub(super) fn received(text: &str) -> String {
    json!({
        "input": { "message_type": "text", "text": text },
        "context": {
            "global": {
                "session_id": uuid::Uuid::new_v4().to_string(),
                "system": { "turn_count": 1, "user_id": USER },
            },
            "skills": { "actions skill": { "user_defined": {} } },
        },
    })
    .to_string()
}

/// What matters of a `/message` request.
#[derive(Debug)]
pub(super) struct Message<'p> {
    /// What the assistant gets to read.
    pub(super) text: String,
    context: &'p RawValue,
}

impl<'p> Message<'p> {
    /// Finds it in a payload. Nothing says that the payload is no `/message` request.
    pub(super) fn find(payload: &'p str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Request<'p> {
            #[serde(borrow, default)]
            input: Option<&'p RawValue>,
            #[serde(borrow, default)]
            context: Option<&'p RawValue>,
        }
        #[derive(Deserialize)]
        struct Input {
            #[serde(default)]
            text: String,
        }
        // The parser would take an array for the members in their order.
        let is_object = |text: &str| text.trim_start().starts_with('{');
        if !is_object(payload) {
            return None;
        }
        let request: Request<'_> = serde_json::from_str(payload).ok()?;
        let input = request.input.unwrap_or(empty());
        let context = request.context.unwrap_or(empty());
        if !is_object(input.get()) || !is_object(context.get()) {
            return None;
        }
        let Input { text } = serde_json::from_str(input.get()).ok()?;
        Some(Self { text, context })
    }

    /// The payload of `message_processed` with this output, the context carried over.
    pub(super) fn processed(&self, output: &str) -> serde_json::Result<String> {
        #[derive(Serialize)]
        struct Response<'a> {
            output: &'a RawValue,
            user_id: &'a str,
            context: &'a RawValue,
        }
        serde_json::to_string(&Response {
            output: serde_json::from_str(output)?,
            user_id: USER,
            context: self.context,
        })
    }
}

/// `{}`
fn empty() -> &'static RawValue {
    // It is JSON.
    serde_json::from_str("{}").unwrap_or(RawValue::NULL)
}

/// The texts that a user sees of a message response, one a line; other items by their
/// type.
pub(super) fn seen(response: &str) -> Vec<String> {
    let response: serde_json::Value = serde_json::from_str(response).unwrap_or_default();
    let items = response.pointer("/output/generic");
    let items = items.and_then(serde_json::Value::as_array);
    items
        .into_iter()
        .flatten()
        .map(|item| {
            let member = |name| item.get(name).and_then(serde_json::Value::as_str);
            match (member("text"), member("response_type")) {
                (Some(text), _) => format!("{text:?}"),
                (None, kind) => format!("[{}]", kind.unwrap_or("an item")),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_goes_through_with_its_context() {
        let payload = received("Buenos \"días\"");
        let message = Message::find(&payload).unwrap();
        assert_eq!(message.text, "Buenos \"días\"");
        let processed = message.processed(r#"{"generic": [1.0]}"#).unwrap();
        assert!(
            processed.contains(r#""output":{"generic": [1.0]}"#),
            "{processed}"
        );
        assert!(processed.contains(message.context.get()));
        let bare = Message::find("{}").unwrap();
        let processed = bare.processed("{}").unwrap();
        assert_eq!(
            processed,
            r#"{"output":{},"user_id":"rehearsal","context":{}}"#
        );
    }

    #[test]
    fn what_is_no_message_request_is_seen() {
        for payload in [
            "[]",
            r#"{"input":7}"#,
            r#"{"input":["text"]}"#,
            r#"{"input":{"text":7}}"#,
            r#"{"input":{"text":null}}"#,
            r#"{"context":[]}"#,
            r#"{"input":{},"input":{}}"#,
        ] {
            assert!(Message::find(payload).is_none(), "{payload}");
        }
    }

    #[test]
    fn a_user_sees_texts_and_other_items_by_their_type() {
        let response = r#"{"output":{"generic":[{"text":"a"},{"response_type":"image"},{}]}}"#;
        assert_eq!(seen(response), ["\"a\"", "[image]", "[an item]"]);
        assert!(seen("{}").is_empty());
    }
}
