//! Takes of what WASI gives for nothing as much as it is told to, and keeps it; then it
//! answers `unchanged`. Beyond the host's limits it should become the fault "trapped".
//!
//! Settings: `handles` is how many handles of its standard output it opens, `random`
//! how many random bytes it asks for at once.

use bare::{Answer, Invocation, Outcome, Settings};

bare::guest!(transform);

fn transform(invocation: Invocation, _payload: String) -> Answer {
    let settings = Settings::of(&invocation);
    let handles: Vec<_> = (0..settings.number("handles").unwrap_or(0))
        .map(|_| wasip2::cli::stdout::get_stdout())
        .collect();
    let random = wasip2::random::random::get_random_bytes(settings.number("random").unwrap_or(0));
    std::hint::black_box((handles, random));
    Ok(Outcome::Unchanged)
}
