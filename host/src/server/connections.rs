//! How many connections there are, and which of them goes when there is no room.

use super::activity::Activity;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// All open connections of a listener.
#[derive(Debug, Default)]
pub struct Connections(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    open: usize,
    /// The next key of `idle`.
    next: u64,
    /// Those without a request in flight, the one that has been so for longest first.
    idle: BTreeMap<u64, Arc<Activity>>,
}

/// What became of a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// There was room.
    Free,
    /// An idle connection had to go for it.
    Evicted,
    /// All connections are busy.
    Refused,
}

impl Connections {
    /// How many connections are open now. One that was told to go is not counted.
    #[must_use]
    pub fn open(&self) -> usize {
        self.state().open
    }

    /// How many connections have a request in flight.
    #[must_use]
    pub fn busy(&self) -> usize {
        let state = self.state();
        state.open.saturating_sub(state.idle.len())
    }

    /// Ends the connection that has been idle for longest, because the process lacks
    /// descriptors. Says whether there was one.
    pub fn make_room(&self) -> bool {
        let mut state = self.state();
        let Some((_, victim)) = state.idle.pop_first() else {
            return false;
        };
        victim.evict();
        state.open = state.open.saturating_sub(1);
        true
    }

    /// Takes a new connection in, as one that is idle.
    pub(super) fn admit(&self, most: usize, activity: &Arc<Activity>) -> Admission {
        let mut state = self.state();
        let mut admission = Admission::Free;
        if state.open >= most {
            let Some((_, victim)) = state.idle.pop_first() else {
                return Admission::Refused;
            };
            // Its place is the new one's from here on.
            victim.evict();
            admission = Admission::Evicted;
        } else {
            state.open += 1;
        }
        state.rest(activity);
        admission
    }

    /// A connection has no request in flight any more.
    pub(super) fn rest(&self, activity: &Arc<Activity>) {
        let mut state = self.state();
        // Another request may have begun in between.
        if !activity.evicted() && activity.idle() {
            state.rest(activity);
        }
    }

    /// A connection is not idle any more.
    pub(super) fn wake(&self, activity: &Activity) {
        self.state().leave(activity);
    }

    /// A connection has ended.
    pub(super) fn remove(&self, activity: &Activity) {
        let mut state = self.state();
        state.leave(activity);
        // Whoever was told to go has given its place away.
        if !activity.evicted() {
            state.open = state.open.saturating_sub(1);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn leave(&mut self, activity: &Activity) {
        if let Some(place) = activity.leave_place() {
            self.idle.remove(&place);
        }
    }

    fn rest(&mut self, activity: &Arc<Activity>) {
        self.leave(activity);
        let place = self.next;
        self.next += 1;
        activity.take_place(place);
        self.idle.insert(place, Arc::clone(activity));
    }
}
