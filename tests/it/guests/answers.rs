//! Guests that answer with what no answer may be, or lie about where it is.

use super::{Hostile, TAME, faults, payload};
use crate::support::Host;
use serde_json::json;

#[test]
pub(super) fn answers_nonsense() {
    faults(
        "plugin = \"text:answers-nonsense\"",
        "trapped",
        &["unexpected discriminant: 9"],
    );
}

#[test]
pub(super) fn answers_elsewhere() {
    faults(
        "plugin = \"text:answers-elsewhere\"",
        "trapped",
        &["trapped: pointer out of bounds of memory"],
    );
}

#[test]
pub(super) fn answers_unaligned() {
    faults(
        "plugin = \"text:answers-unaligned\"",
        "trapped",
        &["return pointer not aligned"],
    );
}

#[test]
pub(super) fn answers_overflow() {
    faults(
        "plugin = \"text:answers-overflow\"",
        "trapped",
        &["string pointer/length out of bounds of memory"],
    );
}

#[test]
pub(super) fn answers_surrogates() {
    faults(
        "plugin = \"text:answers-surrogates\"",
        "trapped",
        &["unpaired surrogate found: d800"],
    );
}

#[test]
pub(super) fn answers_utf16() {
    let host = Host::with_stages(r#"{ plugin = "text:answers-utf16" }"#);
    assert_eq!(payload(&host.call("a").send()), json!({ "a": "\u{1F600}" }));
    let answer = host.call("a").payload(TAME).send();
    assert_eq!(payload(&answer), json!({ "tame": 1 }));
}

#[test]
pub(super) fn puts_elsewhere() {
    Hostile::default()
        .always_faults(
            "plugin = \"text:puts-elsewhere\"",
            "trapped",
            &["realloc return: beyond end of memory"],
        )
        .check();
}

#[test]
pub(super) fn puts_unaligned() {
    Hostile::default()
        .always_faults(
            "plugin = \"text:puts-unaligned\"",
            "trapped",
            &["realloc return: result not aligned"],
        )
        .check();
}

#[test]
pub(super) fn forges_text() {
    Hostile::default()
        .faults("plugin = \"forges-text\"", "trapped", &["invalid utf-8"])
        .faults(
            "plugin = \"forges-text\", settings = { how = \"outside-memory\" }",
            "trapped",
            &["string pointer/length out of bounds of memory"],
        )
        .check();
}

#[test]
pub(super) fn returns_non_json() {
    let mut hostile = Hostile::default();
    for (how, words) in [
        ("text", "expected ident"),
        ("empty", "EOF while parsing"),
        ("array", "has to be an object"),
        ("cut-off", "EOF while parsing"),
        ("two", "trailing characters"),
        ("nan", "expected value"),
    ] {
        let stage = format!("plugin = \"returns-non-json\", settings = {{ how = \"{how}\" }}");
        hostile = hostile.faults(&stage, "output-not-json", &[words]);
    }
    hostile.check();
    // Deep nesting is legal JSON; it costs the host no stack.
    let host = Host::with_stages(r#"{ plugin = "returns-non-json", settings = { how = "deep" } }"#);
    let answer = host.call("a").send();
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains(&"[".repeat(100_000)));
}

#[test]
pub(super) fn returns_too_much() {
    let mut hostile = Hostile::default();
    for how in ["replaced", "merge-patch"] {
        let stage = format!(
            "plugin = \"returns-too-much\", settings = {{ bytes = 70_000, how = \"{how}\" }}, limits = {{ output = \"64KiB\" }}"
        );
        hostile = hostile.faults(
            &stage,
            "output-too-large",
            &["returned more than 65536 bytes"],
        );
    }
    // So much that the host must not even copy it.
    hostile
        .faults(
            "plugin = \"returns-too-much\"",
            "output-too-large",
            &["returned more than 4000000 bytes"],
        )
        .check();
}

#[test]
pub(super) fn answers_texts() {
    let host = Host::with_stages(r#"{ plugin = "answers-texts" }"#);
    let payload = r#"{"output": {"generic": [{"text": "a\"b", "response_type":"text"}, {"text":"\ud800"}]} , "n": 1.50}"#;
    let answer = host.call("a").payload(payload).send();
    let given = |pointer: &str, value: &str, kind: Option<&str>| {
        json!({ "pointer": pointer, "value": value, "response_type": kind }).to_string()
    };
    assert_eq!(
        answer.texts(),
        [
            given("/output/generic/0/text", "a\"b", Some("text")),
            given("/output/generic/1/text", "\u{FFFD}", None),
        ]
    );
    let answer = answer.text();
    assert!(
        answer.contains(r#"response_type":"text"}, {"text":"#),
        "{answer}"
    );
    assert!(answer.ends_with(r#"}]} , "n": 1.50}}"#), "{answer}");
    let mut hostile = Hostile::default();
    // As many as there are texts, neither fewer nor more.
    for (answers, count) in [("", 0), (r#""a", "b""#, 2)] {
        let stage = format!("plugin = \"answers-texts\", settings = {{ answers = [{answers}] }}");
        let words = format!("returned {count} texts for 1");
        hostile = hostile.faults(&stage, "texts-mismatch", &[&words]);
    }
    for length in [2_000, 5_000_000] {
        let stage = format!(
            "plugin = \"answers-texts\", settings = {{ length = {length} }}, limits = {{ output = \"2kB\" }}"
        );
        hostile = hostile.faults(&stage, "output-too-large", &["returned more than"]);
    }
    // A list that takes more room than a large answer, though nothing is in it.
    hostile
        .faults(
            "plugin = \"answers-texts\", settings = { nulls = 1_000_000 }",
            "output-too-large",
            &["returned more than 4000000 bytes"],
        )
        .faults(
            "plugin = \"answers-texts\", settings = { nulls = 1_000 }",
            "texts-mismatch",
            &["returned 1000 texts for 1"],
        )
        .check();
}

#[test]
pub(super) fn lists_elsewhere() {
    faults(
        "plugin = \"text:lists-elsewhere\"",
        "trapped",
        &["list pointer/length out of bounds of memory"],
    );
}

#[test]
pub(super) fn lists_unaligned() {
    faults(
        "plugin = \"text:lists-unaligned\"",
        "trapped",
        &["list pointer is not aligned"],
    );
}

#[test]
pub(super) fn lists_overflow() {
    faults(
        "plugin = \"text:lists-overflow\"",
        "trapped",
        &["list pointer/length out of bounds of memory"],
    );
}

#[test]
pub(super) fn repeats_itself() {
    faults(
        "plugin = \"text:repeats-itself\"",
        "output-too-large",
        &["returned more than 4000000 bytes"],
    );
}
