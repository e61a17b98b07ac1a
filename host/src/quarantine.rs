//! Spares an assistant a plugin that faults over and over. A stage whose calls fault at
//! a rate over a window is skipped for a while, as if it had failed at once; then one
//! call probes it. A probe that faults doubles the while, one that does not ends it.
//! (Elsewhere this is called a circuit breaker.)

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// When a stage is quarantined and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// So many calls have to fault within the window. Default: 10; 0 is never.
    pub faults: u32,
    /// So many of a hundred calls in the window have to fault. Default: 50.
    pub percent: u32,
    /// How far back calls count. Default: 30 s.
    pub window: Duration,
    /// How long the stage is skipped the first time. Default: 10 s.
    pub pause: Duration,
    /// It doubles with each probe that faults, up to this. Default: 5 min.
    pub longest_pause: Duration,
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            faults: 10,
            percent: 50,
            window: Duration::from_secs(30),
            pause: Duration::from_secs(10),
            longest_pause: Duration::from_secs(300),
        }
    }
}

/// The health of one stage of an assistant.
#[derive(Debug)]
pub struct Quarantine {
    guarded: Mutex<Guarded>,
}

#[derive(Debug)]
struct Guarded {
    rule: Rule,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Calls are made and counted.
    Watching(Window),
    /// No calls are made.
    Skipping { until: Instant, pause: Duration },
    /// One call is made; the others are skipped meanwhile.
    Probing { pause: Duration },
}

/// Calls of late: those since `since`, and those of the window's half before.
#[derive(Debug, Default)]
struct Window {
    since: Option<Instant>,
    now: Count,
    before: Count,
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    calls: u32,
    faults: u32,
}

/// What a call says of its plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It works.
    Good,
    /// It is at fault.
    AtFault,
    /// Nothing: the call was not made, or its end is nobody's fault.
    Nothing,
}

/// What a call's end changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The stage is quarantined: so many of so many calls were at fault.
    Begins {
        /// In the window.
        faults: u32,
        /// In the window.
        calls: u32,
        /// Until the probe.
        pause: Duration,
    },
    /// The probe was at fault too.
    GoesOn {
        /// Until the next probe.
        pause: Duration,
    },
    /// The probe was good: calls are made again.
    Ends,
}

/// A call that is made. Dropped without an end, it says nothing of its plugin.
#[derive(Debug)]
pub struct Attempt<'a> {
    of: &'a Quarantine,
    probe: bool,
    ended: bool,
}

impl Default for Quarantine {
    fn default() -> Self {
        Self::new(Rule::default())
    }
}

impl Quarantine {
    /// Of a stage that nothing is known of yet.
    #[must_use]
    pub fn new(rule: Rule) -> Self {
        let state = State::Watching(Window::default());
        Self {
            guarded: Mutex::new(Guarded { rule, state }),
        }
    }

    /// Goes on by another rule: what is known of the stage stays known. A pause is not
    /// longer than the rule's longest, and there is none where the rule is never met.
    pub fn follow(&self, rule: Rule, now: Instant) {
        let mut guarded = self.guarded();
        guarded.rule = rule;
        match &mut guarded.state {
            state if rule.faults == 0 => *state = State::Watching(Window::default()),
            State::Watching(_) => {}
            State::Skipping { until, pause } => {
                *pause = rule.longest_pause.min(*pause);
                *until = (*until).min(now + rule.longest_pause);
            }
            State::Probing { pause } => *pause = rule.longest_pause.min(*pause),
        }
    }

    /// Whether a call is to be made now.
    ///
    /// # Errors
    /// Not while the stage is quarantined: how long that goes on at least.
    pub fn attempt(&self, now: Instant) -> Result<Attempt<'_>, Duration> {
        let state = &mut self.guarded().state;
        let probe = match *state {
            State::Watching(_) => false,
            State::Skipping { until, .. } if now < until => return Err(until - now),
            State::Skipping { pause, .. } => {
                *state = State::Probing { pause };
                true
            }
            // The probe's end decides, which is soon.
            State::Probing { .. } => return Err(Duration::ZERO),
        };
        Ok(Attempt {
            of: self,
            probe,
            ended: false,
        })
    }

    /// Whether calls are skipped now.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !matches!(self.guarded().state, State::Watching(_))
    }

    fn end(&self, probe: bool, verdict: Verdict, now: Instant) -> Option<Change> {
        let mut guarded = self.guarded();
        let Guarded { rule, state } = &mut *guarded;
        match (&mut *state, probe) {
            (State::Watching(window), false) => {
                let Count { calls, faults } = window.count(verdict, now, rule.window)?;
                if !rule.is_met(calls, faults) {
                    return None;
                }
                let pause = rule.pause;
                *state = skip(now, pause);
                Some(Change::Begins {
                    faults,
                    calls,
                    pause,
                })
            }
            (State::Probing { pause }, true) => {
                let pause = *pause;
                match verdict {
                    Verdict::Good => {
                        *state = State::Watching(Window::default());
                        Some(Change::Ends)
                    }
                    Verdict::AtFault => {
                        let pause = pause.saturating_mul(2).min(rule.longest_pause);
                        *state = skip(now, pause);
                        Some(Change::GoesOn { pause })
                    }
                    Verdict::Nothing => {
                        // The next call is the probe.
                        *state = State::Skipping { until: now, pause };
                        None
                    }
                }
            }
            // The call began before the quarantine.
            _ => None,
        }
    }

    fn guarded(&self) -> MutexGuard<'_, Guarded> {
        self.guarded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn skip(now: Instant, pause: Duration) -> State {
    State::Skipping {
        until: now + pause,
        pause,
    }
}

impl Rule {
    fn is_met(&self, calls: u32, faults: u32) -> bool {
        let rate = u64::from(faults) * 100 >= u64::from(self.percent) * u64::from(calls);
        self.faults > 0 && faults >= self.faults && rate
    }
}

impl Window {
    /// Counts a call, and says how many there are in the window then.
    fn count(&mut self, verdict: Verdict, now: Instant, window: Duration) -> Option<Count> {
        if verdict == Verdict::Nothing {
            return None;
        }
        let half = window / 2;
        let age = now.saturating_duration_since(*self.since.get_or_insert(now));
        if age >= half {
            self.before = if age < window {
                self.now
            } else {
                Count::default()
            };
            self.now = Count::default();
            self.since = Some(now);
        }
        self.now.calls += 1;
        self.now.faults += u32::from(verdict == Verdict::AtFault);
        Some(Count {
            calls: self.now.calls + self.before.calls,
            faults: self.now.faults + self.before.faults,
        })
    }
}

impl Attempt<'_> {
    /// Ends a call.
    pub fn end(mut self, verdict: Verdict, now: Instant) -> Option<Change> {
        self.ended = true;
        self.of.end(self.probe, verdict, now)
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.of.end(self.probe, Verdict::Nothing, Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{AtFault, Good, Nothing};

    const RULE: Rule = Rule {
        faults: 3,
        percent: 50,
        window: Duration::from_secs(30),
        pause: Duration::from_secs(10),
        longest_pause: Duration::from_secs(30),
    };

    fn calls(quarantine: &Quarantine, now: Instant, verdicts: &[Verdict]) -> Option<Change> {
        let ends = verdicts.iter().map(|verdict| {
            let attempt = quarantine.attempt(now).unwrap();
            attempt.end(*verdict, now)
        });
        ends.last().flatten()
    }

    #[test]
    fn begins_with_enough_faults_at_a_high_enough_rate() {
        let now = Instant::now();
        let few = Quarantine::new(RULE);
        assert_eq!(calls(&few, now, &[AtFault, AtFault, Nothing]), None);
        assert!(!few.is_on());
        let rare = Quarantine::new(RULE);
        let verdicts = [Good, Good, Good, Good, AtFault, AtFault, AtFault];
        assert_eq!(calls(&rare, now, &verdicts), None);
        // The eighth of eight is the fourth at fault.
        let begins = Change::Begins {
            faults: 4,
            calls: 8,
            pause: RULE.pause,
        };
        assert_eq!(calls(&rare, now, &[AtFault]), Some(begins));
        assert_eq!(rare.attempt(now).unwrap_err(), RULE.pause);
    }

    #[test]
    fn forgets_what_was_before_the_window() {
        let quarantine = Quarantine::new(RULE);
        let now = Instant::now();
        let after = |seconds| now + Duration::from_secs(seconds);
        calls(&quarantine, now, &[AtFault, AtFault]);
        assert_eq!(calls(&quarantine, after(31), &[AtFault]), None);
        assert_eq!(calls(&quarantine, after(47), &[AtFault]), None);
        // That of 31 s is within the window still.
        assert!(calls(&quarantine, after(48), &[AtFault]).is_some());
    }

    #[test]
    fn one_probe_at_a_time_decides_and_the_pause_doubles_up_to_its_bound() {
        let quarantine = Quarantine::new(RULE);
        let mut now = Instant::now();
        calls(&quarantine, now, &[AtFault; 3]);
        for seconds in [20, 30, 30] {
            now += RULE.longest_pause;
            let probe = quarantine.attempt(now).unwrap();
            assert_eq!(quarantine.attempt(now).unwrap_err(), Duration::ZERO);
            let pause = Duration::from_secs(seconds);
            assert_eq!(probe.end(AtFault, now), Some(Change::GoesOn { pause }));
            assert_eq!(quarantine.attempt(now).unwrap_err(), pause);
        }
        now += RULE.longest_pause;
        assert_eq!(calls(&quarantine, now, &[Good]), Some(Change::Ends));
        assert!(!quarantine.is_on());
        assert_eq!(calls(&quarantine, now, &[AtFault, AtFault]), None);
    }

    #[test]
    fn a_probe_without_an_end_leaves_it_to_the_next_call() {
        let quarantine = Quarantine::new(RULE);
        let now = Instant::now() - RULE.pause;
        calls(&quarantine, now, &[AtFault; 3]);
        drop(quarantine.attempt(now + RULE.pause).unwrap());
        let later = Instant::now();
        assert_eq!(calls(&quarantine, later, &[Good]), Some(Change::Ends));
    }

    #[test]
    fn calls_from_before_it_change_nothing() {
        let quarantine = Quarantine::new(RULE);
        let now = Instant::now();
        let slow = quarantine.attempt(now).unwrap();
        calls(&quarantine, now, &[AtFault; 3]);
        assert_eq!(slow.end(Good, now), None);
        assert!(quarantine.is_on());
    }

    #[test]
    fn no_number_of_faults_is_never() {
        let never = Quarantine::new(Rule { faults: 0, ..RULE });
        assert_eq!(calls(&never, Instant::now(), &[AtFault; 1_000]), None);
    }

    #[test]
    fn another_rule_leaves_what_is_known() {
        let now = Instant::now();
        let quarantine = Quarantine::new(RULE);
        calls(&quarantine, now, &[AtFault, AtFault]);
        quarantine.follow(Rule { faults: 2, ..RULE }, now);
        assert!(calls(&quarantine, now, &[AtFault]).is_some());
        let second = Duration::from_secs(1);
        let shorter = Rule {
            longest_pause: second,
            ..RULE
        };
        quarantine.follow(shorter, now);
        assert_eq!(quarantine.attempt(now).unwrap_err(), second);
        quarantine.follow(Rule { faults: 0, ..RULE }, now);
        assert!(!quarantine.is_on());
    }
}
