//! What plugins keep beyond a call, through the real program: the same in a file and on
//! a real Redis server.

mod both;
mod breaker;
mod file;
mod full_disk;
mod redis;
mod redis_words;

pub(crate) use file::keeps;

use crate::support::{Answer, Host, component, retort};
use serde_json::{Value, json};
use std::path::Path;

/// The lines of `[keyvalue]` for a file.
fn in_file(file: &Path) -> String {
    format!(
        "file = '{}'\nsecrets = [\"env:STATE_SECRET\"]",
        file.display()
    )
}

/// A store and some plugins of one component: `first` and `second` have buckets of their
/// own, `shares` and `joins` one together. Each has an assistant in two tenants, such as
/// `one-first`. `terms` are the first plugin's.
fn config(store: &str, terms: &str) -> String {
    let mut text = format!("[keyvalue]\n{store}\n[tenants.one]\n[tenants.two]\n");
    for (plugin, terms) in [
        ("first", terms),
        ("second", ""),
        ("shares", "store = \"together\""),
        ("joins", "store = \"together\""),
        // A plugin that is named as a shared bucket has another all the same.
        ("together", ""),
    ] {
        let component = component("keeps");
        let component = component.display();
        text += &format!(
            "[plugins.{plugin}]\ncomponent = '{component}'\ngrants.keyvalue = {{ {terms} }}\n"
        );
        for tenant in ["one", "two"] {
            text += &format!(
                "[assistants.{tenant}-{plugin}]\ntenant = \"{tenant}\"\nauth = {{ kind = \"none\" }}\n\
                 on_fault = \"fail\"\ntimeout = \"30s\"\n\
                 pipeline = [{{ plugin = \"{plugin}\", limits = {{ timeout = \"25s\" }} }}]\n"
            );
        }
    }
    text
}

fn send(host: &Host, assistant: &str, operations: &Value) -> Answer {
    let body = json!({
        "event": { "name": "message_processed" },
        "payload": { "do": operations },
    });
    host.call(assistant).body(body.to_string()).send()
}

/// What an assistant's plugin says its operations came to.
#[track_caller]
fn did(host: &Host, assistant: &str, operations: Value) -> Value {
    let answer = send(host, assistant, &operations);
    assert_eq!(answer.status, 200, "{}\n{}", answer.text(), host.log());
    answer.json()["payload"]["did"].clone()
}

fn error(words: &str) -> Value {
    json!({ "error": words })
}
