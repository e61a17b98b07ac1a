//! Waits for what never comes, which should become the fault "timed out", or polls in
//! another way that no careful program would.
//!
//! Settings: `how` is `never` (the default: a timer that rings in centuries), `instant`
//! (the same by the clock), `nothing`
//! (an empty list, which WASI says is a trap), `again` (something that is always ready,
//! over and over), or `many` (one list with a million times the same handle).

use bare::{Answer, Invocation, Settings};
use wasip2::clocks::monotonic_clock::{subscribe_duration, subscribe_instant};
use wasip2::io::poll::poll;

bare::guest!(transform);

const MANY: usize = 1_000_000;

fn transform(invocation: Invocation, _payload: String) -> Answer {
    let how = Settings::of(&invocation).how();
    let never = subscribe_duration(u64::MAX);
    match how.as_str() {
        "" | "never" => drop(poll(&[&never])),
        "instant" => drop(poll(&[&never, &subscribe_instant(u64::MAX)])),
        "nothing" => drop(poll(&[])),
        "again" => {
            let ready = subscribe_duration(0);
            loop {
                std::hint::black_box(poll(&[&ready]));
            }
        }
        "many" => drop(poll(&vec![&never; MANY])),
        other => bare::unknown!(other),
    }
    unreachable!("it was waited for in vain")
}
