//! The uses rehearsed on a laptop: the configurations of `examples/`, one command, and
//! the real translator.

use crate::support::{TRANSLATOR_KEYS, Translator, repository, retort};
use serde_json::Value;
use std::process::Output;

/// Rehearses one message with the assistant of an example, of which these words are
/// replaced by those.
fn rehearse(example: &str, replaced: &[(&str, &str)], said: &str, answers: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let target = repository().join("target");
    let config = std::fs::read_to_string(repository().join("examples").join(example)).unwrap();
    let mut config = config.replace("../target", target.to_str().unwrap());
    for (from, to) in replaced {
        assert!(config.contains(from), "{from}");
        config = config.replace(from, to);
    }
    std::fs::write(folder.path().join("retort.toml"), config).unwrap();
    std::fs::write(folder.path().join("answers.json"), answers).unwrap();
    retort()
        .args(["rehearse", "lobby", said, "--answers", "answers.json"])
        .current_dir(folder.path())
        .output()
        .unwrap()
}

#[track_caller]
fn told(output: &Output, words: &[&str]) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    for word in words {
        assert!(told.contains(word), "{word} is not told:\n{told}");
    }
}

#[test]
fn a_user_who_speaks_spanish_is_understood_and_answered() {
    let translator = Translator::start(&TRANSLATOR_KEYS);
    let output = rehearse(
        "translate.toml",
        &[
            (
                "https://translator.example.com",
                &translator.service.origin(),
            ),
            (
                "paths = [\"/v3\"]",
                "paths = [\"/v3\"], networks = [\"127.0.0.0/8\"]",
            ),
        ],
        "Buenos días",
        r#"[{"when": "good morning", "answer": "How can I help you?"}]"#,
    );
    told(
        &output,
        &[
            "identify-language: ",
            "\"language\": \"es\"",
            "-     \"text\": \"Buenos días\"",
            "+     \"text\": \"Good morning\"",
            "the assistant gets \"Good morning\", and rule 1 answers",
            "the user sees \"¿Cómo puedo ayudarle?\"",
        ],
    );
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let variables = &answer["context"]["skills"]["actions skill"]["user_defined"];
    assert_eq!(variables["original_output"], "How can I help you?");
}

#[test]
fn personal_data_does_not_reach_the_assistant_and_comes_back() {
    let output = rehearse(
        "personal-data.toml",
        &[],
        "I am jane.doe@example.com",
        r#"[{"when": "jane", "answer": "It knows her"}, {"when": "i am", "answer": "{text}? Welcome"}]"#,
    );
    told(
        &output,
        &[
            "-     \"text\": \"I am jane.doe@example.com\"",
            "and rule 2 answers",
            "the user sees \"I am jane.doe@example.com? Welcome\"",
        ],
    );
}
