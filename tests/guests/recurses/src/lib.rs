//! Calls itself until the stack is used up, which should become the fault "trapped".
//!
//! Settings: `how` is `deep` (the default: small frames, which use up the stack that
//! the host gives) or `wide` (frames of 16 KiB, which use up the guest's own stack in
//! its memory first).

use bare::{Answer, Invocation, Outcome, Settings};
use std::hint::black_box;

bare::guest!(transform);

fn transform(invocation: Invocation, _payload: String) -> Answer {
    let depth = match Settings::of(&invocation).how().as_str() {
        "" | "deep" => deep(1),
        "wide" => wide(1),
        other => bare::unknown!(other),
    };
    Ok(Outcome::Replaced(format!("{{\"depth\":{depth}}}")))
}

/// All of its frame is in registers, or in what stands for them.
#[inline(never)]
fn deep(depth: u64) -> u64 {
    if depth == u64::MAX {
        return depth;
    }
    // What is done after the call keeps it from becoming a jump.
    deep(depth + 1).wrapping_mul(31) ^ depth
}

#[expect(unconditional_recursion, reason = "that is what this guest is for")]
#[inline(never)]
fn wide(depth: u64) -> u64 {
    let mut frame = [depth; 2048];
    black_box(&mut frame);
    black_box(wide(depth + 1)) ^ frame[0]
}
