//! Log lines that strangers can cause: at most one a second of each kind. The line says
//! how many of its kind were left out before it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The least time between two lines of one kind.
const INTERVAL: Duration = Duration::from_secs(1);

/// Decides which lines are written.
#[derive(Debug)]
pub struct Throttle(Mutex<BTreeMap<&'static str, Kind>>);

#[derive(Debug)]
struct Kind {
    logged: Instant,
    left_out: u64,
}

impl Throttle {
    /// Of which nothing has been logged.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// Whether a line of this kind may be written now. If so, the number says how many
    /// were left out since the last one. Kinds are words of the program, so that there
    /// are few.
    pub fn admit(&self, kind: &'static str) -> Option<u64> {
        self.admit_at(kind, Instant::now())
    }

    fn admit_at(&self, kind: &'static str, now: Instant) -> Option<u64> {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = kinds.get_mut(kind) else {
            let new = Kind {
                logged: now,
                left_out: 0,
            };
            kinds.insert(kind, new);
            return Some(0);
        };
        if now.saturating_duration_since(known.logged) < INTERVAL {
            known.left_out += 1;
            return None;
        }
        known.logged = now;
        Some(std::mem::take(&mut known.left_out))
    }
}

impl Default for Throttle {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_of_each_kind_a_second_and_the_next_says_what_was_left_out() {
        let throttle = Throttle::new();
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        assert_eq!(throttle.admit_at("a", at(0)), Some(0));
        assert_eq!(throttle.admit_at("b", at(1)), Some(0));
        assert_eq!(throttle.admit_at("a", at(2)), None);
        assert_eq!(throttle.admit_at("a", at(999)), None);
        assert_eq!(throttle.admit_at("a", at(1000)), Some(2));
        assert_eq!(throttle.admit_at("a", at(1001)), None);
        assert_eq!(throttle.admit_at("b", at(5000)), Some(0));
    }
}
