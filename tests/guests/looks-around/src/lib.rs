//! Tries everything that a process could know of its surroundings, and returns what it
//! saw. In the sandbox that is nothing:
//! `{"files":{"read":null,"list":null,"write":null},"environment":{},"arguments":[],"stdin":""}`,
//! beside `errors` that say why the files are absent, and `clocks`: what the monotonic and
//! the wall clock show, and their resolutions, all in nanoseconds.

use bare::{Answer, Invocation, Outcome};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Read;
use wasip2::clocks::{monotonic_clock, wall_clock};
use wasip2::filesystem::preopens;

bare::guest!(transform);

fn transform(_invocation: Invocation, _payload: String) -> Answer {
    let mut errors = BTreeMap::new();
    let mut tried = |what, result: std::io::Result<Value>| {
        result.unwrap_or_else(|error| {
            errors.insert(what, error.to_string());
            Value::Null
        })
    };
    let files = json!({
        "read": tried("read", std::fs::read_to_string("/etc/passwd").map(Value::from)),
        "list": tried("list", list("/")),
        "write": tried("write", std::fs::write("/tmp/was-here", "here").map(|()| json!(true))),
    });
    let mut stdin = Vec::new();
    tried(
        "stdin",
        std::io::stdin().read_to_end(&mut stdin).map(Value::from),
    );
    let saw = json!({
        "files": files,
        "folders": preopens::get_directories().len(),
        "clocks": clocks(),
        "environment": environment(),
        "arguments": arguments(),
        "stdin": String::from_utf8_lossy(&stdin),
        "errors": errors,
    });
    Ok(Outcome::Replaced(saw.to_string()))
}

fn clocks() -> Value {
    let nanoseconds =
        |time: wall_clock::Datetime| time.seconds * 1_000_000_000 + u64::from(time.nanoseconds);
    json!({
        "monotonic": monotonic_clock::now(),
        "monotonic_resolution": monotonic_clock::resolution(),
        "wall": nanoseconds(wall_clock::now()),
        "wall_resolution": nanoseconds(wall_clock::resolution()),
    })
}

fn list(folder: &str) -> std::io::Result<Value> {
    let entries = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path().to_string_lossy().into_owned()))
        .collect::<std::io::Result<Vec<_>>>()?;
    Ok(entries.into())
}

fn environment() -> BTreeMap<String, String> {
    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    std::env::vars_os()
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}

fn arguments() -> Vec<String> {
    std::env::args_os()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect()
}
