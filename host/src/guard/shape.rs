//! What an item needs, by its response type.
//!
//! The table is the required members of the vendor's v2 message response, as the
//! models `RuntimeResponseGeneric…` of its API reference and SDKs have them. It is
//! meant to find what is broken, not to be complete: optional members are not looked
//! at, nor items within items (such as a card's), further members are always all
//! right, and an item of a type that is not in the table passes as it is.

use super::cursor::{Cursor, Kind, characters, members};
use super::violation::{Misfit, Violation};

/// Names of members and of what kind they have to be.
type Needs = &'static [(&'static str, Kind)];

const KNOWN: [(&str, Needs); 11] = [
    ("text", &[("text", Kind::String)]),
    (
        "option",
        &[("title", Kind::String), ("options", Kind::Array)],
    ),
    ("image", SOURCE),
    ("video", SOURCE),
    ("audio", SOURCE),
    ("iframe", SOURCE),
    ("pause", &[("time", Kind::Number)]),
    (
        "suggestion",
        &[("title", Kind::String), ("suggestions", Kind::Array)],
    ),
    (
        "search",
        &[
            ("header", Kind::String),
            ("primary_results", Kind::Array),
            ("additional_results", Kind::Array),
        ],
    ),
    ("user_defined", &[("user_defined", Kind::Object)]),
    (
        "channel_transfer",
        &[
            ("message_to_user", Kind::String),
            ("transfer_info", Kind::Object),
        ],
    ),
];

const SOURCE: Needs = &[("source", Kind::String)];

/// Of each of the `options` of an item of the type option.
const CHOICE: Needs = &[("label", Kind::String), ("value", Kind::Object)];

/// Judges the item at a position of `output.generic`.
pub(super) fn check(index: usize, item: &str) -> Result<(), Violation> {
    let at = || format!("/output/generic/{index}");
    let item = object(item, at)?;
    let name = last(&item, "response_type").filter(|value| kind(value) == Some(Kind::String));
    let Some(name) = name.map(characters) else {
        return Err(shape(at(), Misfit::NoResponseType));
    };
    let Some((name, needs)) = KNOWN.iter().find(|(known, _)| *known == name) else {
        return Ok(());
    };
    if let Some((member, kind)) = missing(&item, needs) {
        let what = name;
        return Err(shape(at(), Misfit::Member { member, kind, what }));
    }
    if *name != "option" {
        return Ok(());
    }
    let mut choices = Cursor::new(last(&item, "options").unwrap_or_default());
    choices.enter();
    let mut count = 0_usize;
    while choices.element() {
        let at = || format!("/output/generic/{index}/options/{count}");
        let choice = object(choices.value(), at)?;
        if let Some((member, kind)) = missing(&choice, CHOICE) {
            return Err(shape(at(), Misfit::Choice { member, kind }));
        }
        count += 1;
    }
    Ok(())
}

/// The first member that is absent or of another kind, and of which kind it should be.
fn missing(item: &Members<'_>, needs: Needs) -> Option<(&'static str, &'static str)> {
    let lacks =
        |(member, needed): &&(&str, Kind)| last(item, member).and_then(kind) != Some(*needed);
    let (member, needed) = needs.iter().find(lacks)?;
    Some((member, needed.name()))
}

type Members<'a> = [(&'a str, &'a str)];

fn object(text: &str, at: impl Fn() -> String) -> Result<Vec<(&str, &str)>, Violation> {
    match kind(text) {
        Some(Kind::Object) => Ok(members(text)),
        _ => Err(shape(at(), Misfit::NotAnObject)),
    }
}

fn shape(at: String, misfit: Misfit) -> Violation {
    Violation::Shape { at, misfit }
}

/// The value of the last member with this name, which is the one that counts.
fn last<'a>(item: &Members<'a>, name: &str) -> Option<&'a str> {
    let mut from_last = item.iter().rev();
    let (_, value) = from_last.find(|(key, _)| characters(key) == name)?;
    Some(value)
}

fn kind(value: &str) -> Option<Kind> {
    Cursor::new(value).kind()
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Array => "an array",
            Self::String => "a string",
            Self::Number => "a number",
            Self::Word => "true, false or null",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each type needs, and an item that has it.
    const SOUND: [&str; 16] = [
        r#"{"response_type":"text","text":""}"#,
        r#"{"response_type":"text","text":"Hi","selection_policy":"random","values":[1]}"#,
        r#"{"text":"x","response_type":"\u0074ext"}"#,
        r#"{"response_type":"option","title":"t","options":[]}"#,
        r#"{"response_type":"option","title":"t","options":[{"label":"l","value":{}},
            {"value":{"input":{}},"label":"l","more":1}]}"#,
        r#"{"response_type":"image","source":"x"}"#,
        r#"{"response_type":"video","source":"x"}"#,
        r#"{"response_type":"audio","source":"x"}"#,
        r#"{"response_type":"iframe","source":"x"}"#,
        r#"{"response_type":"pause","time":1e3}"#,
        r#"{"response_type":"suggestion","title":"t","suggestions":[]}"#,
        r#"{"response_type":"search","header":"h","primary_results":[],"additional_results":[]}"#,
        r#"{"response_type":"user_defined","user_defined":{}}"#,
        r#"{"response_type":"channel_transfer","message_to_user":"m","transfer_info":{}}"#,
        r#"{"response_type":"connect_to_agent"}"#,
        r#"{"response_type":"date"}"#,
    ];

    #[test]
    fn sound_items_pass() {
        for item in SOUND {
            assert_eq!(check(0, item), Ok(()), "{item}");
        }
    }

    #[test]
    fn every_needed_member_is_missed() {
        for (name, needs) in KNOWN {
            for (absent, _) in needs {
                let value = |kind| match kind {
                    Kind::Object => "{}",
                    Kind::Array => "[]",
                    Kind::String => "\"\"",
                    Kind::Number | Kind::Word => "1",
                };
                let mut without = format!(r#"{{"response_type":"{name}""#);
                for (member, kind) in needs.iter().filter(|(member, _)| member != absent) {
                    without += &format!(r#","{member}":{}"#, value(*kind));
                }
                let wrong = format!(r#"{without},"{absent}":null}}"#);
                for item in [without + "}", wrong] {
                    let Err(Violation::Shape { at, misfit }) = check(7, &item) else {
                        panic!("{item}")
                    };
                    assert_eq!(at, "/output/generic/7");
                    let Misfit::Member { member, what, .. } = misfit else {
                        panic!("{misfit}")
                    };
                    assert_eq!((member, what), (*absent, name));
                }
            }
        }
    }

    #[test]
    fn each_option_needs_a_label_and_a_value() {
        for (options, expected) in [
            (
                "{}",
                "0 needs a member `options` that is an array, because it is an item of the type option",
            ),
            ("[1]", "0/options/0 has to be an object"),
            (
                r#"[{"value":{}}]"#,
                "0/options/0 needs a member `label` that is a string, because it is one of the options",
            ),
            (
                r#"[{"label":"l","value":{}},{"label":1,"value":{}}]"#,
                "0/options/1 needs a member `label` that is a string, because it is one of the options",
            ),
            (
                r#"[{"label":"l","value":"v"}]"#,
                "0/options/0 needs a member `value` that is an object, because it is one of the options",
            ),
        ] {
            let item = format!(r#"{{"response_type":"option","title":"","options":{options}}}"#);
            let error = check(0, &item).unwrap_err().to_string();
            assert_eq!(error, format!("/output/generic/{expected}"));
        }
    }

    #[test]
    fn unknown_types_pass_and_absent_ones_do_not() {
        for item in [
            r#"{"response_type":"hologram"}"#,
            r#"{"response_type":""}"#,
            r#"{"response_type":"Text"}"#,
            r#"{"response_type":1,"response_type":"date"}"#,
        ] {
            assert_eq!(check(0, item), Ok(()), "{item}");
        }
        for item in [
            "{}",
            r#"{"response_type":null}"#,
            r#"{"a":{"response_type":"date"}}"#,
        ] {
            let Err(Violation::Shape { misfit, .. }) = check(0, item) else {
                panic!("{item}")
            };
            assert_eq!(misfit, Misfit::NoResponseType);
        }
        for item in ["null", "[]", "\"text\"", "1"] {
            let Err(Violation::Shape { misfit, .. }) = check(0, item) else {
                panic!("{item}")
            };
            assert_eq!(misfit, Misfit::NotAnObject);
        }
    }

    #[test]
    fn the_last_of_two_members_counts() {
        let item = r#"{"response_type":"text","text":"x","text":1}"#;
        assert!(check(0, item).is_err());
        let item = r#"{"response_type":"text","text":1,"text":"x"}"#;
        assert_eq!(check(0, item), Ok(()));
    }
}
