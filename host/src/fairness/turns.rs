//! Time on the cores. A guest computes in steps of about a millisecond, and each step
//! takes a turn. There are as many turns as cores; where calls wait for one, the tenant
//! goes first that has had the least time for its share.
//!
//! A tenant whose calls compute for long is *heavy* for a while. Heavy tenants leave
//! one core to the others, as long as there are others: a request that needs the
//! server for microseconds then never waits for the end of somebody's millisecond.

use super::{TenantId, locked};
use pin_project_lite::pin_project;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// A call that has computed for so long makes its tenant heavy. Honest calls of large
/// answers take a few milliseconds.
const LONG: Duration = Duration::from_millis(10);

/// How long a tenant stays heavy after its last long call. The first calls after that
/// may take every core for [`LONG`], so it is not short.
const HEAVY_FOR: Duration = Duration::from_secs(10);

/// Who has had less time than others because there was no turn for it may make up for so
/// much of it, in weighed nanoseconds. Without a bound, heavy tenants who are heavy no
/// longer would keep everybody else waiting for seconds.
const CREDIT: u64 = 10_000_000;

/// How long a core is left to the tenants that are not heavy after their last call.
const OTHERS_FOR: Duration = Duration::from_millis(250);

/// All turns.
pub(super) struct Turns {
    cores: usize,
    state: Mutex<State>,
}

struct State {
    running: usize,
    running_heavy: usize,
    tenants: HashMap<TenantId, Account>,
    /// Those with a queue.
    waiting: BTreeSet<TenantId>,
    /// The weighed time of the last that got a turn. Who comes back from a pause
    /// starts here: time that it did not want is not kept for it.
    now_serving: u64,
    /// When a tenant that is not heavy last had a turn.
    others: Option<Instant>,
}

struct Account {
    share: u64,
    /// Nanoseconds of turns, divided by the share.
    weighed: u64,
    running: usize,
    heavy_until: Option<Instant>,
    /// Whoever no longer waits has closed its end.
    queue: VecDeque<oneshot::Sender<Turn>>,
}

/// The right to compute now. It has to come back through [`Turns::end`].
#[derive(Debug, Clone, Copy)]
struct Turn {
    heavy: bool,
}

impl Turns {
    pub(super) fn new(cores: usize) -> Self {
        Self {
            cores,
            state: Mutex::new(State {
                running: 0,
                running_heavy: 0,
                tenants: HashMap::new(),
                waiting: BTreeSet::new(),
                now_serving: 0,
                others: None,
            }),
        }
    }

    pub(super) fn weigh(&self, tenant: TenantId, share: u32) {
        let mut state = locked(&self.state);
        let account = state.tenants.entry(tenant).or_insert_with(Account::new);
        account.share = u64::from(share.max(1));
    }

    /// Its calls are over.
    pub(super) fn forget(&self, tenant: TenantId) {
        let mut state = locked(&self.state);
        state.tenants.remove(&tenant);
        state.waiting.remove(&tenant);
    }

    /// A turn at once, or a place in the queue.
    fn begin(&self, tenant: TenantId, now: Instant) -> Result<Turn, oneshot::Receiver<Turn>> {
        let mut state = locked(&self.state);
        let serving = state.now_serving;
        let account = state.tenants.entry(tenant).or_insert_with(Account::new);
        if account.running == 0 && account.queue.is_empty() {
            account.weighed = account.weighed.max(serving);
        }
        let heavy = account.is_heavy(now);
        let alone = account.queue.is_empty();
        if alone && state.is_free(heavy, self.cores, now) {
            return Ok(state.give(tenant, heavy, now));
        }
        let (granted, waiting) = oneshot::channel();
        if let Some(account) = state.tenants.get_mut(&tenant) {
            account.queue.push_back(granted);
            state.waiting.insert(tenant);
        }
        // Of those before it in the queue, all may have gone away.
        state.hand_out(self.cores, now);
        Err(waiting)
    }

    /// Ends a turn that took so long, in a call that has computed for `call` by now.
    fn end(&self, tenant: TenantId, turn: Turn, took: Duration, call: Duration, now: Instant) {
        let mut state = locked(&self.state);
        state.running = state.running.saturating_sub(1);
        if turn.heavy {
            state.running_heavy = state.running_heavy.saturating_sub(1);
        }
        if let Some(account) = state.tenants.get_mut(&tenant) {
            account.running = account.running.saturating_sub(1);
            let weighed = nanoseconds(took) / account.share;
            account.weighed = account.weighed.saturating_add(weighed);
            if call >= LONG {
                account.heavy_until = Some(now + HEAVY_FOR);
            }
        }
        state.hand_out(self.cores, now);
    }
}

impl State {
    fn is_free(&self, heavy: bool, cores: usize, now: Instant) -> bool {
        self.running < cores && !(heavy && self.running_heavy >= self.for_heavy(cores, now))
    }

    /// How many turns heavy tenants may have at once.
    fn for_heavy(&self, cores: usize, now: Instant) -> usize {
        let others = self
            .others
            .is_some_and(|at| now.saturating_duration_since(at) < OTHERS_FOR);
        if others {
            cores.saturating_sub(1).max(1)
        } else {
            cores
        }
    }

    fn give(&mut self, tenant: TenantId, heavy: bool, now: Instant) -> Turn {
        self.running += 1;
        if heavy {
            self.running_heavy += 1;
        } else {
            self.others = Some(now);
        }
        if let Some(account) = self.tenants.get_mut(&tenant) {
            account.running += 1;
            let least = self.now_serving.saturating_sub(CREDIT);
            account.weighed = account.weighed.max(least);
            self.now_serving = self.now_serving.max(account.weighed);
        }
        Turn { heavy }
    }

    /// Takes back a turn that was given to somebody who is gone.
    fn take_back(&mut self, tenant: TenantId, turn: Turn) {
        self.running = self.running.saturating_sub(1);
        if turn.heavy {
            self.running_heavy = self.running_heavy.saturating_sub(1);
        }
        if let Some(account) = self.tenants.get_mut(&tenant) {
            account.running = account.running.saturating_sub(1);
        }
    }

    /// Gives what is free to those that wait.
    fn hand_out(&mut self, cores: usize, now: Instant) {
        while self.running < cores {
            let waiting = self.waiting.iter();
            let next = waiting
                .filter_map(|id| Some((*id, self.tenants.get(id)?)))
                .map(|(id, account)| (id, account.is_heavy(now), account.weighed))
                .filter(|(_, heavy, _)| self.is_free(*heavy, cores, now))
                .min_by_key(|(_, _, weighed)| *weighed);
            let Some((tenant, heavy, _)) = next else {
                return;
            };
            let account = self.tenants.get_mut(&tenant);
            let granted = account.and_then(|account| account.queue.pop_front());
            let Some(granted) = granted else {
                self.waiting.remove(&tenant);
                continue;
            };
            let turn = self.give(tenant, heavy, now);
            if granted.send(turn).is_err() {
                self.take_back(tenant, turn);
            }
        }
    }
}

impl Account {
    fn new() -> Self {
        Self {
            share: 1,
            weighed: 0,
            running: 0,
            heavy_until: None,
            queue: VecDeque::new(),
        }
    }

    fn is_heavy(&self, now: Instant) -> bool {
        self.heavy_until.is_some_and(|until| now < until)
    }
}

/// What a future in turns has computed and waited for its turns, also where it was
/// dropped before its end.
#[derive(Debug, Default)]
pub struct TurnMeter {
    computed: AtomicU64,
    waited: AtomicU64,
}

impl TurnMeter {
    /// How long it has computed.
    #[must_use]
    pub fn computed(&self) -> Duration {
        Duration::from_nanos(self.computed.load(Ordering::Relaxed))
    }

    /// How long it has waited for its turns.
    #[must_use]
    pub fn waited(&self) -> Duration {
        Duration::from_nanos(self.waited.load(Ordering::Relaxed))
    }

    /// Adds a step, and returns what all of them come to.
    fn add_step(&self, took: Duration) -> Duration {
        let took = nanoseconds(took);
        Duration::from_nanos(self.computed.fetch_add(took, Ordering::Relaxed) + took)
    }

    fn add_wait(&self, took: Duration) {
        self.waited.fetch_add(nanoseconds(took), Ordering::Relaxed);
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

pin_project! {
    /// A future each of whose steps takes a turn. It holds none while it waits for
    /// something, and none between two steps.
    pub struct InTurns<'t, F> {
        #[pin]
        future: F,
        turns: &'t Turns,
        tenant: TenantId,
        meter: &'t TurnMeter,
        queued: Option<Queued<'t>>,
    }
}

impl<'t, F> InTurns<'t, F> {
    pub(super) fn new(turns: &'t Turns, tenant: TenantId, meter: &'t TurnMeter, future: F) -> Self {
        Self {
            future,
            turns,
            tenant,
            meter,
            queued: None,
        }
    }
}

impl<F: Future> Future for InTurns<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let turn = loop {
            if let Some(queued) = this.queued {
                let given = ready!(Pin::new(&mut queued.waiting).poll(context));
                *this.queued = None;
                // A queue is given up only with its tenant, whom this call has.
                if let Ok(turn) = given {
                    break turn;
                }
            }
            match this.turns.begin(*this.tenant, Instant::now()) {
                Ok(turn) => break turn,
                Err(waiting) => {
                    *this.queued = Some(Queued {
                        waiting,
                        since: Instant::now(),
                        turns: this.turns,
                        tenant: *this.tenant,
                        meter: this.meter,
                    });
                }
            }
        };
        let _step = Step {
            turns: this.turns,
            tenant: *this.tenant,
            turn,
            start: Instant::now(),
            meter: this.meter,
        };
        this.future.poll(context)
    }
}

/// A step of a call; it ends with its turn, even in a panic.
struct Step<'a> {
    turns: &'a Turns,
    tenant: TenantId,
    turn: Turn,
    start: Instant,
    meter: &'a TurnMeter,
}

impl Drop for Step<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        let took = now.saturating_duration_since(self.start);
        let call = self.meter.add_step(took);
        self.turns.end(self.tenant, self.turn, took, call, now);
    }
}

/// A place in the queue. It may be given a turn in the moment in which it is left.
struct Queued<'t> {
    waiting: oneshot::Receiver<Turn>,
    since: Instant,
    turns: &'t Turns,
    tenant: TenantId,
    meter: &'t TurnMeter,
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.meter.add_wait(self.since.elapsed());
        self.waiting.close();
        if let Ok(turn) = self.waiting.try_recv() {
            let nothing = Duration::ZERO;
            let now = Instant::now();
            self.turns.end(self.tenant, turn, nothing, nothing, now);
        }
    }
}

#[cfg(test)]
mod tests;
