//! What the plugin `southern-charm` does, as somebody writes it who has the whole
//! document as a tree. It is the transform of the peers that are written in Rust.

use serde_json::Value;

/// Puts the suffix in the place of the last mark of every text in a webhook's body.
/// What is not there is not changed.
pub fn transform(document: &mut Value, suffix: &str) {
    let items = document
        .pointer_mut("/payload/output/generic")
        .and_then(Value::as_array_mut);
    for item in items.into_iter().flatten() {
        if item.get("response_type").and_then(Value::as_str) != Some("text") {
            continue;
        }
        if let Some(Value::String(text)) = item.get_mut("text")
            && let Some(charmed) = charm(text, suffix)
        {
            *text = charmed;
        }
    }
}

/// The plugin's own marks.
const MARKS: [char; 23] = [
    '.', '!', '?', '…', '‼', '⁇', '⁈', '⁉', '‽', '。', '｡', '．', '！', '？', '؟', '۔', '।', '॥',
    '։', '።', '፧', '။', '។',
];

fn charm(text: &str, suffix: &str) -> Option<String> {
    let text = text.trim_end();
    if text.is_empty() {
        return None;
    }
    let kept = text.strip_suffix(MARKS).map_or(text, str::trim_end);
    Some(format!("{kept}{suffix}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_change_and_nothing_else() {
        let mut document = json!({"payload": {"output": {"generic": [
            {"response_type": "text", "text": "Hello. "},
            {"response_type": "text", "text": "Really?!"},
            {"response_type": "text", "text": " "},
            {"response_type": "option", "text": "Hello."}]}}});
        transform(&mut document, ", y'all.");
        let generic = document.pointer("/payload/output/generic").unwrap();
        let expected = json!([
            {"response_type": "text", "text": "Hello, y'all."},
            {"response_type": "text", "text": "Really?, y'all."},
            {"response_type": "text", "text": " "},
            {"response_type": "option", "text": "Hello."}]);
        assert_eq!(*generic, expected);
    }
}
