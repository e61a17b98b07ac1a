//! A circuit breaker for a store that does not answer. After some operations in a row
//! without an answer, operations fail at once, and one at a time is tried again after a
//! pause, so that a store that hangs does not cost every request its whole timeout.

use super::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many operations in a row without an answer open the breaker.
const UNANSWERED: u32 = 5;

/// How long operations fail at once before one is tried; doubled after each that is not
/// answered either, up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// An operation whose caller gives up after this time counts as unanswered: its stage may
/// have less time than the store's timeout.
pub(super) const PATIENCE: Duration = Duration::from_millis(250);

/// The breaker of one store.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Operations without an answer since the last one that had an answer.
    unanswered: u32,
    open: Option<Open>,
    /// Whether the last operation that ended could not reach the store.
    unreachable: bool,
}

#[derive(Debug)]
struct Open {
    probe_at: Instant,
    pause: Duration,
    /// Whether an operation is being tried.
    probing: bool,
}

/// How an operation ended, as far as it tells of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The store answered, if only with a refusal.
    Answered,
    /// It did not answer in time.
    Unanswered,
    /// It cannot be reached or used, which was clear without a wait.
    Unreachable,
    /// The caller gave up too early to tell.
    Unknown,
}

/// What an end changes that the operator is told.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Opened(Duration),
    Closed,
}

/// How an operation is let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// The breaker is closed.
    Normal,
    /// The breaker is open, and this operation tries the store.
    Probe,
}

impl Breaker {
    /// Lets an operation through, unless the breaker is open.
    pub(super) fn begin(&self) -> Option<Attempt<'_>> {
        let start = Instant::now();
        let pass = self.state().admit(start)?;
        Some(Attempt {
            breaker: self,
            pass,
            start,
            ended: false,
        })
    }

    /// Whether operations are let through and the last one could reach the store.
    pub(super) fn is_up(&self) -> bool {
        let state = self.state();
        state.open.is_none() && !state.unreachable
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, pass: Pass, end: End) {
        let turn = self.state().end(pass, end, Instant::now());
        match turn {
            Some(Turn::Opened(pause)) => tracing::error!(
                unanswered = UNANSWERED,
                "the key-value store does not answer; operations fail at once, and one is tried every {} or more",
                humantime::format_duration(pause)
            ),
            Some(Turn::Closed) => tracing::info!("the key-value store answers again"),
            None => {}
        }
    }
}

impl State {
    fn admit(&mut self, now: Instant) -> Option<Pass> {
        match &mut self.open {
            None => Some(Pass::Normal),
            Some(open) if !open.probing && now >= open.probe_at => {
                open.probing = true;
                Some(Pass::Probe)
            }
            Some(_) => None,
        }
    }

    fn end(&mut self, pass: Pass, end: End, now: Instant) -> Option<Turn> {
        match end {
            End::Answered => {
                self.unanswered = 0;
                self.unreachable = false;
                self.open.take().map(|_| Turn::Closed)
            }
            End::Unanswered | End::Unreachable => {
                self.unreachable |= end == End::Unreachable;
                if end == End::Unanswered {
                    self.unanswered = self.unanswered.saturating_add(1);
                }
                match &mut self.open {
                    // Operations that began before it opened tell nothing new.
                    Some(open) if pass == Pass::Probe => {
                        open.pause = (open.pause * 2).min(LONGEST_PAUSE);
                        open.probe_at = now + open.pause;
                        open.probing = false;
                        None
                    }
                    None if self.unanswered >= UNANSWERED => {
                        self.open = Some(Open {
                            probe_at: now + PAUSE,
                            pause: PAUSE,
                            probing: false,
                        });
                        Some(Turn::Opened(PAUSE))
                    }
                    _ => None,
                }
            }
            End::Unknown => {
                if let (Pass::Probe, Some(open)) = (pass, &mut self.open) {
                    open.probing = false;
                }
                None
            }
        }
    }
}

/// An operation on its way. One that is dropped before it ended was given up.
pub(super) struct Attempt<'b> {
    breaker: &'b Breaker,
    pass: Pass,
    start: Instant,
    ended: bool,
}

impl Attempt<'_> {
    /// Notes what the operation came to.
    pub(super) fn ended<T>(mut self, result: &Result<T, Error>) {
        self.ended = true;
        let end = match result {
            Err(Error::Slow { .. }) => End::Unanswered,
            Err(Error::Gone { .. }) => End::Unreachable,
            Ok(_)
            | Err(
                Error::KeyTooLong { .. }
                | Error::ValueTooLarge { .. }
                | Error::QuotaUsedUp { .. }
                | Error::StoreFull
                | Error::Damaged
                | Error::NotAnswering,
            ) => End::Answered,
        };
        self.breaker.end(self.pass, end);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.ended {
            let end = if self.start.elapsed() >= PATIENCE {
                End::Unanswered
            } else {
                End::Unknown
            };
            self.breaker.end(self.pass, end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(now: Instant) -> State {
        let mut state = State::default();
        for number in 1..=UNANSWERED {
            assert_eq!(state.admit(now), Some(Pass::Normal));
            let turn = state.end(Pass::Normal, End::Unanswered, now);
            let opens = (number == UNANSWERED).then_some(Turn::Opened(PAUSE));
            assert_eq!(turn, opens, "{number}");
        }
        state
    }

    #[test]
    fn opens_after_some_in_a_row_and_an_answer_in_between_counts() {
        let now = Instant::now();
        let mut state = State::default();
        for _ in 0..3 {
            for _ in 1..UNANSWERED {
                assert_eq!(state.end(Pass::Normal, End::Unanswered, now), None);
            }
            assert_eq!(state.end(Pass::Normal, End::Answered, now), None);
        }
        // What is refused at once costs nobody time.
        for _ in 0..100 {
            assert_eq!(state.end(Pass::Normal, End::Unreachable, now), None);
            assert_eq!(state.end(Pass::Normal, End::Unknown, now), None);
        }
        assert_eq!(state.admit(now), Some(Pass::Normal));
        assert!(opened(now).admit(now).is_none());
    }

    #[test]
    fn one_at_a_time_is_tried_after_longer_and_longer_pauses() {
        let mut now = Instant::now();
        let mut state = opened(now);
        let mut pauses = Vec::new();
        for _ in 0..6 {
            let start = now;
            while state.admit(now).is_none() {
                now += Duration::from_millis(500);
            }
            pauses.push((now - start).as_secs());
            assert_eq!(state.admit(now), None, "only one is tried");
            assert_eq!(state.end(Pass::Probe, End::Unanswered, now), None);
        }
        assert_eq!(pauses, [1, 2, 4, 8, 10, 10]);
        now += LONGEST_PAUSE;
        assert_eq!(state.admit(now), Some(Pass::Probe));
        // One that is given up early leaves the place to the next.
        assert_eq!(state.end(Pass::Probe, End::Unknown, now), None);
        assert_eq!(state.admit(now), Some(Pass::Probe));
        let turn = state.end(Pass::Probe, End::Answered, now);
        assert_eq!(turn, Some(Turn::Closed));
        assert_eq!(state.admit(now), Some(Pass::Normal));
    }

    #[test]
    fn what_began_before_it_opened_neither_prolongs_nor_repeats_it() {
        let now = Instant::now();
        let mut state = opened(now);
        assert_eq!(state.end(Pass::Normal, End::Unanswered, now), None);
        assert_eq!(state.admit(now + PAUSE), Some(Pass::Probe));
        // A late answer is an answer.
        let turn = state.end(Pass::Normal, End::Answered, now + PAUSE);
        assert_eq!(turn, Some(Turn::Closed));
    }

    #[test]
    fn it_is_down_while_it_is_open_or_out_of_reach() {
        let breaker = Breaker::default();
        let end = |result| breaker.begin().unwrap().ended::<()>(&result);
        let gone = Error::Gone {
            reason: String::new(),
        };
        assert!(breaker.is_up());
        end(Err(gone));
        assert!(!breaker.is_up());
        end(Err(Error::StoreFull));
        assert!(breaker.is_up());
        for _ in 0..UNANSWERED {
            end(Err(Error::Slow {
                reason: String::new(),
            }));
        }
        assert!(!breaker.is_up() && breaker.begin().is_none());
    }
}
