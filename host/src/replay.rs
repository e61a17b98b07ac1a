//! The tokens that came before, so that none comes twice. Only digests of tokens that
//! were verified are kept, each until its token is refused because of its age.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// What is remembered, by assistant. It outlives configurations, because a reload must
/// not make a token good again.
#[derive(Default)]
pub struct Replays(Mutex<HashMap<String, Arc<Tokens>>>);

impl Replays {
    /// What is remembered for the assistant of this name.
    #[must_use]
    pub fn of(&self, assistant: &str) -> Arc<Tokens> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What nobody uses and has nothing to say any more.
        let now = SystemTime::now();
        all.retain(|_, tokens| Arc::strong_count(tokens) > 1 || !tokens.is_empty_at(now));
        Arc::clone(all.entry(assistant.to_owned()).or_default())
    }
}

/// The tokens of one assistant that came and may not come again.
#[derive(Default)]
pub struct Tokens(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    digests: HashSet<[u8; 32]>,
    by_end: BTreeSet<(SystemTime, [u8; 32])>,
}

/// Why a token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// It came before.
    Seen,
    /// No room for another one. Nothing is forgotten instead, because then whoever can
    /// fill it could use a stolen token.
    Full {
        /// When there will be room.
        wait: Duration,
    },
}

impl Tokens {
    /// Takes a token that may come once, and remembers it until then, beside at most so
    /// many in all.
    ///
    /// # Errors
    /// See [`Replay`].
    pub fn take(
        &self,
        digest: [u8; 32],
        until: SystemTime,
        now: SystemTime,
        most: usize,
    ) -> Result<(), Replay> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.forget(now);
        if seen.digests.contains(&digest) {
            return Err(Replay::Seen);
        }
        if seen.digests.len() >= most {
            let first = seen.by_end.first().map_or(now, |(end, _)| *end);
            let wait = first.duration_since(now).unwrap_or_default();
            return Err(Replay::Full { wait });
        }
        seen.digests.insert(digest);
        seen.by_end.insert((until, digest));
        Ok(())
    }

    fn is_empty_at(&self, now: SystemTime) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.forget(now);
        seen.digests.is_empty()
    }
}

impl Seen {
    fn forget(&mut self, now: SystemTime) {
        while let Some((end, digest)) = self.by_end.first().copied()
            && end <= now
        {
            self.by_end.pop_first();
            self.digests.remove(&digest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_token_comes_once_until_its_end() {
        let tokens = Tokens::default();
        assert_eq!(tokens.take([1; 32], at(10), at(0), 9), Ok(()));
        assert_eq!(tokens.take([2; 32], at(20), at(0), 9), Ok(()));
        assert_eq!(tokens.take([1; 32], at(10), at(9), 9), Err(Replay::Seen));
        assert_eq!(tokens.take([2; 32], at(20), at(19), 9), Err(Replay::Seen));
        // From its end on, the token's own age refuses it.
        assert_eq!(tokens.take([1; 32], at(30), at(10), 9), Ok(()));
    }

    #[test]
    fn what_is_full_refuses_the_new_and_forgets_nothing() {
        let tokens = Tokens::default();
        assert_eq!(tokens.take([1; 32], at(10), at(0), 2), Ok(()));
        assert_eq!(tokens.take([2; 32], at(20), at(0), 2), Ok(()));
        let wait = Duration::from_secs(9);
        let full = Err(Replay::Full { wait });
        assert_eq!(tokens.take([3; 32], at(30), at(1), 2), full);
        assert_eq!(tokens.take([1; 32], at(10), at(1), 2), Err(Replay::Seen));
        assert_eq!(tokens.take([3; 32], at(30), at(10), 2), Ok(()));
        assert_eq!(tokens.take([2; 32], at(20), at(10), 2), Err(Replay::Seen));
    }

    #[test]
    fn an_assistants_tokens_are_kept_while_they_can_come_again() {
        let replays = Replays::default();
        let soon = SystemTime::now() + Duration::from_secs(600);
        let take = |assistant: &str, until| {
            let tokens = replays.of(assistant);
            tokens.take([1; 32], until, SystemTime::now(), 9)
        };
        assert_eq!(take("a", soon), Ok(()));
        assert_eq!(take("b", SystemTime::now()), Ok(()));
        // Nobody holds either of them here: one has something to say still.
        assert_eq!(take("a", soon), Err(Replay::Seen));
        let _ = replays.of("c");
        assert!(!replays.0.lock().unwrap().contains_key("b"));
    }
}
