//! Prints to its standard output and error until it is stopped, which should become the
//! fault "fuel exhausted" or "timed out", with no more of the text kept than the host
//! allows.
//!
//! Settings: `lines` prints `stdout line 1`, `stderr line 1` and so on up to that
//! number, then returns `unchanged`; `{"newlines": false}` leaves out the line breaks.

use bare::{Answer, Invocation, Outcome, Settings};
use std::io::Write;

bare::guest!(transform);

fn transform(invocation: Invocation, _payload: String) -> Answer {
    let settings = Settings::of(&invocation);
    let lines = settings.number("lines").unwrap_or(u64::MAX);
    let end = match settings.flag("newlines") {
        Some(false) => " ",
        _ => "\n",
    };
    let mut stdout = std::io::stdout().lock();
    let mut stderr = std::io::stderr().lock();
    for line in 1..=lines {
        // A host that no longer listens must not end this guest early.
        let _ = write!(stdout, "stdout line {line}{end}");
        let _ = write!(stderr, "stderr line {line}{end}");
    }
    let _ = stdout.flush();
    Ok(Outcome::Unchanged)
}
