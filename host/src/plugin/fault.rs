//! Turns the errors of a guest's run into faults. What kind of error it is decides;
//! nothing here can fail.

use super::state::State;
use crate::fairness::{Refusal, TurnMeter};
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

/// What an error of instantiation or of the call means. `out_of_time` is the fault where
/// the guest was stopped because its time was over.
pub(super) fn of(
    error: &wasmtime::Error,
    state: &State,
    limits: &Limits,
    out_of_time: impl FnOnce() -> Fault,
) -> Fault {
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => return Fault::FuelExhausted { limit: limits.fuel },
        Some(Trap::Interrupt) => return out_of_time(),
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
    if is_of_the_system(error) {
        return Fault::HostFailed(reason);
    }
    let reason = reason.trim_start_matches("wasm trap: ");
    Fault::Trapped(reason.chars().take(LONGEST_REASON).collect())
}

/// Whether the operating system refused something, such as memory for an instance.
pub(super) fn is_of_the_system(error: &wasmtime::Error) -> bool {
    let of_the_system = |error: &(dyn std::error::Error + 'static)| {
        error.is::<std::io::Error>() || error.is::<rustix::io::Errno>()
    };
    error.chain().any(of_the_system)
}

/// The times of a run that was stopped because its time was over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// The stage's own timeout.
    pub(super) own: Duration,
    /// What was left of the assistant's timeout when the run began.
    pub(super) left: Duration,
    /// The assistant's whole timeout.
    pub(super) whole: Duration,
    /// Since the run began.
    pub(super) elapsed: Duration,
    /// What the guest computed of that.
    pub(super) computed: Duration,
    /// What it waited for its turns on a core.
    pub(super) waited: Duration,
}

impl Times {
    pub(super) fn with_turns(self, turns: &TurnMeter) -> Self {
        Self {
            computed: turns.computed(),
            waited: turns.waited(),
            ..self
        }
    }

    /// Who used the time up. The plugin, if it had nine tenths of what it can have at most
    /// for itself; and if its own time was over and it had computed for a fiftieth of it
    /// (100 ms of 5 s, where honest calls compute for a few): waiting for a core is a
    /// heavy plugin's own doing. Otherwise those before it, or those beside it.
    pub(super) fn fault(&self) -> Fault {
        let limit = self.own.min(self.left);
        let had = self.elapsed.saturating_sub(self.waited);
        let most = self.own.min(self.whole);
        if had.saturating_mul(10) >= most.saturating_mul(9) {
            return Fault::TimedOut { limit };
        }
        if self.left < self.own {
            return Fault::DeadlineExceeded { left: self.left };
        }
        if self.computed.saturating_mul(50) >= self.own {
            return Fault::TimedOut { limit };
        }
        Fault::CpuStarved {
            limit,
            waited: self.waited,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In milliseconds: the stage's own timeout, what was left, the assistant's, and what
    /// of the time that the run had it computed and waited.
    fn stopped(own: u64, left: u64, whole: u64, computed: u64, waited: u64) -> &'static str {
        let ms = Duration::from_millis;
        let times = Times {
            own: ms(own),
            left: ms(left),
            whole: ms(whole),
            elapsed: ms(own.min(left)),
            computed: ms(computed),
            waited: ms(waited),
        };
        times.fault().kind()
    }

    #[test]
    fn a_plugin_that_had_its_time_is_to_blame() {
        assert_eq!(stopped(5_000, 10_000, 10_000, 5_000, 0), "timed-out");
        // It waits in a call of the host.
        assert_eq!(stopped(5_000, 10_000, 10_000, 0, 0), "timed-out");
        assert_eq!(stopped(5_000, 10_000, 10_000, 4_900, 100), "timed-out");
        // The assistant's time is the shorter one, and it is the first stage.
        assert_eq!(stopped(5_000, 990, 1_000, 990, 0), "timed-out");
    }

    #[test]
    fn a_plugin_whose_time_others_used_is_not() {
        assert_eq!(stopped(5_000, 300, 1_000, 0, 0), "deadline-exceeded");
        assert_eq!(stopped(5_000, 300, 1_000, 300, 0), "deadline-exceeded");
        // A slow caller left it 850 of 1,000 ms, or it waited for a core for so long.
        assert_eq!(stopped(5_000, 850, 1_000, 850, 0), "deadline-exceeded");
        assert_eq!(stopped(5_000, 990, 1_000, 90, 900), "deadline-exceeded");
    }

    #[test]
    fn a_plugin_that_waits_for_a_core_is_to_blame_where_it_is_heavy() {
        assert_eq!(stopped(5_000, 10_000, 10_000, 20, 4_980), "cpu-starved");
        assert_eq!(stopped(5_000, 10_000, 10_000, 100, 4_900), "timed-out");
        assert_eq!(stopped(100, 10_000, 10_000, 1, 99), "cpu-starved");
    }
}
