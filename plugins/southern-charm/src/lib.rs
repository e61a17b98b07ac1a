//! Gives every text of an answer a southern ending: `Hello.` becomes `Hello, y'all.`

#![no_std]

use retort_sdk::prelude::*;
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

/// Changes every text whose response type is `text` or unknown.
///
/// # Errors
/// None.
pub fn transform(invocation: &Invocation<Settings>, text: &Text) -> Result<Option<String>> {
    if text.response_type().is_some_and(|kind| kind != "text") {
        return Ok(None);
    }
    Ok(charm(text, &invocation.settings.suffix))
}

retort_sdk::export_texts!(transform);

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
    Some([kept, suffix].concat())
}

#[cfg(test)]
mod tests {
    use retort_sdk::testing::{Call, example};
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
    fn every_text_changes_and_nothing_else() {
        let payload = r#"{ "output": {"generic":[{"response_type":"text","text":"Hi."},
            {"response_type":"option","title":"Pick.", "text":"one."},{"response_type":"text","text":""},
            {"response_type":"text","text":7},3,{"text":"no type."},
            {"n":1.0e2,"text":"B\u00fce!","response_type":"text"}],"x":1.50}}"#;
        let expected = r#"{ "output": {"generic":[{"response_type":"text","text":"Hi, y'all."},
            {"response_type":"option","title":"Pick.", "text":"one."},{"response_type":"text","text":""},
            {"response_type":"text","text":7},3,{"text":"no type, y'all."},
            {"n":1.0e2,"text":"Büe, y'all.","response_type":"text"}],"x":1.50}}"#;
        let result = Call::new().texts_result(transform, payload);
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
            let result = Call::new().texts_result(transform, payload);
            assert_eq!(result.as_deref(), Ok(payload));
        }
        assert_eq!(Call::new().text(transform, " \n"), Ok(None));
    }

    #[test]
    fn the_suffix_is_a_setting() {
        let call = Call::new().settings(json!({"suffix": ", folks!"}));
        assert_eq!(
            call.text(transform, "Hi!"),
            Ok(Some("Hi, folks!".to_owned()))
        );
        for settings in [json!({"sufix": ""}), json!({"suffix": 1}), json!([1, 2])] {
            match Call::new().settings(settings).text(transform, "Hi!") {
                Err(Failure::Failed(message)) => {
                    assert!(message.starts_with("the stage's settings: "), "{message}");
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn the_example_in_the_readme_is_true() {
        let [before, after] = example(include_str!("../README.md")).unwrap();
        let result = Call::new().texts_result(transform, before);
        assert_eq!(result.as_deref(), Ok(after));
    }
}
