//! Finding the parts of a webhook's body without building a tree of it.

mod kind;
mod members;
mod reply;

pub use kind::EventKind;
pub use reply::check_reply;

use members::members;
use serde_json::value::RawValue;
use std::ops::Range;

/// A webhook's body, with the places of its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<'b> {
    /// The whole body.
    pub body: &'b str,
    /// Which event it is.
    pub kind: EventKind,
    /// The options, an object; `{}` where there are none.
    pub options: &'b str,
    /// Where the payload is in the body, an object.
    pub place: Range<usize>,
}

impl<'b> Event<'b> {
    /// Finds the parts of a body.
    ///
    /// # Errors
    /// A body that is not JSON in UTF-8, or not an event, says what is wrong with
    /// it. Nothing of the body's content is repeated but the event's name.
    pub fn find(body: &'b [u8]) -> Result<Self, EventError> {
        Self::find_any(body, false)
    }

    /// Finds the parts of a body that may be one of a dialog webhook too: an object that
    /// has neither an event nor a payload is the payload itself.
    ///
    /// # Errors
    /// See [`Self::find`].
    pub fn find_with_dialog(body: &'b [u8]) -> Result<Self, EventError> {
        Self::find_any(body, true)
    }

    fn find_any(body: &'b [u8], dialog: bool) -> Result<Self, EventError> {
        let text =
            std::str::from_utf8(body).map_err(|error| EventError::NotUtf8(error.valid_up_to()))?;
        // The parser would take an array for the members in their order, and repeat
        // what else stands in an object's place.
        if !text.trim_ascii_start().starts_with('{') {
            return Err(match retort_json::check(text) {
                Ok(kind) => EventError::NotAnEvent(format!("it is {kind}, not an object")),
                Err(error) => EventError::NotJson(error.to_string()),
            });
        }
        let [event, options, payload] =
            members(text, ["event", "options", "payload"]).map_err(|error| {
                // The only error of data is a member that is there twice.
                if error.is_data() {
                    EventError::NotAnEvent(error.to_string())
                } else {
                    EventError::NotJson(error.to_string())
                }
            })?;
        if dialog && event.is_none() && payload.is_none() {
            let start = text.len() - text.trim_ascii_start().len();
            return Ok(Self {
                body: text,
                kind: EventKind::Dialog,
                options: "{}",
                place: start..text.trim_ascii_end().len(),
            });
        }
        let event = event.ok_or(EventError::Missing("event"))?;
        let payload = payload.ok_or(EventError::Missing("payload"))?;
        for (part, value) in [
            ("event", Some(event)),
            ("payload", Some(payload)),
            ("options", options),
        ] {
            if value.is_some_and(|value| !value.get().starts_with('{')) {
                return Err(EventError::NotAnObject(part));
            }
        }
        let name = name(event).ok_or(EventError::Missing("event.name, a string,"))?;
        // A dialog webhook does not say so.
        let kind = EventKind::named(&name)
            .filter(|kind| *kind != EventKind::Dialog)
            .ok_or_else(|| EventError::unknown(&name))?;
        Ok(Self {
            body: text,
            kind,
            options: options.map_or("{}", RawValue::get),
            place: place(text, payload),
        })
    }

    /// The payload.
    #[must_use]
    pub fn payload(&self) -> &'b str {
        self.body.get(self.place.clone()).unwrap_or_default()
    }

    /// How many bytes of the body stand around the payload.
    #[must_use]
    pub fn around(&self) -> usize {
        self.body.len() - self.place.len()
    }

    /// The body with another payload, every other byte as it was.
    #[must_use]
    pub fn with_payload(&self, payload: &str) -> String {
        let before = self.body.get(..self.place.start).unwrap_or_default();
        let after = self.body.get(self.place.end..).unwrap_or_default();
        [before, payload, after].concat()
    }
}

/// The name of an event, if it has one and it is a string.
fn name(event: &RawValue) -> Option<String> {
    let [name] = members(event.get(), ["name"]).ok()?;
    serde_json::from_str(name?.get()).ok()
}

/// Where a borrowed part of a text is in it.
fn place(text: &str, part: &RawValue) -> Range<usize> {
    let start = part.get().as_ptr().addr() - text.as_ptr().addr();
    start..start + part.get().len()
}

/// Why a body is not an event that can be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// JSON is exchanged in UTF-8 (RFC 8259, 8.1).
    #[error("the body is not UTF-8: the first wrong byte is at offset {0}")]
    NotUtf8(usize),
    /// Broken or cut off; the words are the parser's, with line and column.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// JSON of another shape than a webhook's.
    #[error("the body is not a webhook event: {0}")]
    NotAnEvent(String),
    /// A part that every event has.
    #[error("the body is not a webhook event: `{0}` is missing")]
    Missing(&'static str),
    /// A part has another type than an object.
    #[error("the body is not a webhook event: `{0}` is not an object")]
    NotAnObject(&'static str),
    /// An event with a name that is not served.
    #[error("the event `{0}` is not served here; served: {served}", served = served())]
    UnknownEvent(String),
}

fn served() -> String {
    let bodies = EventKind::ALL.into_iter();
    let bodies = bodies.filter(|kind| *kind != EventKind::Dialog);
    bodies.map(EventKind::name).collect::<Vec<_>>().join(", ")
}

impl EventError {
    /// The name is shortened: a stranger chose it.
    fn unknown(name: &str) -> Self {
        Self::UnknownEvent(name.escape_debug().take(64).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(body: &str) -> Result<Event<'_>, EventError> {
        Event::find(body.as_bytes())
    }

    #[test]
    fn finds_the_parts_where_they_are() {
        let body = r#" {"payload" : {"a":[1.0]} ,"x":1,"options":{}, "event":{"name":"message_processed","y":2}} "#;
        let event = find(body).unwrap();
        assert_eq!(event.kind, EventKind::MessageProcessed);
        assert_eq!(event.payload(), r#"{"a":[1.0]}"#);
        assert_eq!(event.options, "{}");
        let escaped = r#"{"payload":{},"event":{"name":"message\u005fprocessed"}}"#;
        assert_eq!(find(escaped).unwrap().options, "{}");
    }

    #[test]
    fn a_stranger_beside_the_parts_may_have_any_key() {
        // Half a surrogate pair is no character, and still JSON.
        let body = r#"{"\ud800":1,"payload":{"\ud800":"\ud800"},"event":{"\udfff":2,"name":"message_processed"}}"#;
        assert_eq!(find(body).unwrap().payload(), r#"{"\ud800":"\ud800"}"#);
        let with = |key: &str| {
            format!(
                r#"{{"event":{{"{key}":1,"name":"message_processed"}},"{key}":1,"payload":{{}}}}"#
            )
        };
        assert!(find(&with("\\u000a")).is_ok());
        let error = find(&with("\n")).unwrap_err();
        assert!(matches!(error, EventError::NotJson(_)), "{error}");
    }

    #[test]
    fn only_the_payload_changes() {
        let body = r#"{"payload" : {"a":1} , "x":2, "event":{"name":"message_processed"}}"#;
        assert_eq!(
            find(body).unwrap().with_payload("{}"),
            r#"{"payload" : {} , "x":2, "event":{"name":"message_processed"}}"#
        );
    }

    #[test]
    fn says_what_is_wrong() {
        let cases = [
            ("", "not JSON: EOF while parsing"),
            ("nonsense", "not JSON: expected"),
            (r#"{"event":"#, "not JSON: EOF while parsing"),
            (
                r#"{"event":{"name":"message_processed"},"payload":{}} x"#,
                "trailing characters",
            ),
            ("[]", "not a webhook event"),
            (
                r#"[{"name":"message_processed"},{},{}]"#,
                "not a webhook event: it is an array, not an object",
            ),
            ("7", "not a webhook event: it is a number, not an object"),
            ("{}", "`event` is missing"),
            (
                r#"{"event":{"name":"message_processed"}}"#,
                "`payload` is missing",
            ),
            (
                r#"{"event":{"name":"message_processed"},"payload":null}"#,
                "`payload` is missing",
            ),
            (
                r#"{"event":{"name":"message_processed"},"payload":[]}"#,
                "`payload` is not an object",
            ),
            (r#"{"event":7,"payload":{}}"#, "`event` is not an object"),
            (
                r#"{"event":{},"payload":{}}"#,
                "`event.name, a string,` is missing",
            ),
            (
                r#"{"event":{"name":7},"payload":{}}"#,
                "`event.name, a string,` is missing",
            ),
            (
                r#"{"event":{"name":"message_processed"},"options":1,"payload":{}}"#,
                "`options` is not an object",
            ),
            (
                r#"{"event":{"name":"x"},"event":{},"payload":{}}"#,
                "duplicate field `event`",
            ),
            (
                r#"{"event":{"name":"pre_run"},"payload":{}}"#,
                "`pre_run` is not served here; served: message_received, message_processed, message_logged, cdr_logged",
            ),
            (
                r#"{"event":{"name":"dialog"},"payload":{}}"#,
                "`dialog` is not served here",
            ),
        ];
        for (body, expected) in cases {
            let error = find(body).unwrap_err().to_string();
            assert!(error.contains(expected), "{body}: {error}");
        }
        let error = Event::find(b"{\"event\":\"\xff\"}").unwrap_err();
        assert_eq!(error, EventError::NotUtf8(10));
    }

    #[test]
    fn an_object_without_an_event_may_be_a_dialogs() {
        let body = br#" {"city": "Bonn", "options": 1} "#;
        let event = Event::find_with_dialog(body).unwrap();
        assert_eq!(event.kind, EventKind::Dialog);
        assert_eq!(event.payload(), r#"{"city": "Bonn", "options": 1}"#);
        assert_eq!(event.with_payload("{}"), " {} ");
        assert_eq!(Event::find(body).unwrap_err(), EventError::Missing("event"));
        // Whatever has a part of an envelope is an envelope.
        let half = br#"{"payload": {}}"#;
        let error = Event::find_with_dialog(half).unwrap_err();
        assert_eq!(error, EventError::Missing("event"));
    }

    #[test]
    fn an_unknown_name_is_shortened_and_escaped() {
        let body = format!(
            r#"{{"event":{{"name":"\n{}"}},"payload":{{}}}}"#,
            "x".repeat(500)
        );
        let EventError::UnknownEvent(name) = find(&body).unwrap_err() else {
            panic!("another error");
        };
        assert_eq!(name, format!("\\n{}", "x".repeat(62)));
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
        let body =
            format!(r#"{{"event":{{"name":"message_processed"}},"payload":{{"a":{deep}}}}}"#);
        assert!(find(&body).is_ok());
    }
}
