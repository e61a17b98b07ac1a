//! Takes of what WASI gives for nothing as much as it is told to, and keeps it; then it
//! answers `unchanged`. Beyond the host's limits it should become the fault "trapped", or
//! "output too large" where it hands over too much.
//!
//! Settings: `handles` is how many handles of its standard output it opens, `random`
//! how many random bytes it asks for at once, `prints` how many bytes it prints at once,
//! `zeroes` how many zeroes it has the host print, `reads` how many bytes of its empty
//! standard input it asks for;
//! `endless` is what it asks for without end, `random`, `insecure-random`, `time` or
//! `handles`, and keeps nothing of: "fuel exhausted" or "timed out".

use bare::{Answer, Invocation, Outcome, Settings};
use std::hint::black_box;
use wasip2::cli::stdin::get_stdin;
use wasip2::cli::stdout::get_stdout;
use wasip2::clocks::wall_clock;
use wasip2::random::{insecure, random};

bare::guest!(transform);

/// As many random bytes as the host gives at once.
const RANDOM: u64 = 64 << 10;

fn transform(invocation: Invocation, _payload: String) -> Answer {
    let settings = Settings::of(&invocation);
    match settings.text("endless").as_deref() {
        None => {}
        Some("random") => endlessly(|| random::get_random_bytes(RANDOM)),
        Some("insecure-random") => endlessly(|| insecure::get_insecure_random_bytes(RANDOM)),
        Some("time") => endlessly(wall_clock::now),
        Some("handles") => endlessly(get_stdout),
        Some(other) => bare::unknown!(other),
    }
    let number = |name| settings.number(name).unwrap_or(0);
    let handles: Vec<_> = (0..number("handles")).map(|_| get_stdout()).collect();
    let random = random::get_random_bytes(number("random"));
    if let Ok(bytes @ 1..) = usize::try_from(number("prints")) {
        let _ = get_stdout().write(&vec![b'x'; bytes]);
    }
    if let zeroes @ 1.. = number("zeroes") {
        let _ = get_stdout().write_zeroes(zeroes);
    }
    if let bytes @ 1.. = number("reads") {
        let _ = get_stdin().read(bytes);
    }
    black_box((handles, random));
    Ok(Outcome::Unchanged)
}

fn endlessly<T>(mut ask: impl FnMut() -> T) {
    loop {
        black_box(ask());
    }
}
