//! `identify-language` and `translate`, with a translator.

use super::{answer, message, processed, received, texts};
use crate::support::{Host, TRANSLATOR_KEYS, Translator};
use serde_json::json;

/// A host whose assistant `a` speaks English, and `on_fault` of its stages.
fn host(origin: &str, on_fault: &str) -> Host {
    let grants = format!(
        r#"grants = {{ http = [{{ origin = "{origin}", methods = ["POST"], paths = ["/v3"], networks = ["127.0.0.0/8"], headers = {{ authorization = {{ basic = "apikey", password = "env:TRANSLATOR_KEY" }} }} }}] }}"#
    );
    let settings = format!(r#"settings = {{ url = "{origin}", language = "en" }}, {grants}"#);
    Host::with_assistant(&format!(
        r#"on_fault = "{on_fault}"
pipelines.message_received = [
    {{ plugin = "identify-language", settings = {{ url = "{origin}" }}, {grants} }},
    {{ plugin = "translate", {settings} }},
]
pipelines.message_processed = [{{ plugin = "translate", {settings} }}]"#
    ))
}

#[test]
fn a_conversation_is_translated_both_ways() {
    let translator = Translator::start(&TRANSLATOR_KEYS);
    let host = host(&translator.service.origin(), "fail");
    for (said, meant, language, answered) in [
        ("Buenos días", "Good morning", "es", "¿Cómo puedo ayudarle?"),
        (
            "Bonjour",
            "Good morning",
            "fr",
            "Comment puis-je vous aider ?",
        ),
        (
            "Ich brauche Hilfe.",
            "I need help.",
            "de",
            "Wie kann ich Ihnen helfen?",
        ),
    ] {
        let message = received(&host, "a", &message(said, "s"));
        assert_eq!(message["input"]["text"], meant);
        let variables = &message["context"]["skills"]["actions skill"]["user_defined"];
        let expected = json!({"var": "anthony", "language": language, "original_input": said});
        assert_eq!(*variables, expected);
        // The assistant gives the context back.
        let english = ["How can I help you?", "42"];
        let answer = processed(&host, "a", &answer(&english, &message["context"]));
        assert_eq!(texts(&answer), [answered, "42"]);
        let variables = &answer["context"]["skills"]["actions skill"]["user_defined"];
        assert_eq!(variables["original_output"], "How can I help you?");
        assert_eq!(variables["original_input"], said);
    }
    assert_eq!(translator.bodies("identify").len(), 3);
    assert_eq!(translator.bodies("translate").len(), 6);
    for asked in translator.service.asked() {
        assert_eq!(asked.query["version"], "2018-05-01");
    }
}

#[test]
fn nothing_is_translated_where_the_language_is_right() {
    let translator = Translator::start(&TRANSLATOR_KEYS);
    let host = host(&translator.service.origin(), "fail");
    let message = received(&host, "a", &message("Where is my order?", "s"));
    assert_eq!(message["input"]["text"], "Where is my order?");
    let answer = answer(&["Your order is on its way"], &message["context"]);
    assert_eq!(processed(&host, "a", &answer), answer);
    assert_eq!(translator.bodies("translate").len(), 0);
}

#[test]
fn all_parts_of_an_answer_are_translated_in_one_request() {
    let translator = Translator::start(&TRANSLATOR_KEYS);
    let host = host(&translator.service.origin(), "fail");
    let answer = json!({
        "output": {"generic": [
            {"response_type": "text", "text": "Good morning"},
            {"response_type": "option", "title": "Anything else?", "options": [
                {"label": "Yes", "value": {"input": {"text": "Yes"}}},
            ]},
        ]},
        "context": {"skills": {"actions skill": {"user_defined": {"language": "es"}}}},
    });
    let made = processed(&host, "a", &answer);
    let items = &made["output"]["generic"];
    assert_eq!(items[0]["text"], "Buenos días");
    assert_eq!(items[1]["title"], "¿Algo más?");
    let option = json!({"label": "Sí", "value": {"input": {"text": "Yes"}}});
    assert_eq!(items[1]["options"][0], option);
    assert_eq!(translator.bodies("translate").len(), 1);
}

#[test]
fn a_translator_that_refuses_is_a_fault_and_no_secret_is_told() {
    // It does not know the host's key.
    let translator = Translator::start(&["another-key"]);
    let body = json!({
        "event": {"name": "message_received"},
        "payload": message("Hola", "s"),
    });
    let failing = host(&translator.service.origin(), "fail");
    let refused = failing.call("a").body(body.to_string()).send();
    assert_eq!(refused.status, 500, "{}", refused.text());
    let line = failing.logged(&["a service it called failed", "/v3/identify"]);
    assert!(line.contains("401"), "{line}");
    // With the other setting the message goes on as it was.
    let going_on = host(&translator.service.origin(), "continue");
    let made = received(&going_on, "a", &message("Hola", "s"));
    assert_eq!(made, message("Hola", "s"));
    for host in [failing, going_on] {
        let log = host.log();
        for secret in [TRANSLATOR_KEYS[0], "Basic ", "Hola"] {
            assert!(!log.contains(secret), "{secret} in\n{log}");
        }
    }
}
