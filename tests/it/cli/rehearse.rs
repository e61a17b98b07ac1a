//! `retort rehearse`: the whole conversation, here and at a server.

use super::{Folder, status, stderr, stdout};
use crate::support::{Host, component};
use serde_json::{Value, json};
use std::process::Output;

const ANSWERS: &str = r#"[
    {"when": "good MORNING", "answer": "Good morning to you"},
    {"when": "picture", "answer": {"generic": [{"response_type": "image", "source": "https://x.example/y.png"}], "n": 1.0}},
    {"answer": "I did not understand"}
]"#;

/// The settings of a stage of `messages` that makes such a patch.
fn patch(value: &str) -> String {
    format!("{{ as = \"merge-patch\", value = '{value}' }}")
}

const TRANSLATED: &str = r#"{"input":{"text":"Good morning"},"context":{"skills":{"actions skill":{"user_defined":{"language":"es"}}}}}"#;

const ANSWERED: &str = r#"{"output":{"generic":[{"response_type":"text","text":"Buenos"}]}}"#;

/// An assistant `a` with a stage of `messages` before the message and one after it, with
/// these settings.
fn assistant(before: &str, after: &str) -> String {
    format!(
        "[assistants.a]\ntenant = \"t\"\nauth = {{ kind = \"jwt\", secrets = [\"env:SECRET\"] }}\n\
         on_fault = \"fail\"\n\
         pipeline = [{{ plugin = \"messages\", settings = {after} }}]\n\
         [[assistants.a.pipelines.message_received]]\nplugin = \"messages\"\nsettings = {before}\n"
    )
}

fn folder(before: &str, after: &str) -> Folder {
    let plugin = component("messages");
    let folder = Folder::with_config(&format!(
        "[tenants.t]\n[plugins.messages]\ncomponent = '{}'\n{}",
        plugin.display(),
        assistant(before, after)
    ));
    folder.put("answers.json", ANSWERS);
    folder
}

fn rehearse(folder: &Folder, more: &[&str]) -> Output {
    let arguments = ["rehearse", "a", "Buenos dias", "--answers", "answers.json"];
    folder.run(&[&arguments, more].concat())
}

#[track_caller]
fn says(output: &Output, words: &[&str]) {
    let said = stderr(output);
    let mut rest = said.as_str();
    for word in words {
        let Some((_, after)) = rest.split_once(word) else {
            panic!("{word:?} is not said, or not in this order:\n{said}");
        };
        rest = after;
    }
}

#[test]
fn a_conversation_goes_through_both_webhooks_and_each_change_is_shown() {
    let folder = folder(&patch(TRANSLATED), &patch(ANSWERED));
    let output = rehearse(&folder, &[]);
    status(&output, 0);
    says(
        &output,
        &[
            "the user says \"Buenos dias\"",
            "message_received",
            "messages: merge patch applied (fuel ",
            "+         \"user_defined\": {",
            "\"language\": \"es\"",
            "-     \"text\": \"Buenos dias\"",
            "+     \"text\": \"Good morning\"",
            "the assistant gets \"Good morning\", and rule 1 answers",
            "message_processed",
            "-         \"text\": \"Good morning to you\"",
            "+         \"text\": \"Buenos\"",
            "the user sees \"Buenos\"",
        ],
    );
    let answer: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(answer["output"]["generic"][0]["text"], "Buenos");
    // What the first webhook stored is there for the second.
    let stored = &answer["context"]["skills"]["actions skill"]["user_defined"];
    assert_eq!(stored, &json!({"language": "es"}));
}

#[test]
fn a_reply_skips_the_assistant() {
    let reply = r#"{"output":{"generic":[{"response_type":"text","text":"closed"}]}}"#;
    let folder = folder(
        &format!("{{ as = \"reply\", value = '{reply}' }}"),
        "{ fail = \"called\" }",
    );
    let output = rehearse(&folder, &[]);
    status(&output, 0);
    assert_eq!(stdout(&output).trim_end(), reply);
    says(
        &output,
        &["in the assistant's place", "the user sees \"closed\""],
    );
    assert!(!stderr(&output).contains("message_processed"));
}

#[test]
fn the_two_settings_say_what_an_error_is_to_the_user() {
    let error = "422 Webhook responded with [500] status code";
    let fails = "{ fail = \"no dictionary\" }";
    let before = folder(fails, "{}");
    let output = rehearse(&before, &["--before-error", "fail"]);
    status(&output, 1);
    says(
        &output,
        &[
            "FAULT, ",
            "no dictionary",
            &format!("the user sees an error: {error}"),
        ],
    );
    assert_eq!(stdout(&output), "");
    // Without it, the message goes on as it was.
    let output = rehearse(&before, &[]);
    status(&output, 1);
    says(
        &output,
        &[
            "takes it for an error",
            error,
            "gets \"Buenos dias\", and rule 3 answers",
        ],
    );
    assert!(stdout(&output).contains("I did not understand"));

    let after = folder(&patch(TRANSLATED), fails);
    let output = rehearse(&after, &["--after-error", "fail"]);
    status(&output, 1);
    says(
        &output,
        &[
            "rule 1 answers",
            &format!("the user sees an error: {error}"),
        ],
    );
    let output = rehearse(&after, &["--after-error", "continue"]);
    status(&output, 1);
    says(&output, &[error, "the user sees \"Good morning to you\""]);
    assert!(stdout(&output).contains("Good morning to you"));
}

#[test]
fn a_message_that_is_none_any_more_is_the_vendors_error() {
    let folder = folder(&patch(r#"{"input":7}"#), "{}");
    let output = rehearse(&folder, &["--before-error", "fail"]);
    status(&output, 1);
    says(
        &output,
        &["the user sees an error: 422 Error validating webhook response"],
    );
}

#[test]
fn a_whole_output_keeps_its_bytes_and_machines_get_every_step() {
    let picture = patch(r#"{"input":{"text":"A Picture!"}}"#);
    let folder = folder(&picture, "{ as = \"unchanged\" }");
    let output = rehearse(&folder, &["--json"]);
    status(&output, 0);
    assert!(
        stdout(&output).contains("\"n\": 1.0"),
        "{}",
        stdout(&output)
    );
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(report["error"], Value::Null);
    assert_eq!(
        report["answer"]["output"]["generic"][0]["response_type"],
        "image"
    );
    let steps = report["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 3);
    assert_eq!(steps[0]["event"], "message_received");
    assert_eq!(steps[0]["stages"][0]["outcome"], "merge-patch");
    assert!(steps[0]["stages"][0]["fuel"].as_u64().unwrap() > 0);
    let changes = steps[0]["stages"][0]["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 2, "{changes:?}");
    assert_eq!(steps[0]["came"]["payload"]["input"]["text"], "A Picture!");
    assert_eq!(steps[1]["rule"], 2);
    assert_eq!(steps[2]["stages"][0]["changes"], json!([]));
}

#[test]
fn a_server_is_called_with_a_signature() {
    let host = Host::start(&assistant(&patch(TRANSLATED), &patch(ANSWERED)));
    let folder = folder("{}", "{}");
    let url = format!("http://{}", host.address);
    let output = rehearse(&folder, &["--url", &url, "--secret", "env:SECRET"]);
    status(&output, 0);
    says(
        &output,
        &[
            "message_received",
            "+     \"text\": \"Good morning\"",
            "rule 1 answers",
            "+         \"text\": \"Buenos\"",
            "the user sees \"Buenos\"",
        ],
    );
    let output = rehearse(
        &folder,
        &[
            "--url",
            &url,
            "--secret",
            "env:OLD_SECRET",
            "--before-error",
            "fail",
        ],
    );
    status(&output, 1);
    says(&output, &["422 Webhook responded with [401] status code"]);
    drop(host);
    let output = rehearse(&folder, &["--url", &url, "--before-error", "fail"]);
    status(&output, 1);
    says(
        &output,
        &["the user sees an error: 500 Processor Exception"],
    );
}

#[test]
fn what_cannot_be_rehearsed_is_said() {
    let folder = folder("{}", "{}");
    let refused = |arguments: &[&str], words: &str| {
        let output = folder.run(arguments);
        status(&output, 2);
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    };
    folder.put("wrong.json", "{\"answer\": \"a\"}");
    refused(
        &["rehearse", "a", "x", "--answers", "wrong.json"],
        "array of objects",
    );
    refused(
        &["rehearse", "a", "x", "--answers", "none.json"],
        "cannot read none.json",
    );
    refused(
        &["rehearse", "b", "x", "--answers", "answers.json"],
        "there is no assistant `b`",
    );
    let local = [
        "rehearse",
        "a",
        "x",
        "--answers",
        "answers.json",
        "--secret",
        "env:SECRET",
    ];
    refused(&local, "name it with --url");
}
