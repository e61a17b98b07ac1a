//! Ends without an answer, which should become the fault "trapped".
//!
//! Settings: `how` is `unreachable` (the default), `panic` (with the message
//! `the guest panics` on standard error), `exit` (a process's end, in failure),
//! `divide` (an integer by zero), `out-of-bounds` (reads beyond its memory), or
//! `wrong-type` (calls a function as one of another type).

use bare::{Answer, Invocation, Outcome, Settings};
use std::hint::black_box;

bare::guest!(transform);

fn transform(invocation: Invocation, _payload: String) -> Answer {
    let number = match Settings::of(&invocation).how().as_str() {
        "" | "unreachable" => core::arch::wasm32::unreachable(),
        "panic" => panic!("the guest panics"),
        "exit" => std::process::exit(3),
        "divide" => divide(),
        "out-of-bounds" => out_of_bounds(),
        "wrong-type" => wrong_type(),
        other => bare::unknown!(other),
    };
    // Only a guest that should have trapped comes here.
    Ok(Outcome::Replaced(format!("{{\"survived\":{number}}}")))
}

fn divide() -> u32 {
    // SAFETY: none. The zero is hidden from the compiler, so the division is made.
    black_box(1) / unsafe { core::num::NonZeroU32::new_unchecked(black_box(0)) }
}

fn out_of_bounds() -> u32 {
    // SAFETY: none. No guest has so much memory.
    unsafe { core::ptr::read_volatile(0xffff_fff0 as *const u32) }
}

fn wrong_type() -> u32 {
    // SAFETY: none. The sandbox checks the type at the call.
    let function: fn(u64) -> u32 =
        unsafe { core::mem::transmute(black_box(divide as fn() -> u32)) };
    black_box(function)(1)
}
