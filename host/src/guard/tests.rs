//! The guard as a whole. What its parts do has tests beside them.

mod hostile;
mod texts;

use super::*;

const PAYLOAD: &str = include_str!("../../../tests/payloads/response-types.json");

fn guard(origins: &[&str]) -> Guard {
    let origins = origins.iter().map(|text| Origin::parse(text).unwrap());
    Guard {
        answer_bytes: None,
        shapes: false,
        origins: Some(origins.collect()),
    }
}

/// An operator who allows `https://good.example` and everything below it.
fn good() -> Guard {
    guard(&["https://good.example", "https://*.good.example"])
}

fn payload(items: &[&str]) -> String {
    format!(r#"{{"output":{{"generic":[{}]}}}}"#, items.join(","))
}

fn item(member: &str, text: &str) -> String {
    let text = serde_json::to_string(text).unwrap();
    format!(r#"{{"response_type":"x","{member}":{text}}}"#)
}

/// What the guard says of a stage that makes this item of an empty answer.
fn judge(guard: &Guard, item: &str) -> Result<(), Violation> {
    guard.check("{}", &payload(&[item]), 0)
}

/// What it says of a text.
fn judge_text(text: &str) -> Result<(), Violation> {
    judge(&good(), &item("text", text))
}

#[test]
fn the_answer_has_a_largest_size() {
    let guard = Guard {
        answer_bytes: Some(4_000_000),
        ..Guard::default()
    };
    assert_eq!(guard.check("{}", "{}", 4_000_000), Ok(()));
    let error = guard.check("{}", "{}", 4_000_001).unwrap_err();
    let said = "the answer has 4000001 bytes; the guard allows 4000000";
    assert_eq!(error.to_string(), said);
}

#[test]
fn nothing_is_demanded_by_default() {
    let made = r#"{"output":{"generic":[1,{"source":"javascript:x"}]}}"#;
    assert_eq!(Guard::default().check("{}", made, usize::MAX), Ok(()));
}

#[test]
fn the_vendors_payload_is_sound() {
    let body: serde_json::Value = serde_json::from_str(PAYLOAD).unwrap();
    let payload = body.get("payload").unwrap().to_string();
    let all = Guard {
        answer_bytes: Some(4_000_000),
        shapes: true,
        origins: Some(vec![Origin::parse("https://example.com").unwrap()]),
    };
    assert_eq!(all.check("{}", &payload, payload.len()), Ok(()));
    let none = guard(&[]);
    assert!(none.check("{}", &payload, payload.len()).is_err());
    assert_eq!(none.check(&payload, &payload, payload.len()), Ok(()));
}

#[test]
fn only_what_the_stage_made_is_judged() {
    let strict = Guard {
        shapes: true,
        ..guard(&[])
    };
    let broken = r#"{"response_type":"image","source":"https://evil.example/a"}"#;
    let shapeless = r#"{ "response_type":"text" }"#;
    let fine = r#"{"response_type":"text","text":"."}"#;
    let before = payload(&[broken, shapeless, "1"]);
    for after in [
        payload(&[broken, shapeless, "1"]),
        payload(&[fine, "1", shapeless, broken, broken]),
        payload(&[fine]),
        "{}".to_owned(),
        r#"{"output":{}}"#.to_owned(),
        r#"{"output":{"generic":[]}}"#.to_owned(),
    ] {
        assert_eq!(strict.check(&before, &after, 0), Ok(()), "{after}");
    }
    // The same to a reader of JSON, but not to the byte.
    let respaced = payload(&[r#"{"response_type":"text"}"#]);
    assert!(strict.check(&before, &respaced, 0).is_err());
    // Other places than the items are the stage's own business.
    let elsewhere = r#"{"output":{"debug":{"url":"https://evil.example"},"text":["//evil.example"]},
        "context":{"url":"javascript:x","generic":[{"src":"data:"}]}}"#;
    assert_eq!(strict.check("{}", elsewhere, 0), Ok(()));
    let orchestrate = r#"{"message":{"content":[{"url":"https://evil.example"}]}}"#;
    assert_eq!(strict.check("{}", orchestrate, 0), Ok(()));
}

#[test]
fn what_is_no_answer_is_a_violation_unless_it_was_none_before() {
    for guard in [
        guard(&[]),
        Guard {
            shapes: true,
            ..Guard::default()
        },
    ] {
        for made in [r#"{"output":[]}"#, r#"{"output":{"generic":{}}}"#] {
            assert!(guard.check("{}", made, 0).is_err());
            assert_eq!(guard.check(made, made, 0), Ok(()));
        }
    }
    let twice = payload(&["1"]).replace("[1]", r#"[],"generic":[1]"#);
    let shapes = Guard {
        shapes: true,
        ..Guard::default()
    };
    let error = shapes.check("{}", &twice, 0).unwrap_err();
    assert_eq!(error.to_string(), "/output/generic/0 has to be an object");
}

#[test]
fn a_misfit_hides_nothing() {
    for guard in [
        guard(&[]),
        Guard {
            shapes: true,
            ..Guard::default()
        },
    ] {
        let evil = r#"[{"text":"https://evil.example"}]"#;
        for (before, after) in [
            // Beside the assistant's misfit there are items.
            (
                r#"{"output":{"generic":null}}"#,
                format!(r#"{{"output":{{"generic":{evil},"generic":null}}}}"#),
            ),
            (
                r#"{"output":{"generic":null}}"#,
                format!(r#"{{"output":{{"generic":null,"generic":{evil}}}}}"#),
            ),
            (
                r#"{"output":null}"#,
                format!(r#"{{"output":{{"generic":{evil}}},"output":null}}"#),
            ),
            (
                r#"{"output":null}"#,
                format!(r#"{{"output":null,"output":{{"generic":{evil}}}}}"#),
            ),
            // It is another value that does not fit.
            (
                r#"{"output":{"generic":null}}"#,
                r#"{"output":{"generic":"https://evil.example"}}"#.to_owned(),
            ),
            (
                r#"{"output":{"generic":null}}"#,
                r#"{"output":{"generic":null,"generic":{}}}"#.to_owned(),
            ),
            (
                r#"{"output":null}"#,
                r#"{"output":{"generic":null}}"#.to_owned(),
            ),
        ] {
            assert!(guard.check(before, &after, 0).is_err(), "{after}");
            assert_eq!(guard.check(&after, &after, 0), Ok(()));
        }
    }
}

#[test]
fn what_the_assistant_said_itself_is_all_right() {
    let none = guard(&[]);
    let before = payload(&[
        r#"{"text":"See (https://Said.example:8443/a?secret#b) or www.named.example."}"#,
        r#"{"a":[{"source":"data:image/png;base64,AAAA","title":"x"}],"link":"app://open","url":"file://said"}"#,
        r#"{"url":"other://open"}"#,
        r#"{"text":"javascript:said()","href":"https://u@said.example"}"#,
    ]);
    let allowed = [
        r#"{"b":"https://said.example:8443/other"}"#,
        r#"{"src":"HTTPS://SAID.EXAMPLE:8443"}"#,
        r#"{"src":"//said.example:8443"}"#,
        r#"{"text":"https://www.named.example http://www.named.example"}"#,
        r#"{"source":"data:image\/png;base64,AAAA","title":"y"}"#,
        r#"{"text":"Now go to app://close"}"#,
        r#"{"text":"javascript:said()","more":1}"#,
        r#"{"source":"https://u@said.example"}"#,
    ];
    for item in allowed {
        assert_eq!(none.check(&before, &payload(&[item]), 0), Ok(()), "{item}");
        assert!(judge(&none, item).is_err(), "{item}");
    }
    let refused = [
        r#"{"b":"https://said.example"}"#,
        r#"{"b":"http://said.example:8443"}"#,
        r#"{"b":"https://a.said.example:8443"}"#,
        r#"{"source":"data:image/png;base64,BBBB"}"#,
        r#"{"source":"javascript:said()"}"#,
        r#"{"text":"javascript:said2()"}"#,
        r#"{"text":"https://u@said.example"}"#,
        r#"{"source":"app://open"}"#,
        r#"{"text":"other://open"}"#,
        r#"{"text":"file://said"}"#,
        r#"{"text":"data:image/png;base64,AAAA"}"#,
    ];
    for item in refused {
        assert!(none.check(&before, &payload(&[item]), 0).is_err(), "{item}");
    }
}

#[test]
fn media_places_lead_to_allowed_origins() {
    for member in ["source", "image_url", "url", "href", "src", "\\u0073rc"] {
        for text in [
            "https://good.example/a.png?u=http://evil.example",
            " https://a.b.good.example:443\t",
            "HTTPS:\\\\good.example",
            "//good.example/a",
            "/a.png",
            "a.png#b",
            "",
        ] {
            assert_eq!(
                judge(&good(), &item(member, text)),
                Ok(()),
                "{member} {text}"
            );
        }
        for (text, error) in [
            (
                "https://evil.example/secret",
                "leads to https://evil.example, ",
            ),
            ("http://good.example", "leads to http://good.example, "),
            (
                "https://good.example:8443",
                "leads to https://good.example:8443, ",
            ),
            (
                "https://good.example.evil.example",
                "leads to https://good.example.evil.example, ",
            ),
            ("  https:\\evil.example", "leads to https://evil.example, "),
            (
                "ht\ntps://ev\til.example",
                "leads to https://evil.example, ",
            ),
            ("//evil.example", "leads to https://evil.example, "),
            ("\\/evil.example", "leads to https://evil.example, "),
            (
                "https://good.example@evil.example/",
                "has a URL whose host is unclear",
            ),
            ("https://good.example\\@evil.example", ""),
            ("https://", "has a URL whose host is unclear"),
            (
                "data:image/png;base64,secret",
                "has a URL of the scheme data: ",
            ),
            (
                "\u{1}JavaScript:secret",
                "has a URL of the scheme javascript: ",
            ),
            (
                "blob:https://good.example/x",
                "has a URL of the scheme blob: ",
            ),
            ("file:///secret", "has a URL of the scheme file: "),
            ("tel:secret", "has a URL of the scheme tel: "),
            (
                "a.png https://evil.example",
                "leads to https://evil.example, ",
            ),
        ] {
            let said = judge(&good(), &item(member, text))
                .err()
                .map(|e| e.to_string());
            let said = said.unwrap_or_default();
            assert!(said.contains(error), "{member} {text}: {said}");
            assert_eq!(said.is_empty(), error.is_empty(), "{member} {text}: {said}");
            assert!(!said.contains("secret"), "{said}");
        }
    }
}

#[test]
fn media_places_are_told_by_the_innermost_member() {
    let refused = |item| judge(&good(), item).unwrap_err().to_string();
    let said = refused(r#"{"a":{"src":[[["x"],"tel:1"]]}}"#);
    assert!(said.starts_with("/output/generic/0/a/src/0/1 has a URL of the scheme tel:"));
    for fine in [
        r#"{"src":{"a":["tel:1"]}}"#,
        r#"{"Source":"tel:1"}"#,
        r#"{"https://evil.example":1}"#,
        r#"{"source":1}"#,
        "1",
    ] {
        assert_eq!(judge(&good(), fine), Ok(()), "{fine}");
    }
    assert!(refused(r#""https://evil.example""#).starts_with("/output/generic/0 leads to"));
}
