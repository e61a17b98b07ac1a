//! Answers with JSON that is right and that nobody expects: 10,000 arrays in each other,
//! the same key a thousand times, a number of a million digits. It is no fault.
//!
//! Settings: `how` is `deep` (the default), `duplicates` or `digits`; `as` is `replaced`
//! (the default), `merge-patch` or `json-patch`, which adds or tests it at `/odd`:
//! `{"test": true}` makes the patch add the value and compare it with itself.

use bare::{Answer, Invocation, Outcome, Settings};

bare::guest!(transform);

const DEPTH: usize = 10_000;
const DUPLICATES: usize = 1_000;
const DIGITS: usize = 1_000_000;

fn transform(invocation: Invocation, _payload: String) -> Answer {
    let settings = Settings::of(&invocation);
    let value = match settings.how().as_str() {
        "" | "deep" => format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH)),
        "duplicates" => {
            let members: Vec<_> = (0..DUPLICATES).map(|n| format!("\"a\":{n}")).collect();
            format!("{{{}}}", members.join(","))
        }
        "digits" => "9".repeat(DIGITS),
        other => bare::unknown!(other),
    };
    let test = match settings.flag("test") {
        Some(true) => format!(r#",{{"op":"test","path":"/odd","value":{value}}}"#),
        _ => String::new(),
    };
    Ok(match settings.text("as").as_deref() {
        None | Some("replaced") => Outcome::Replaced(format!(r#"{{"odd":{value}}}"#)),
        Some("merge-patch") => Outcome::MergePatch(format!(r#"{{"odd":{value}}}"#)),
        Some("json-patch") => Outcome::JsonPatch(format!(
            r#"[{{"op":"add","path":"/odd","value":{value}}}{test}]"#
        )),
        Some(other) => bare::unknown!(other),
    })
}
