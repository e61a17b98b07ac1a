//! Answers with what the settings say, to the byte, and is the one tame guest here:
//! what comes of it is up to the test.
//!
//! Settings: `as` is `unchanged`, `replaced` (the default), `merge-patch` or
//! `json-patch`; `value` is what to return: a string is returned unquoted, so that
//! it can be anything, and other JSON as it stands; without it, the payload as it
//! came. `{"as": "invocation"}` returns all that the guest was given.

use bare::{Answer, Invocation, Outcome, Settings};
use serde_json::{Value, json};

bare::guest!(transform);

fn transform(invocation: Invocation, payload: String) -> Answer {
    let settings = Settings::of(&invocation);
    let kind = settings.text("as").unwrap_or_else(|| "replaced".to_owned());
    if kind == "invocation" {
        return Ok(Outcome::Replaced(report(&invocation, &payload).to_string()));
    }
    let value = match settings.raw("value") {
        None => payload,
        Some(raw) => serde_json::from_str::<String>(raw).unwrap_or_else(|_| raw.to_owned()),
    };
    Ok(match kind.as_str() {
        "unchanged" => Outcome::Unchanged,
        "replaced" => Outcome::Replaced(value),
        "merge-patch" => Outcome::MergePatch(value),
        "json-patch" => Outcome::JsonPatch(value),
        other => bare::unknown!(other),
    })
}

fn report(invocation: &Invocation, payload: &str) -> Value {
    let parsed = |text: &str| serde_json::from_str::<Value>(text).expect("the host sends JSON");
    json!({
        "tenant": invocation.tenant,
        "assistant": invocation.assistant,
        "request_id": invocation.request_id,
        "event": invocation.event,
        "options": parsed(&invocation.options),
        "settings": parsed(&invocation.settings),
        "milliseconds_left": invocation.milliseconds_left,
        "payload": parsed(payload),
    })
}
