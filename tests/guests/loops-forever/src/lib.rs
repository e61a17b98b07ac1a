//! Never returns, which should become the fault "fuel exhausted" or "timed out",
//! whichever comes first.
//!
//! Settings: `{"calls": true}` makes it call a function each time round; without it
//! the loop is one jump.

use bare::{Answer, Invocation, Settings};
use std::hint::black_box;

bare::guest!(transform);

fn transform(invocation: Invocation, _payload: String) -> Answer {
    if Settings::of(&invocation).flag("calls") != Some(true) {
        loop {}
    }
    let mut count = 0;
    loop {
        count = step(count);
    }
}

#[inline(never)]
fn step(count: u64) -> u64 {
    black_box(count).wrapping_add(1)
}
