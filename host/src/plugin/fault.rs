//! Turns the errors of a guest's run into faults. What kind of error it is decides;
//! nothing here can fail.

use super::state::State;
use crate::fairness::Refusal;
use crate::limits::Limits;
use crate::outcome::Fault;
use std::time::Duration;
use wasmtime::{PoolConcurrencyLimitError, Trap};
use wasmtime_wasi::I32Exit;

/// The text of an error whose type wasmtime keeps to itself: a guest handed the
/// host more bytes in one go than it may. A test fails should the words change.
const TOO_MUCH_DATA: &str = "fuel allocated for hostcalls has been exhausted";

/// The longest reason that is kept of a trap, in characters.
const LONGEST_REASON: usize = 500;

/// What an error of instantiation or of the call means. `timeout` is what the call had.
pub(super) fn of(
    error: &wasmtime::Error,
    state: &State,
    limits: &Limits,
    timeout: Duration,
) -> Fault {
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => return Fault::FuelExhausted { limit: limits.fuel },
        Some(Trap::Interrupt) => return Fault::TimedOut { limit: timeout },
        _ => {}
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return Fault::Unavailable(Refusal::NoRoom);
    }
    if let Some(I32Exit(status)) = error.downcast_ref::<I32Exit>() {
        return Fault::Trapped(format!("exited with status {status}"));
    }
    let reason = match error.downcast_ref::<Trap>() {
        Some(trap) => trap.to_string(),
        None => error.root_cause().to_string(),
    };
    if reason.contains(TOO_MUCH_DATA) {
        return Fault::OutputTooLarge {
            limit: limits.output_bytes.max(super::callee::HANDED_OVER),
        };
    }
    if let Some(refused) = state.limiter.refused() {
        return refused.clone();
    }
    let reason = reason.trim_start_matches("wasm trap: ");
    Fault::Trapped(reason.chars().take(LONGEST_REASON).collect())
}
