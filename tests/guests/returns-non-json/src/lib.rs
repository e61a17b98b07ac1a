//! Replaces the payload by something that it cannot be, which should become the fault
//! "output not JSON", or that of a payload which is no object.
//!
//! Settings: `how` is `text` (the default), `empty`, `array` (JSON, but not an object),
//! `cut-off` (an object without its end), `two` (two objects), `nan`, or `deep`: 100,000
//! arrays in each other, which is JSON, but would exhaust the stack of a host that reads
//! it recursively.

use bare::{Answer, Invocation, Outcome, Settings};

bare::guest!(transform);

const DEPTH: usize = 100_000;

fn transform(invocation: Invocation, _payload: String) -> Answer {
    Ok(Outcome::Replaced(
        match Settings::of(&invocation).how().as_str() {
            "" | "text" => "this is not JSON".to_owned(),
            "empty" => String::new(),
            "array" => "[1,2,3]".to_owned(),
            "cut-off" => r#"{"output":{"generic":[]"#.to_owned(),
            "two" => "{} {}".to_owned(),
            "nan" => r#"{"a":NaN}"#.to_owned(),
            "deep" => format!("{{\"a\":{}{}}}", "[".repeat(DEPTH), "]".repeat(DEPTH)),
            other => bare::unknown!(other),
        },
    ))
}
