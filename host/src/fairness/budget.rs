//! So much fuel a minute: an account that fills evenly and may be overdrawn by the
//! calls that were let in while there was some left.

use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);

/// An account of fuel.
#[derive(Debug)]
pub(super) struct Budget {
    /// In units a minute; the account holds no more than that.
    per_minute: u64,
    /// In units; negative where calls used more than there was.
    left: f64,
    /// When `left` was true.
    at: Instant,
}

impl Budget {
    /// A full account.
    pub(super) fn new(per_minute: u64, now: Instant) -> Self {
        Self {
            per_minute,
            left: units(per_minute),
            at: now,
        }
    }

    pub(super) fn per_minute(&self) -> u64 {
        self.per_minute
    }

    /// How long it takes until there is some fuel; nothing where there is now.
    pub(super) fn wait(&mut self, now: Instant) -> Option<Duration> {
        self.fill(now);
        if self.left >= 1.0 {
            return None;
        }
        let minutes = (1.0 - self.left) / units(self.per_minute);
        Some(Duration::try_from_secs_f64(minutes * MINUTE.as_secs_f64()).unwrap_or(MINUTE))
    }

    /// Takes what a call has used.
    pub(super) fn charge(&mut self, fuel: u64, now: Instant) {
        self.fill(now);
        self.left -= units(fuel);
    }

    fn fill(&mut self, now: Instant) {
        let minutes = now.saturating_duration_since(self.at).as_secs_f64() / MINUTE.as_secs_f64();
        let most = units(self.per_minute);
        self.left = (self.left + minutes * most).min(most);
        self.at = now;
    }
}

/// Fuel as a number that can be divided. What is lost of it above 2^53 is nothing to a
/// budget.
#[expect(clippy::cast_precision_loss, reason = "see above")]
fn units(fuel: u64) -> f64 {
    fuel as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_evenly_and_never_over_its_brim() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut budget = Budget::new(600, start);
        assert_eq!(budget.wait(after(1_000)), None);
        // It is full and no fuller.
        budget.charge(600, after(1_000));
        assert_eq!(budget.wait(after(1_000)), Some(Duration::from_millis(100)));
        assert_eq!(budget.wait(after(1_001)), None);
        // An overdraft is paid off first.
        budget.charge(1_210, after(1_001));
        let wait = budget.wait(after(1_001)).unwrap();
        assert_eq!(wait.as_secs(), 120);
        assert_eq!(budget.wait(after(1_122)), None);
    }
}
