//! A document without what may be written in it.

use crate::json::tree;
use serde_json::Value;

/// Stands for an element that may be written.
const MASK: &str = "\u{1}may be written";

/// Compares two payloads outside of what may be written.
///
/// # Panics
/// They differ there.
pub(super) fn check(before: &str, after: &str, writes: &[&str]) {
    if let (Some(before), Some(after)) = (tree(before), tree(after)) {
        let (before, after) = (masked(&before, writes), masked(&after, writes));
        assert_eq!(before, after, "changed outside of what may be written");
    }
}

/// The document without the places that these patterns name; everything without one.
pub(super) fn masked(document: &Value, writes: &[&str]) -> Value {
    if writes.is_empty() {
        return Value::Null;
    }
    let patterns = writes.iter().map(|text| tokens(text)).collect();
    without(document, patterns)
}

fn tokens(pattern: &str) -> Vec<String> {
    let tokens = pattern.split('/').skip(1);
    tokens
        .map(|token| token.replace("~1", "/").replace("~0", "~"))
        .collect()
}

/// `patterns` are what is left of them at this place; none of them is empty.
fn without(value: &Value, patterns: Vec<Vec<String>>) -> Value {
    let child = |key: &str, child: &Value| {
        let onward = patterns
            .iter()
            .filter(|tokens| tokens[0] == "*" || tokens[0] == key);
        let onward: Vec<_> = onward.map(|tokens| tokens[1..].to_vec()).collect();
        let ends = onward.iter().any(Vec::is_empty);
        (!ends).then(|| without(child, onward))
    };
    match value {
        Value::Object(members) => {
            let kept = members
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), child(key, value)?)));
            Value::Object(kept.collect())
        }
        Value::Array(elements) => {
            let kept = elements.iter().enumerate().map(|(index, value)| {
                child(&index.to_string(), value).unwrap_or_else(|| MASK.into())
            });
            let mut kept: Vec<_> = kept.collect();
            // Such elements may be added at the end, and taken away there.
            while kept.last().is_some_and(|last| last == MASK) {
                kept.pop();
            }
            Value::Array(kept)
        }
        other => other.clone(),
    }
}
