//! Keeps what it can from one call to the next: how often it was called, and whose
//! request it was. Each call has a fresh instance, so it should always return
//! `{"calls":1,"remembered":null}`.

use bare::{Answer, Invocation, Outcome};
use serde_json::json;
use std::sync::Mutex;

bare::guest!(transform);

struct Memory {
    calls: u64,
    last_request: Option<String>,
}

static MEMORY: Mutex<Memory> = Mutex::new(Memory {
    calls: 0,
    last_request: None,
});

fn transform(invocation: Invocation, _payload: String) -> Answer {
    let mut memory = MEMORY.lock().expect("nobody panicked here");
    memory.calls += 1;
    let remembered = memory.last_request.replace(invocation.request_id);
    let report = json!({ "calls": memory.calls, "remembered": remembered });
    Ok(Outcome::Replaced(report.to_string()))
}
