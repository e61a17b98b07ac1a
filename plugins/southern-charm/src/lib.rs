//! Gives every text of an answer a southern ending: `Hello.` becomes `Hello, y'all.`

use retort_sdk::{Invocation, Payload, Result};
use serde::Deserialize;

/// What the operator may set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// What is put in the place of the last punctuation mark.
    pub suffix: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            suffix: ", y'all.".to_owned(),
        }
    }
}

/// Changes every item whose `response_type` is `text`.
///
/// # Errors
/// None of its own; see [`Item::set_text`](retort_sdk::Item::set_text).
pub fn transform(invocation: &Invocation<Settings>, payload: &mut Payload<'_>) -> Result<()> {
    for mut item in payload.items() {
        if !item.is_text() {
            continue;
        }
        if let Some(text) = item.text()
            && let Some(charmed) = charm(&text, &invocation.settings.suffix)
        {
            item.set_text(&charmed)?;
        }
    }
    Ok(())
}

retort_sdk::export!(transform);

/// The marks that end a sentence, in the scripts that have some of their own.
const MARKS: [char; 23] = [
    '.', '!', '?', '…', // Latin, Greek, Cyrillic
    '‼', '⁇', '⁈', '⁉', '‽', // two in one
    '。', '｡', '．', '！', '？', // Chinese, Japanese
    '؟', '۔', // Arabic, Urdu
    '।', '॥', // Devanagari and its neighbours
    '։', // Armenian
    '።', '፧', // Ethiopic
    '။', '។', // Burmese, Khmer
];

/// The text with the suffix in the place of its last mark; nothing for a text without
/// any character but white space.
fn charm(text: &str, suffix: &str) -> Option<String> {
    let text = text.trim_end();
    if text.is_empty() {
        return None;
    }
    // One mark and no more, as in the vendor's example: `Well...` keeps two. The space
    // before it, which French wants, goes with it.
    let kept = match text.strip_suffix(MARKS) {
        Some(before) => before.trim_end(),
        None => text,
    };
    Some(format!("{kept}{suffix}"))
}

#[cfg(test)]
mod tests {
    use retort_sdk::{Failure, Outcome, testing::Call};
    use serde_json::json;

    use super::*;

    #[test]
    fn one_mark_makes_way_for_the_suffix() {
        let cases = [
            ("Hello. Good evening", "Hello. Good evening, y'all."),
            ("Hello.", "Hello, y'all."),
            ("Really?!", "Really?, y'all."),
            ("Well...", "Well.., y'all."),
            ("Well…", "Well, y'all."),
            ("Bonjour !", "Bonjour, y'all."),
            ("你好。", "你好, y'all."),
            ("नमस्ते।", "नमस्ते, y'all."),
            ("مرحبا؟", "مرحبا, y'all."),
            ("Hi 👋🏽", "Hi 👋🏽, y'all."),
            ("Hi 👨‍👩‍👧.", "Hi 👨‍👩‍👧, y'all."),
            ("Café", "Café, y'all."),
            ("Hello. \n", "Hello, y'all."),
            ("(Hello.)", "(Hello.), y'all."),
            (".", ", y'all."),
        ];
        for (text, expected) in cases {
            assert_eq!(charm(text, ", y'all.").as_deref(), Some(expected), "{text}");
        }
        for empty in ["", " \n\u{3000}"] {
            assert_eq!(charm(empty, ", y'all."), None);
        }
    }

    #[test]
    fn every_text_item_changes_and_nothing_else() {
        let payload = r#"{ "output": {"generic":[{"response_type":"text","text":"Hi."},
            {"response_type":"option","title":"Pick.", "text":"one."},{"response_type":"text","text":""},
            {"response_type":"text","text":7},3,{"text":"no type."},
            {"n":1.0e2,"text":"B\u00fce!","response_type":"text"}],"x":1.50}}"#;
        let expected = r#"{"output":{"generic":[{"response_type":"text","text":"Hi, y'all."},{"response_type":"option","title":"Pick.", "text":"one."},{"response_type":"text","text":""},{"response_type":"text","text":7},3,{"text":"no type."},{"n":1.0e2,"text":"Büe, y'all.","response_type":"text"}],"x":1.50}}"#;
        let result = Call::new().result(transform, payload);
        assert_eq!(result.as_deref(), Ok(expected));
    }

    #[test]
    fn a_payload_without_texts_is_unchanged() {
        for payload in [
            "{}",
            r#"{"output":null}"#,
            r#"{"output":{"generic":{}}}"#,
            r#"{"output":{"generic":[ {"response_type":"text","text":""} ]}}"#,
            "[]",
        ] {
            let outcome = Call::new().outcome(transform, payload);
            assert_eq!(outcome, Ok(Outcome::Unchanged), "{payload}");
        }
    }

    #[test]
    fn the_suffix_is_a_setting() {
        let payload = r#"{"output":{"generic":[{"response_type":"text","text":"Hi!"}]}}"#;
        let call = Call::new().settings(json!({"suffix": ", folks!"}));
        let result = call.result(transform, payload);
        assert!(result.is_ok_and(|json| json.contains("\"Hi, folks!\"")));
        for settings in [json!({"sufix": ""}), json!({"suffix": 1}), json!([1, 2])] {
            match Call::new().settings(settings).outcome(transform, payload) {
                Err(Failure::Failed(message)) => {
                    assert!(message.starts_with("the stage's settings: "), "{message}");
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn the_example_in_the_readme_is_true() {
        let blocks = include_str!("../README.md").split("```");
        let examples: Vec<_> = blocks
            .filter_map(|block| block.strip_prefix("json\n"))
            .collect();
        let [before, after] = examples[..] else {
            panic!("{examples:?}")
        };
        let call = Call::new();
        assert_eq!(
            call.result(transform, before).as_deref(),
            Ok(after.trim_end())
        );
    }
}
