//! How often an issuer is asked for its keys.
//!
//! A stranger's token can name any key, and only a fetch tells it from a good token that is
//! signed with a new one. So strangers can make fetches, and three things have to hold:
//! the issuer gets a bounded number of them; a stranger cannot use up what a good caller
//! needs after a rotation; and nobody is told "wrong" while nobody can tell.
//!
//! - A fetch that brings what is known already costs one unit. There are [`IN_ADVANCE`], and
//!   one comes back in each `retry`. So a stray token does not keep the next caller waiting.
//! - A fetch that brings other keys costs nothing: strangers cannot make an issuer rotate.
//! - Fetches begin at least a tenth of `retry` apart, whatever they bring.
//! - Whoever needs a fetch that may not begin yet gets 503 and the time until it may. A fetch
//!   brings the whole set, so that one that a stranger makes serves good callers too: under a
//!   flood of strangers a good caller waits for `retry` at most.

use std::time::{Duration, Instant};

/// Fetches that may bring nothing new before each has to wait for `retry`.
const IN_ADVANCE: u32 = 3;

/// The least time between two fetches is `retry` divided by this.
const PACE: u32 = 10;

/// The fetches that may be made.
#[derive(Debug)]
pub(super) struct Budget {
    retry: Duration,
    left: u32,
    /// When the last unit came back, or was first missing.
    refilled: Instant,
    /// When the last fetch began.
    last: Option<Instant>,
}

impl Budget {
    pub(super) fn new(retry: Duration, now: Instant) -> Self {
        Self {
            retry,
            left: IN_ADVANCE,
            refilled: now,
            last: None,
        }
    }

    /// Takes what a fetch costs.
    ///
    /// # Errors
    /// It may not begin yet: the time until it may.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let wait = self.wait(now);
        if !wait.is_zero() {
            return Err(wait);
        }
        if self.left == IN_ADVANCE {
            self.refilled = now;
        }
        self.left = self.left.saturating_sub(1);
        self.last = Some(now);
        Ok(())
    }

    /// The last fetch has brought something new.
    pub(super) fn give_back(&mut self) {
        self.left = (self.left + 1).min(IN_ADVANCE);
    }

    /// The time until a fetch may begin.
    pub(super) fn wait(&mut self, now: Instant) -> Duration {
        while self.left < IN_ADVANCE && now.saturating_duration_since(self.refilled) >= self.retry {
            self.left += 1;
            self.refilled += self.retry;
        }
        let pace = self.last.map_or(now, |last| last + self.retry / PACE);
        let unit = if self.left == 0 {
            self.refilled + self.retry
        } else {
            now
        };
        pace.max(unit).saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Duration = Duration::from_secs(10);

    #[test]
    fn strangers_make_few_fetches_and_leave_some() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut budget = Budget::new(RETRY, start);
        assert_eq!(budget.take(at(0)), Ok(()));
        // One stray token does not keep the next caller waiting for long.
        assert_eq!(budget.take(at(0)), Err(Duration::from_secs(1)));
        assert_eq!(budget.take(at(1)), Ok(()));
        assert_eq!(budget.take(at(2)), Ok(()));
        assert_eq!(budget.take(at(3)), Err(Duration::from_secs(7)));
        assert_eq!(budget.take(at(10)), Ok(()));
        assert_eq!(budget.take(at(11)), Err(Duration::from_secs(9)));
        // A flood, twice a second for ten minutes.
        let made = (22..1222).filter(|half| {
            budget
                .take(start + Duration::from_millis(half * 500))
                .is_ok()
        });
        assert!(made.count() <= 60);
    }

    #[test]
    fn a_fetch_that_brings_new_keys_costs_nothing_but_its_pace() {
        let start = Instant::now();
        let mut budget = Budget::new(RETRY, start);
        for second in 0..100 {
            assert_eq!(budget.take(start + Duration::from_secs(second)), Ok(()));
            budget.give_back();
        }
        let now = start + Duration::from_secs(99);
        assert_eq!(budget.take(now), Err(Duration::from_secs(1)));
    }

    #[test]
    fn what_was_saved_is_bounded() {
        let start = Instant::now();
        let mut budget = Budget::new(RETRY, start);
        let late = start + Duration::from_secs(86_400);
        let made =
            (0..10).filter(|second| budget.take(late + Duration::from_secs(*second)).is_ok());
        assert_eq!(made.count(), 3);
    }
}
