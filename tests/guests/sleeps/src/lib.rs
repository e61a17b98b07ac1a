//! Sleeps in a call of the host, where it uses no fuel, which should become the fault
//! "timed out"; then it answers `unchanged`.
//!
//! Settings: `milliseconds` is how long, one hour where it is absent.

use bare::{Answer, Invocation, Outcome, Settings};
use std::time::Duration;

bare::guest!(transform);

fn transform(invocation: Invocation, _payload: String) -> Answer {
    let milliseconds = Settings::of(&invocation).number("milliseconds");
    std::thread::sleep(Duration::from_millis(milliseconds.unwrap_or(3_600_000)));
    Ok(Outcome::Unchanged)
}
