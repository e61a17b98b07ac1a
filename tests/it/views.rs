//! Views: what a stage may read and write, through the real program.

use crate::support::{Host, SAMPLE, component, retort};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

/// The settings of `echo` for an outcome.
fn outcome(kind: &str, value: &Value) -> String {
    format!("settings = {{ as = \"{kind}\", value = '''{value}''' }}")
}

/// A stage of `echo` with a view.
fn stage(view: &str, settings: &str) -> String {
    format!("{{ plugin = \"echo\", {view}, {settings} }}")
}

const TEXTS: &str = r#"reads = ["/output/generic/*/text"], writes = ["/output/generic/*/text"]"#;

/// With odd white space and numbers, which have to survive.
const PAYLOAD: &str = r#"{ "user_id" :"ann", "output":{ "generic" : [ {"text" : "one","n":1.50} ,{"a":1e3}, {"text":"two"}] } ,"z":12345678901234567890123}"#;

#[track_caller]
fn becomes(view: &str, settings: &str, expected: &str) {
    let host = Host::with_assistant(&format!(
        "on_fault = \"fail\"\npipeline = [{}]",
        stage(view, settings)
    ));
    let answer = host.call("a").payload(PAYLOAD).send();
    assert_eq!(answer.status, 200, "{}", host.log());
    let whole = format!(r#"{{"event":{{"name":"message_processed"}},"payload":{expected}}}"#);
    assert_eq!(answer.text(), whole);
}

#[test]
fn every_kind_of_outcome_changes_the_real_payload() {
    let expected = PAYLOAD.replace("\"one\"", "\"uno\"");
    let replaced = json!({"output": {"generic": [{"text": "uno"}, {}, {"text": "two"}]}});
    becomes(TEXTS, &outcome("replaced", &replaced), &expected);
    let patch = json!([{"op": "replace", "path": "/output/generic/0/text", "value": "uno"}]);
    becomes(TEXTS, &outcome("json-patch", &patch), &expected);
    // A merge patch can only replace an array as a whole.
    becomes(TEXTS, &outcome("merge-patch", &replaced), &expected);
    let view = r#"reads = ["/user_id", "/z"], writes = ["/user_id"]"#;
    let expected = PAYLOAD.replace("\"ann\"", "\"bob\"");
    becomes(
        view,
        &outcome("merge-patch", &json!({"user_id": "bob"})),
        &expected,
    );
    let expected = PAYLOAD.replace(r#" "user_id" :"ann","#, "");
    becomes(
        view,
        &outcome("merge-patch", &json!({"user_id": null})),
        &expected,
    );
    becomes(view, "settings = { as = \"unchanged\" }", PAYLOAD);
}

#[test]
fn what_is_not_shown_is_not_deleted_by_leaving_it_out() {
    let view = r#"reads = ["/user_id"], writes = ["/user_id"]"#;
    becomes(
        view,
        &outcome("replaced", &json!({"user_id": "ann"})),
        PAYLOAD,
    );
    let expected = PAYLOAD.replace(r#" "user_id" :"ann","#, "");
    becomes(view, &outcome("replaced", &json!({})), &expected);
}

/// The outcome is a fault that names the place, and never what was or would be there.
#[track_caller]
fn is_outside(view: &str, settings: &str, pointer: &str) {
    let host = Host::start(&format!(
        r#"
        [assistants.fails]
        tenant = "t"
        auth = {{ kind = "none" }}
        on_fault = "fail"
        pipeline = [{stage}]
        [assistants.continues]
        tenant = "t"
        auth = {{ kind = "none" }}
        pipeline = [{stage}]
        "#,
        stage = stage(view, settings)
    ));
    let answer = host.call("fails").payload(PAYLOAD).send();
    answer.is_problem(500, "a plugin of this assistant failed");
    let line = host.logged(&["the stage is at fault", "fault=\"wrote-outside-view\""]);
    assert!(
        line.contains(&format!("wrote outside its view: at \\\"{pointer}\\\"")),
        "{line}"
    );
    assert!(!line.contains("secret") && !line.contains("ann"), "{line}");
    let answer = host.call("continues").payload(PAYLOAD).send();
    assert!(
        answer.text().ends_with(&format!("{PAYLOAD}}}")),
        "{}",
        answer.text()
    );
}

#[test]
fn an_outcome_outside_the_view_is_a_fault() {
    let generic = |items: Value| json!({"output": {"generic": items}});
    // Another member of an item, one more item, one fewer, a member at the top.
    let more = generic(json!([{"text": "one", "n": "secret"}, {}, {"text": "two"}]));
    is_outside(TEXTS, &outcome("replaced", &more), "/output/generic/0/n");
    let more = generic(json!([{"text": "one"}, {}, {"text": "two"}, {"text": "secret"}]));
    is_outside(TEXTS, &outcome("replaced", &more), "/output/generic/3");
    let fewer = generic(json!([{"text": "one"}, {}]));
    is_outside(TEXTS, &outcome("replaced", &fewer), "/output/generic/2");
    is_outside(
        TEXTS,
        &outcome("merge-patch", &json!({"user_id": "secret"})),
        "/user_id",
    );
    // Items of which only a part is visible are not moved or removed.
    let patch = json!([{"op": "move", "from": "/output/generic/0", "path": "/output/generic/2"}]);
    is_outside(TEXTS, &outcome("json-patch", &patch), "/output/generic/0");
    // What may be read is not what may be written.
    let view = r#"reads = ["/output"], writes = ["/output/generic/*/text"]"#;
    let patch = json!([{"op": "remove", "path": "/output/generic/0/n"}]);
    is_outside(view, &outcome("json-patch", &patch), "/output/generic/0/n");
}

#[test]
fn a_patch_knows_nothing_of_what_is_hidden() {
    let view = r#"reads = ["/output"], writes = ["/output/generic/*/text"]"#;
    let host = Host::with_assistant(&format!(
        "on_fault = \"fail\"\npipeline = [{}]",
        stage(
            view,
            &outcome(
                "json-patch",
                &json!([{"op": "copy", "from": "/user_id", "path": "/output/generic/0/text"}])
            )
        )
    ));
    let answer = host.call("a").payload(PAYLOAD).send();
    answer.is_problem(500, "a plugin of this assistant failed");
    host.logged(&["fault=\"patch-not-applicable\"", "/user_id"]);
    // It may compare what it was shown.
    let patch = json!([
        {"op": "test", "path": "/output/generic/1", "value": {}},
        {"op": "replace", "path": "/output/generic/0/text", "value": "uno"},
    ]);
    let expected = PAYLOAD.replace("\"one\"", "\"uno\"");
    becomes(TEXTS, &outcome("json-patch", &patch), &expected);
}

#[test]
fn a_plugin_over_texts_gets_every_string_within_what_it_may_write() {
    let host = Host::with_stages(r#"{ plugin = "redact", writes = ["/output", "/user_id"] }"#);
    let payload = r#"{"user_id":"a@b.com","output":{"generic":[{"text":"c@d.com","deep":[["e@f.com"]]}]},"x":"g@h.com"}"#;
    let answer = host.call("a").payload(payload).send();
    let expected = payload
        .replace("a@b.com", "[e-mail]")
        .replace("c@d.com", "[e-mail]")
        .replace("e@f.com", "[e-mail]");
    assert_eq!(
        answer.json()["payload"].to_string(),
        serde_json::from_str::<Value>(&expected)
            .unwrap()
            .to_string()
    );
}

/// What `retort invoke` says that a stage was given.
fn given(config_line: &str, plugin: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("retort.toml");
    let config = format!(
        "plugins.p.component = '{}'\n[tenants.t]\n[assistants.a]\ntenant = \"t\"\nauth.kind = \"none\"\npipeline = [{{ plugin = \"p\" {config_line} }}]\n",
        component(plugin).display()
    );
    std::fs::write(&file, config).unwrap();
    let mut child: Command = retort();
    let mut child = child
        .args(["invoke", "--assistant", "a", "--json", "--config"])
        .arg(&file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(SAMPLE.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    report["stages"][0]["given"].clone()
}

#[test]
fn invoke_shows_what_a_plugin_was_given() {
    let sample: Value = serde_json::from_str(SAMPLE).unwrap();
    assert_eq!(given("", "echo")["payload"], sample["payload"]);
    let seen = given(
        r#", reads = ["/user_id", "/output/generic/*/text"]"#,
        "echo",
    );
    assert_eq!(
        seen["payload"],
        json!({"user_id": "test user", "output": {"generic": [{"text": "Hello. Good evening"}]}})
    );
    let text = |response_type: Value| {
        json!({ "texts": [{
            "value": "Hello. Good evening",
            "pointer": "/output/generic/0/text",
            "response_type": response_type,
        }]})
    };
    assert_eq!(given("", "answers-texts"), text(json!("text")));
    let line = r#", reads = ["/output/generic/*/text"]"#;
    assert_eq!(given(line, "answers-texts"), text(Value::Null));
    let line = r#", writes = ["/output/generic/*/title"]"#;
    assert_eq!(given(line, "answers-texts"), json!({"texts": []}));
}
