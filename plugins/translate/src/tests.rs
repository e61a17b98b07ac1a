use retort_sdk::{
    Failure,
    http::{Method, Request, Response},
    testing::{Call, example},
};
use serde_json::{Value, json};

use super::*;

const PHRASES: [(&str, &str); 4] = [
    ("Buenos días", "Good morning"),
    ("Sí", "Yes"),
    ("¿Algo más?", "Anything else?"),
    ("Hola", "Hello"),
];

/// A translator between Spanish and English, of a few words.
fn translator(request: &Request) -> Result<Response> {
    assert_eq!(request.method(), Method::Post);
    let url = "https://translator.example/v3/translate?version=2018-05-01";
    assert_eq!(request.url(), url);
    let order: Value = serde_json::from_slice(request.body()).unwrap();
    let to_english = match [&order["source"], &order["target"]].map(|it| it.as_str().unwrap()) {
        ["es", "en"] => true,
        ["en", "es"] => false,
        other => panic!("{other:?}"),
    };
    let translations = order["text"].as_array().unwrap().iter().map(|text| {
        let text = text.as_str().unwrap();
        let phrase = PHRASES.iter().find(|(spanish, english)| match to_english {
            true => *spanish == text,
            false => *english == text,
        });
        let (spanish, english) = phrase.unwrap_or_else(|| panic!("{text} is not known"));
        json!({"translation": if to_english { english } else { spanish }})
    });
    let translations: Vec<_> = translations.collect();
    let body = json!({"translations": translations, "word_count": 1, "character_count": 1});
    Ok(Response::new(200).with_body(body.to_string()))
}

fn call() -> Call {
    Call::new()
        .settings(json!({"url": "https://translator.example", "language": "en"}))
        .http(translator)
}

fn never(_: &Request) -> Result<Response> {
    panic!("asked")
}

fn context(variables: &str) -> String {
    format!(r#""context":{{"skills":{{"actions skill":{{"user_defined":{{{variables}}}}}}}}}"#)
}

fn message(text: &str, variables: &str) -> String {
    format!(r#"{{"input":{{"text":"{text}"}},{}}}"#, context(variables))
}

fn answer(items: &str, variables: &str) -> String {
    format!(
        r#"{{"output":{{"generic":[{items}]}},{}}}"#,
        context(variables)
    )
}

#[test]
fn a_message_reaches_the_assistant_in_its_language() {
    let before = message("Buenos d\\u00edas", r#""language":"es","n":1.0"#);
    let after = message(
        "Good morning",
        r#""language":"es","n":1.0,"original_input":"Buenos días""#,
    );
    let made = call().passed(translate_message, &before);
    assert_eq!(made, Ok(after));
}

#[test]
fn an_answer_reaches_the_user_in_theirs() {
    let items = r#"{"response_type":"text","text":"Good morning"},{"response_type":"option","title":"Anything else?","description":"","options":[{"label":"Yes","value":{"input":{"text":"Yes"}}}]},{"response_type":"text","text":"42"}"#;
    let before = answer(items, r#""language":"es""#);
    let items = r#"{"response_type":"text","text":"Buenos días"},{"response_type":"option","title":"¿Algo más?","description":"","options":[{"label":"Sí","value":{"input":{"text":"Yes"}}}]},{"response_type":"text","text":"42"}"#;
    let after = answer(
        items,
        r#""language":"es","original_output":"Good morning\nAnything else?\nYes""#,
    );
    assert_eq!(call().result(translate_answer, &before), Ok(after));
}

#[test]
fn nothing_happens_where_the_language_is_right_or_unknown() {
    for variables in [
        r#""language":"en""#,
        r#""language":"EN""#,
        r#""language":"none""#,
        r#""language":"""#,
        r#""language":null"#,
        "",
    ] {
        let call = call().http(never);
        let payload = message("Hola", variables);
        let made = call.passed(translate_message, &payload);
        assert_eq!(made, Ok(payload));
        let payload = answer(r#"{"text":"Hello"}"#, variables);
        let made = call.result(translate_answer, &payload);
        assert_eq!(made, Ok(payload));
    }
    let made = call().http(never).result(translate_answer, "{}");
    assert_eq!(made.as_deref(), Ok("{}"));
}

#[test]
fn nothing_happens_where_there_is_no_text() {
    let spanish = r#""language":"es""#;
    let call = call().http(never);
    for text in ["", " 12 ", "?"] {
        let payload = message(text, spanish);
        assert_eq!(call.passed(translate_message, &payload), Ok(payload));
    }
    let payload = format!(r#"{{"input":{{"text":["Hola"]}},{}}}"#, context(spanish));
    assert_eq!(call.passed(translate_message, &payload), Ok(payload));
    for items in ["", "7", r#"{"text":"1"}"#, r#"{"text":null}"#] {
        let payload = answer(items, spanish);
        assert_eq!(call.result(translate_answer, &payload), Ok(payload));
    }
}

#[test]
fn where_things_are_is_set() {
    let settings = json!({
        "url": "https://translator.example/",
        "language": "en",
        "variables": "/context/skills/main skill/skill_variables",
        "texts": ["/output/generic/0/text"],
    });
    let variables = r#""context":{"skills":{"main skill":{"skill_variables":{"language":"es""#;
    let items = r#"{"output":{"generic":[{"text":"Hello"},{"text":"Yes"}]}"#;
    let before = format!("{items},{variables}}}}}}}}}}}");
    let items = r#"{"output":{"generic":[{"text":"Hola"},{"text":"Yes"}]}"#;
    let after = format!("{items},{variables},\"original_output\":\"Hello\"}}}}}}}}}}");
    let call = call().settings(settings);
    assert_eq!(call.result(translate_answer, &before), Ok(after));
    let spanish = answer(r#"{"text":"Hello"}"#, r#""language":"es""#);
    for wrong in [
        json!({"url": "https://x.example"}),
        json!({"language": "en"}),
        json!({"url": "https://x.example", "language": "en", "texts": ["output"]}),
    ] {
        let call = call.clone().http(never).settings(wrong);
        assert!(call.result(translate_answer, &spanish).is_err());
    }
}

#[test]
fn a_service_that_fails_is_named_and_the_text_is_not() {
    let services: [fn(&Request) -> Result<Response>; 4] = [
        |_| Ok(Response::new(404).with_body(r#"{"code":404,"error":"no model for Hola"}"#)),
        |_| Ok(Response::new(200).with_body(r#"{"translations":"Hola"}"#)),
        |_| Ok(Response::new(200).with_body(r#"{"translations":[]}"#)),
        |_| Err(Failure::service_failed("it is down")),
    ];
    for service in services {
        let payload = message("Hola", r#""language":"es""#);
        let failure = call().http(service).passed(translate_message, &payload);
        let failure = failure.unwrap_err();
        assert!(matches!(failure, Failure::ServiceFailed(_)), "{failure:?}");
        assert!(!failure.message().contains("Hola"), "{failure}");
    }
}

#[test]
fn the_example_in_the_readme_is_true() {
    let [before, after] = example(include_str!("../README.md")).unwrap();
    let made = call().result(translate_answer, before);
    assert_eq!(made.as_deref(), Ok(after.trim_end()));
}
