//! What serde_json makes of a text, with what it cannot represent set apart.

use serde::de::IgnoredAny;
use serde_json::Value;

/// Whether a text is JSON. Nothing is built of it, so any depth, any number and half a
/// surrogate pair are fine, as they are in RFC 8259.
pub(crate) fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The tree of a text; nothing for what serde_json cannot hold: other than JSON, more than
/// 128 levels, numbers beyond a double, half a surrogate pair.
pub(crate) fn tree(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// Whether every number in it is a whole one of 64 bits. Retort compares numbers by their
/// value, serde_json by their representation: only of these, both think the same.
pub(crate) fn has_plain_numbers(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_i64() || number.is_u64(),
        Value::Array(elements) => elements.iter().all(has_plain_numbers),
        Value::Object(members) => members.values().all(has_plain_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}
