//! What one connection is doing, and until when it may go on with it.

use crate::config::Server;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::{Duration, Instant};

/// How long an idle connection has to take notice that it ends.
pub(super) const FAREWELL: Duration = Duration::from_secs(1);

/// Shared by a connection's task, its stream of bytes, its requests and their answers.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    evicted: AtomicBool,
    told_to_go: Notify,
    /// Whether the peer has sent anything at all.
    heard: AtomicBool,
    /// The body of the last request over HTTP/1.1: a `BodyState`.
    body: AtomicU8,
}

/// What became of the body of a request over HTTP/1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum BodyState {
    /// It is being read, or will be.
    Open,
    /// It was read to its end.
    Read,
    /// The rest of it was given up.
    GivenUp,
}

#[derive(Debug)]
struct State {
    /// Among the idle connections.
    place: Option<u64>,
    /// Requests whose heads have arrived and that are not answered.
    running: usize,
    /// Answers that are being sent, each with the time of its last piece.
    answers: HashMap<u64, Instant>,
    next_answer: u64,
    phase: Phase,
    /// Since when the peer has taken nothing of what waits for it.
    blocked: Option<Instant>,
    /// When it last took something.
    written: Instant,
    many_streams: bool,
    /// Since when the connection has to end, because the server stops.
    leaving: Option<Instant>,
}

/// What a connection without a request waits for.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// The handshake and its first request, or the rest of a head, since then.
    Head(Instant),
    /// Any next request, since then.
    Idle(Instant),
}

/// Why a connection is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    Head,
    Idle,
    Write,
    /// The server stops, and the peer does not end its connection.
    Farewell,
}

impl Phase {
    fn since(self) -> Instant {
        match self {
            Self::Head(since) | Self::Idle(since) => since,
        }
    }
}

impl State {
    /// Whether there is no request in flight.
    fn is_idle(&self) -> bool {
        self.running == 0 && self.answers.is_empty()
    }
}

impl Activity {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            state: Mutex::new(State {
                place: None,
                running: 0,
                answers: HashMap::new(),
                next_answer: 0,
                phase: Phase::Head(now),
                blocked: None,
                written: now,
                many_streams: false,
                leaving: None,
            }),
            evicted: AtomicBool::new(false),
            told_to_go: Notify::new(),
            heard: AtomicBool::new(false),
            body: AtomicU8::new(BodyState::Read as u8),
        }
    }

    /// When to look again, and what is overdue if the time has come already. No
    /// limit can be hit earlier than the time returned: whatever begins to wait
    /// after this, waits for the shortest of them at least.
    pub(super) fn check(&self, limits: &Server, now: Instant) -> Result<Instant, Overdue> {
        let shortest = limits
            .head_timeout
            .min(limits.idle_timeout)
            .min(limits.write_timeout)
            .min(FAREWELL);
        let mut next = now + shortest;
        let mut bound = |since: Instant, limit: Duration, overdue| {
            let end = since + limit;
            next = next.min(end);
            if end <= now { Err(overdue) } else { Ok(()) }
        };
        let state = self.state();
        if let Some(since) = state.blocked {
            bound(since, limits.write_timeout, Overdue::Write)?;
        }
        for since in state.answers.values() {
            // With many streams, what was written may have been for another one.
            let since = if state.many_streams {
                *since
            } else {
                state.written.max(*since)
            };
            bound(since, limits.write_timeout, Overdue::Write)?;
        }
        // Over HTTP/2 a peer that is silent would otherwise hold up the server's end.
        // Over HTTP/1.1 an idle connection ends at once, and a head may still come.
        if let Some(told) = state.leaving
            && state.is_idle()
            && state.many_streams
        {
            let since = told.max(state.phase.since()).max(state.written);
            bound(since, FAREWELL, Overdue::Farewell)?;
        }
        if state.is_idle() && state.blocked.is_none() {
            match state.phase {
                Phase::Head(since) => bound(since, limits.head_timeout, Overdue::Head)?,
                Phase::Idle(since) => {
                    // The last of an answer may still have been on its way.
                    let since = if state.many_streams {
                        since
                    } else {
                        state.written.max(since)
                    };
                    bound(since, limits.idle_timeout, Overdue::Idle)?;
                }
            }
        }
        Ok(next)
    }

    /// The connection speaks HTTP/2.
    pub(super) fn has_many_streams(&self) {
        self.state().many_streams = true;
    }

    /// The server stops: once the connection is idle, it ends soon.
    pub(super) fn leave(&self) {
        self.state().leaving.get_or_insert_with(Instant::now);
    }

    /// Whether the peer has sent anything at all.
    pub(super) fn heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }

    /// Notes what became of a body over HTTP/1.1, where one request comes after another.
    pub(super) fn set_body(&self, state: BodyState) {
        self.body.store(state as u8, Ordering::Release);
    }

    /// Whether the last body over HTTP/1.1 is in this state.
    pub(super) fn body_is(&self, state: BodyState) -> bool {
        self.body.load(Ordering::Acquire) == state as u8
    }

    /// A request's head is complete. Says whether it is the only one.
    pub(super) fn begin(&self) -> bool {
        let mut state = self.state();
        state.running += 1;
        state.running == 1 && state.answers.is_empty()
    }

    /// A request is answered, and its answer, of this number, is being sent.
    pub(super) fn answer(&self) -> u64 {
        let mut state = self.state();
        state.running = state.running.saturating_sub(1);
        let number = state.next_answer;
        state.next_answer += 1;
        state.answers.insert(number, Instant::now());
        number
    }

    /// The next piece of an answer was asked for.
    pub(super) fn progress(&self, answer: u64) {
        if let Some(last) = self.state().answers.get_mut(&answer) {
            *last = Instant::now();
        }
    }

    /// A request or, if it has a number, its answer is over. Says whether the
    /// connection is idle now.
    pub(super) fn end(&self, answer: Option<u64>) -> bool {
        let mut state = self.state();
        match answer {
            Some(answer) => drop(state.answers.remove(&answer)),
            None => state.running = state.running.saturating_sub(1),
        }
        let idle = state.is_idle();
        if idle {
            state.phase = Phase::Idle(Instant::now());
        }
        idle
    }

    /// Whether there is no request in flight.
    pub(super) fn idle(&self) -> bool {
        self.state().is_idle()
    }

    /// Bytes have come. Over HTTP/1.1 that is the beginning of a head, where there is
    /// no request; over HTTP/2 it may be anything.
    pub(super) fn read(&self) {
        self.heard.store(true, Ordering::Relaxed);
        let mut state = self.state();
        if state.is_idle() && !state.many_streams && matches!(state.phase, Phase::Idle(_)) {
            state.phase = Phase::Head(Instant::now());
        }
    }

    /// The peer has taken bytes.
    pub(super) fn wrote(&self) {
        let mut state = self.state();
        state.blocked = None;
        state.written = Instant::now();
    }

    /// The peer takes no bytes at present.
    pub(super) fn cannot_write(&self) {
        self.state().blocked.get_or_insert_with(Instant::now);
    }

    /// Ends the connection to make room for another.
    pub(super) fn evict(&self) {
        self.evicted.store(true, Ordering::Release);
        self.told_to_go.notify_one();
    }

    pub(super) fn evicted(&self) -> bool {
        self.evicted.load(Ordering::Acquire)
    }

    /// Waits until the connection has to make room.
    pub(super) async fn told_to_go(&self) {
        self.told_to_go.notified().await;
    }

    pub(super) fn take_place(&self, place: u64) {
        self.state().place = Some(place);
    }

    pub(super) fn leave_place(&self) -> Option<u64> {
        self.state().place.take()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
