use retort_sdk::{
    Failure,
    http::{Method, Request, Response},
    testing::{Call, example},
};
use serde_json::json;

use super::*;

/// A call whose service answers with these languages.
fn call(languages: serde_json::Value) -> Call {
    let answer = json!({"languages": languages}).to_string();
    quiet(move |_| Ok(Response::new(200).with_body(&answer)))
}

fn quiet(service: impl Fn(&Request) -> Result<Response> + Send + Sync + 'static) -> Call {
    Call::new()
        .event("message_received")
        .settings(json!({"url": "https://translator.example/"}))
        .http(service)
}

fn spanish() -> Call {
    call(json!([
        {"language": "pt", "confidence": 0.1},
        {"language": "es", "confidence": 0.8},
        {"language": "ca", "confidence": 0.1},
    ]))
}

const MESSAGE: &str = r#"{"input":{"text":"Buenos d\u00edas"}}"#;

#[test]
fn the_language_is_kept_beside_what_there_is() {
    let cases = [
        (
            MESSAGE,
            r#"{"input":{"text":"Buenos d\u00edas"},"context":{"skills":{"actions skill":{"user_defined":{"language":"es"}}}}}"#,
        ),
        (
            r#"{"input":{"text":"Hola"},"context":{"skills":{"actions skill":{"user_defined":{"var": 1.0,"language":"en"},"system":{ }}}}}"#,
            r#"{"input":{"text":"Hola"},"context":{"skills":{"actions skill":{"user_defined":{"var":1.0,"language":"es"},"system":{ }}}}}"#,
        ),
    ];
    for (before, after) in cases {
        assert_eq!(spanish().passed(transform, before).as_deref(), Ok(after));
    }
}

#[test]
fn the_service_is_asked_as_it_wants_to_be() {
    let call = quiet(|request| {
        assert_eq!(request.method(), Method::Post);
        let url = "https://translator.example/v3/identify?version=2018-05-01";
        assert_eq!(request.url(), url);
        let kind = request.header_value("content-type").unwrap();
        assert!(kind.starts_with("text/plain"));
        assert_eq!(request.body(), "Buenos días".as_bytes());
        Ok(Response::new(200).with_body(r#"{"languages":[]}"#))
    });
    assert_eq!(call.passed(transform, MESSAGE).as_deref(), Ok(MESSAGE));
}

#[test]
fn nothing_is_asked_where_there_is_nothing_to_find_out() {
    for message in [
        "{}",
        r#"{"input":{"text":""}}"#,
        r#"{"input":{"text":" 42!"}}"#,
        r#"{"input":{"text":7}}"#,
        r#"{"input":[]}"#,
    ] {
        let call = quiet(|_| panic!("asked"));
        assert_eq!(call.passed(transform, message).as_deref(), Ok(message));
    }
}

#[test]
fn a_known_language_stays_if_it_is_to() {
    let settings = json!({"url": "https://x.example", "keep": true, "variables": "/context/v"});
    let known = r#"{"input":{"text":"Hola"},"context":{"v":{"language":"en"}}}"#;
    let call = quiet(|_| panic!("asked")).settings(settings.clone());
    assert_eq!(call.passed(transform, known).as_deref(), Ok(known));
    let unknown = r#"{"input":{"text":"Hola"},"context":{"v":{"language":null}}}"#;
    let after = r#"{"input":{"text":"Hola"},"context":{"v":{"language":"es"}}}"#;
    let call = spanish().settings(settings);
    assert_eq!(call.passed(transform, unknown).as_deref(), Ok(after));
}

#[test]
fn an_unsure_service_changes_nothing() {
    let unsure = json!([{"language": "es", "confidence": 0.49}]);
    let made = call(unsure.clone()).passed(transform, MESSAGE);
    assert_eq!(made.as_deref(), Ok(MESSAGE));
    let settings = json!({"url": "https://x.example", "confidence": 0.4});
    let made = call(unsure).settings(settings).passed(transform, MESSAGE);
    assert!(made.unwrap().contains(r#""language":"es""#));
}

#[test]
fn a_service_that_fails_is_named_and_the_text_is_not() {
    let services: [fn(&Request) -> Result<Response>; 3] = [
        |_| Ok(Response::new(401).with_body("Buenos días")),
        |_| Ok(Response::new(200).with_body("{\"languages\": \"Buenos días\"}")),
        |_| Err(Failure::service_failed("it is down")),
    ];
    for service in services {
        let failure = quiet(service).passed(transform, MESSAGE).unwrap_err();
        assert!(matches!(failure, Failure::ServiceFailed(_)), "{failure:?}");
        assert!(!failure.message().contains("Buenos"), "{failure}");
    }
}

#[test]
fn settings_that_are_wrong_fail() {
    for wrong in [
        json!({}),
        json!({"url": "https://x.example", "key": "k"}),
        json!({"url": "https://x.example", "variables": "context"}),
    ] {
        assert!(
            spanish()
                .settings(wrong)
                .passed(transform, MESSAGE)
                .is_err()
        );
    }
}

#[test]
fn the_example_in_the_readme_is_true() {
    let [before, after] = example(include_str!("../README.md")).unwrap();
    let made = spanish().passed(transform, before);
    assert_eq!(made.as_deref(), Ok(after.trim_end()));
}
