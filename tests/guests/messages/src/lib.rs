//! Exports an interface for each event but texts: what it does of a message, of an answer
//! and of an event of the log is up to the settings.
//!
//! Settings: `as` is `unchanged`, `replaced`, `merge-patch` or, for a message, `reply`,
//! with `value` as text; `fail` is a word for its failure; `milliseconds` is how long it
//! sleeps first. An event of the log is printed.
#![allow(missing_docs, reason = "the contract documents what is generated")]

wit_bindgen::generate!({
    inline: "
        package tests:messages;
        world messages {
            export retort:transform/transform-request@0.1.0;
            export retort:transform/transform-response@0.1.0;
            export retort:transform/observe-event@0.1.0;
        }
    ",
    path: "../../../wit/v0.1.0",
    generate_all,
});

use exports::retort::transform::{observe_event, transform_request, transform_response};
use retort::transform::types::{Failure, Invocation, Outcome};
use serde_json::Value;
use std::time::Duration;
use transform_request::Decision;

struct Exported;

export!(Exported);

fn decide(invocation: &Invocation) -> Result<Decision, Failure> {
    let settings: Value = serde_json::from_str(&invocation.settings).expect("settings are JSON");
    if let Some(milliseconds) = settings["milliseconds"].as_u64() {
        std::thread::sleep(Duration::from_millis(milliseconds));
    }
    if let Some(word) = settings["fail"].as_str() {
        return Err(Failure::Failed(word.to_owned()));
    }
    let value = settings["value"].as_str().unwrap_or("{}").to_owned();
    Ok(match settings["as"].as_str().unwrap_or("unchanged") {
        "unchanged" => Decision::Pass(Outcome::Unchanged),
        "replaced" => Decision::Pass(Outcome::Replaced(value)),
        "merge-patch" => Decision::Pass(Outcome::MergePatch(value)),
        "reply" => Decision::Reply(value),
        other => panic!("`as` cannot be {other}"),
    })
}

impl transform_request::Guest for Exported {
    fn transform(invocation: Invocation, _: String) -> Result<Decision, Failure> {
        decide(&invocation)
    }
}

impl transform_response::Guest for Exported {
    fn transform(invocation: Invocation, payload: String) -> Result<Outcome, Failure> {
        if payload == r#"{"tame":1}"# {
            return Ok(Outcome::Unchanged);
        }
        match decide(&invocation)? {
            Decision::Pass(outcome) => Ok(outcome),
            Decision::Reply(_) => panic!("an answer cannot be replied to"),
        }
    }
}

impl observe_event::Guest for Exported {
    fn observe(invocation: Invocation, payload: String) -> Result<(), Failure> {
        decide(&invocation)?;
        println!("observed {} {payload}", invocation.event);
        Ok(())
    }
}
