//! Places for calls. Each tenant has a bound of its own and a bounded queue; a free
//! place goes to the waiting tenant that has the fewest for its share.

use super::budget::Budget;
use super::{Allotment, Calls, Refusal, Tenant, TenantId};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// One in so many slots is kept for tenants that have no call going on, so that the
/// first call of a tenant finds a place beside any number of busy others.
const KEPT: u32 = 8;

/// All slots.
#[derive(Default)]
pub(super) struct Slots {
    capacity: u32,
    /// How long a call waits.
    patience: Duration,
    taken: u32,
    /// Counts the slots that were given, to tell who had one longest ago.
    given: u64,
    last_id: TenantId,
    tenants: HashMap<TenantId, Account>,
    /// Those with a queue.
    waiting: BTreeSet<TenantId>,
}

struct Account {
    allotment: Allotment,
    /// The most slots at once.
    most: u32,
    running: u32,
    queue: VecDeque<Queued>,
    /// [`Slots::given`] when it last had one.
    last: u64,
    budget: Option<Budget>,
}

/// A call that waits for a slot.
struct Queued {
    /// Whoever no longer waits has closed its end.
    granted: oneshot::Sender<()>,
    since: Instant,
}

/// How many slots there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotUse {
    /// All.
    pub capacity: u32,
    /// Those that calls have.
    pub taken: u32,
}

/// A call's place. Whoever drops it gives it back.
pub struct Slot {
    tenant: Arc<Tenant>,
}

impl Slot {
    /// Takes what the call has used from the tenant's fuel.
    pub fn charge(&self, fuel: u64) {
        let mut slots = self.tenant.fairness.slots();
        if let Some(account) = slots.tenants.get_mut(&self.tenant.id)
            && let Some(budget) = &mut account.budget
        {
            budget.charge(fuel, Instant::now());
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.tenant.fairness.slots().give_back(self.tenant.id);
    }
}

/// A request's way to a slot. It waits for one once, however many calls it makes, and
/// keeps it to its end: whoever has begun goes before whoever has not.
pub struct Admission<'t> {
    tenant: &'t Arc<Tenant>,
    slot: Option<Arc<Slot>>,
    has_waited: bool,
    is_patient: bool,
}

impl<'t> Admission<'t> {
    /// Of a request of this tenant, for whose answer somebody waits.
    #[must_use]
    pub fn new(tenant: &'t Arc<Tenant>) -> Self {
        Self {
            tenant,
            slot: None,
            has_waited: false,
            is_patient: false,
        }
    }

    /// Of one for which nobody waits: it has all the time that it has left.
    #[must_use]
    pub fn patient(tenant: &'t Arc<Tenant>) -> Self {
        Self {
            is_patient: true,
            ..Self::new(tenant)
        }
    }

    /// The slot for a call that has so much time left. A guest that outlives its request
    /// keeps it until it has ended.
    ///
    /// # Errors
    /// The tenant may not have one: at once where that is known at once, or where the
    /// request has waited before.
    pub async fn slot(&mut self, left: Duration) -> Result<&Arc<Slot>, Refusal> {
        let slot = match self.slot.take() {
            Some(slot) => slot,
            None => {
                let again = std::mem::replace(&mut self.has_waited, true);
                let left = if again { Duration::ZERO } else { left };
                let most = self.is_patient.then_some(left);
                Arc::new(take(self.tenant, left, most).await?)
            }
        };
        Ok(self.slot.insert(slot))
    }
}

/// See [`Tenant::slot`]. Without another word, a call waits for as long as all do.
pub(super) async fn take(
    tenant: &Arc<Tenant>,
    left: Duration,
    patience: Option<Duration>,
) -> Result<Slot, Refusal> {
    let (waiting, patience) = {
        let mut slots = tenant.fairness.slots();
        match slots.ask(tenant.id, patience)? {
            None => return Ok(Slot::of(tenant)),
            Some(waiting) => (waiting, patience.unwrap_or(slots.patience).min(left)),
        }
    };
    let start = Instant::now();
    let mut waiting = Waiting { waiting, tenant };
    match tokio::time::timeout(patience, &mut waiting.waiting).await {
        // The slot is this call's, and no longer the queue's.
        Ok(Ok(())) => Ok(Slot::of(tenant)),
        Ok(Err(_)) | Err(_) => Err(Refusal::NoSlot {
            waited: start.elapsed(),
        }),
    }
}

impl Slot {
    fn of(tenant: &Arc<Tenant>) -> Self {
        Self {
            tenant: Arc::clone(tenant),
        }
    }
}

/// A place in the queue. It may be given a slot in the moment in which it is left.
struct Waiting<'a> {
    waiting: oneshot::Receiver<()>,
    tenant: &'a Tenant,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.waiting.close();
        if self.waiting.try_recv().is_ok() {
            self.tenant.fairness.slots().give_back(self.tenant.id);
        }
    }
}

impl Slots {
    pub(super) fn new_tenant(&mut self) -> TenantId {
        self.last_id += 1;
        self.last_id
    }

    pub(super) fn share_out(
        &mut self,
        capacity: u32,
        patience: Duration,
        tenants: impl ExactSizeIterator<Item = (TenantId, Allotment)>,
    ) {
        self.capacity = capacity;
        self.patience = patience;
        let all = if tenants.len() == 1 {
            capacity
        } else {
            capacity.div_ceil(2)
        };
        for (id, allotment) in tenants {
            let most = allotment.concurrency.unwrap_or(all).min(capacity);
            let account = self.tenants.entry(id).or_insert_with(|| Account {
                allotment,
                most,
                running: 0,
                queue: VecDeque::new(),
                last: 0,
                budget: None,
            });
            account.allotment = allotment;
            account.most = most;
            let known = account.budget.as_ref().map(Budget::per_minute);
            if known != allotment.fuel_per_minute {
                account.budget = allotment
                    .fuel_per_minute
                    .map(|fuel| Budget::new(fuel, Instant::now()));
            }
        }
        // There may be more of them now.
        self.hand_out();
    }

    pub(super) fn forget(&mut self, id: TenantId) {
        self.tenants.remove(&id);
        self.waiting.remove(&id);
        // What was kept for others may be free now.
        self.hand_out();
    }

    pub(super) fn slot_use(&self) -> SlotUse {
        SlotUse {
            capacity: self.capacity,
            taken: self.taken,
        }
    }

    pub(super) fn allotment(&self, id: TenantId) -> Allotment {
        self.tenants
            .get(&id)
            .map_or_else(Allotment::default, |account| account.allotment)
    }

    pub(super) fn calls(&self, id: TenantId) -> Calls {
        self.tenants
            .get(&id)
            .map_or_else(Calls::default, |account| Calls {
                running: account.running,
                waiting: account.queue.iter().filter(|it| it.waits()).count(),
                concurrency: account.most,
            })
    }

    #[cfg(test)]
    pub(super) fn known(&self) -> usize {
        self.tenants.len()
    }

    /// Why a call of the tenant is refused at once, if it is. Without another word, it
    /// waits for as long as all do.
    pub(super) fn refusal(&mut self, id: TenantId, patience: Option<Duration>) -> Option<Refusal> {
        let free = self.free_for(id);
        let patience = patience.unwrap_or(self.patience);
        let Some(account) = self.tenants.get_mut(&id) else {
            return Some(Refusal::NoSlot {
                waited: Duration::ZERO,
            });
        };
        if let Some(budget) = &mut account.budget
            && let Some(wait) = budget.wait(Instant::now())
        {
            let limit = budget.per_minute();
            return Some(Refusal::FuelSpent { limit, wait });
        }
        if free {
            return None;
        }
        let limit = account.allotment.queue;
        if account.queue.len() >= limit {
            account.queue.retain(Queued::waits);
        }
        if account.queue.len() >= limit {
            return Some(Refusal::QueueFull { limit });
        }
        // Who comes now will wait for about as long as the first has. In a crowd most of
        // the queue would otherwise be read, wait for all its time, and be refused.
        let first = account.queue.iter().find(|it| it.waits())?;
        let waited = first.since.elapsed();
        (waited.saturating_mul(5) > patience.saturating_mul(4))
            .then_some(Refusal::WaitTooLong { waited })
    }

    /// A slot at once, or a place in the queue.
    fn ask(
        &mut self,
        id: TenantId,
        patience: Option<Duration>,
    ) -> Result<Option<oneshot::Receiver<()>>, Refusal> {
        if let Some(refusal) = self.refusal(id, patience) {
            return Err(refusal);
        }
        if self.free_for(id) {
            self.give(id);
            return Ok(None);
        }
        let Some(account) = self.tenants.get_mut(&id) else {
            return Ok(None);
        };
        let (granted, waiting) = oneshot::channel();
        account.queue.push_back(Queued {
            granted,
            since: Instant::now(),
        });
        self.waiting.insert(id);
        Ok(Some(waiting))
    }

    /// Whether the tenant may have one more of the slots that are free.
    fn free_for(&self, id: TenantId) -> bool {
        let Some(account) = self.tenants.get(&id) else {
            return false;
        };
        let kept = match account.running {
            0 => 0,
            _ if self.tenants.len() > 1 => self.capacity / KEPT,
            _ => 0,
        };
        account.running < account.most && self.taken < self.capacity.saturating_sub(kept)
    }

    fn give(&mut self, id: TenantId) {
        if let Some(account) = self.tenants.get_mut(&id) {
            self.given += 1;
            account.last = self.given;
            account.running += 1;
            self.taken += 1;
        }
    }

    fn give_back(&mut self, id: TenantId) {
        self.taken = self.taken.saturating_sub(1);
        if let Some(account) = self.tenants.get_mut(&id) {
            account.running = account.running.saturating_sub(1);
        }
        self.hand_out();
    }

    /// Gives what is free to those that wait.
    fn hand_out(&mut self) {
        while self.taken < self.capacity {
            let waiting = self.waiting.iter();
            let next = waiting
                .filter(|id| self.free_for(**id))
                .filter_map(|id| Some((*id, self.tenants.get(id)?)))
                .min_by(|(_, one), (_, other)| one.rank(other));
            let Some(id) = next.map(|(id, _)| id) else {
                return;
            };
            let account = self.tenants.get_mut(&id);
            let granted = account.and_then(|account| account.queue.pop_front());
            let Some(granted) = granted else {
                self.waiting.remove(&id);
                continue;
            };
            // Nobody is there any more who waited in this place.
            if granted.granted.send(()).is_ok() {
                self.give(id);
            }
        }
    }
}

impl Queued {
    fn waits(&self) -> bool {
        !self.granted.is_closed()
    }
}

impl Account {
    /// Who has the fewest slots for its share is first, and of two such who had one
    /// longest ago.
    fn rank(&self, other: &Self) -> std::cmp::Ordering {
        let weighed =
            |one: &Self, by: &Self| u64::from(one.running) * u64::from(by.allotment.share);
        weighed(self, other)
            .cmp(&weighed(other, self))
            .then(self.last.cmp(&other.last))
    }
}
