//! A request's body. The oracle is serde_json.

use crate::json::{is_json, tree};
use retort::event::{Event, EventError, EventKind};
use serde_json::Value;

/// Takes the bytes as a body.
///
/// # Panics
/// The event that was found is not what serde_json sees, one was found in what is not
/// JSON, an event was not found, or a payload put back is not in its place.
pub fn run(data: &[u8]) {
    let text = std::str::from_utf8(data).ok();
    match Event::find(data) {
        Ok(event) => {
            let text = text.expect("only UTF-8 is an event");
            assert!(is_json(text), "an event in what is not JSON");
            check_parts(&event, text);
            check_places(&event, text);
        }
        Err(EventError::NotUtf8(at)) => {
            let error = std::str::from_utf8(data).expect_err("it is said not to be UTF-8");
            assert_eq!(at, error.valid_up_to());
        }
        Err(EventError::NotJson(_)) => assert!(!text.is_some_and(is_json), "it is JSON"),
        // A member that is there twice is found before the end was looked at.
        Err(EventError::NotAnEvent(_)) => assert!(text.is_some(), "it is not UTF-8"),
        Err(_) => assert!(text.is_some_and(is_json), "it is not JSON"),
    }
    check_dialog(data);
    // What is refused in these bytes (a member that is there twice) may not be refused
    // once it is written plainly.
    if let Some(value) = text.and_then(tree) {
        let plain = value.to_string();
        assert_eq!(Event::find(plain.as_bytes()).is_ok(), is_event(&value));
    }
}

/// A dialog's object is what has neither an event nor a payload, and nothing else.
fn check_dialog(data: &[u8]) {
    let (found, with_dialog) = (Event::find(data), Event::find_with_dialog(data));
    let Some(event) = with_dialog
        .as_ref()
        .ok()
        .filter(|event| event.kind == EventKind::Dialog)
    else {
        assert_eq!(found, with_dialog, "an envelope is one for everybody");
        return;
    };
    assert_eq!(found, Err(EventError::Missing("event")));
    assert!(is_json(event.body), "a dialog in what is not JSON");
    assert_eq!(event.payload(), event.body.trim_ascii());
    assert_eq!(event.with_payload(event.payload()), event.body);
    if let Some(whole) = tree(event.body) {
        assert!(whole.is_object());
        assert!(whole["event"].is_null() && whole["payload"].is_null());
    }
}

/// Compares what was found with what serde_json makes of the whole.
fn check_parts(event: &Event<'_>, text: &str) {
    for part in [event.payload(), event.options] {
        assert!(part.starts_with('{') && part.ends_with('}') && is_json(part));
    }
    let Some(whole) = tree(text) else { return };
    assert!(is_event(&whole), "an event in what is none");
    assert_eq!(whole["event"]["name"], event.kind.name());
    assert_eq!(Some(&whole["payload"]), tree(event.payload()).as_ref());
    let options = tree(event.options).expect("the whole is a tree");
    match whole.get("options") {
        None | Some(Value::Null) => assert_eq!(event.options, "{}"),
        Some(expected) => assert_eq!(*expected, options),
    }
}

/// Puts payloads into the event's place.
fn check_places(event: &Event<'_>, text: &str) {
    assert_eq!(event.body, text);
    assert_eq!(event.with_payload(event.payload()), text);
    assert_eq!(event.around() + event.payload().len(), text.len());
    let other = event.with_payload(r#"{"other":[1]}"#);
    let found = Event::find(other.as_bytes()).expect("only the payload is another");
    assert_eq!(found.payload(), r#"{"other":[1]}"#);
    assert_eq!((found.kind, found.options), (event.kind, event.options));
    assert_eq!(found.with_payload(event.payload()), text);
}

/// What a webhook's event is, said of a tree.
fn is_event(body: &Value) -> bool {
    let name = body.get("event").filter(|event| event.is_object());
    let name = name.and_then(|event| event.get("name")?.as_str());
    name.is_some_and(|name| name != "dialog" && EventKind::named(name).is_some())
        && body.get("payload").is_some_and(Value::is_object)
        && body
            .get("options")
            .is_none_or(|options| options.is_object() || options.is_null())
}
