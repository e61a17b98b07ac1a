//! What the tenants have of the machine: places for their calls, time on its cores,
//! and what is said to a call that gets neither. Plain data and queues; nothing here
//! knows what a call is.
//!
//! - *Slots* bound how many calls are going on at once, which is what memory is for.
//! - *Body memory* bounds what requests and answers take that have no slot.
//! - *Turns* bound how many of them compute at once, and in which order, so that a
//!   call that computes for long does not hold up the accepting and answering of others.

mod bodies;
mod budget;
mod slots;
mod turns;

pub use bodies::{BodyCapacity, BodyMemory, BodyMemoryUse};
pub use slots::{Admission, Slot, SlotUse};
pub use turns::{InTurns, TurnMeter};

use bodies::Bodies;
use slots::Slots;
use std::collections::{BTreeMap, HashMap};
use std::num::NonZero;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use turns::Turns;

/// What the configuration gives a tenant of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allotment {
    /// The most calls at once. Default: half of all slots, or all where there is only
    /// one tenant.
    pub concurrency: Option<u32>,
    /// The most calls that wait for a slot. Default: 256.
    pub queue: usize,
    /// Its weight where tenants want more than there is, 1 to 100. Default: 1.
    pub share: u32,
    /// The most fuel that its calls use in a minute. Default: without a bound.
    pub fuel_per_minute: Option<u64>,
    /// The most memory for bodies of its requests and answers, in bytes. Default: half of
    /// all, or all where there is only one tenant.
    pub body_memory: Option<u64>,
}

impl Default for Allotment {
    fn default() -> Self {
        Self {
            concurrency: None,
            queue: 256,
            share: 1,
            fuel_per_minute: None,
            body_memory: None,
        }
    }
}

/// Why a call is not made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Every slot that the tenant may have stayed taken for as long as a call waits.
    #[error("no free slot within {} ms", waited.as_millis())]
    NoSlot {
        /// How long it waited.
        waited: Duration,
    },
    /// As many calls of the tenant wait already as may wait.
    #[error("{limit} calls of the tenant are waiting already")]
    QueueFull {
        /// In calls.
        limit: usize,
    },
    /// It would most likely not get a slot in the time that a call waits.
    #[error("calls of the tenant have waited for {} ms for a slot already", waited.as_millis())]
    WaitTooLong {
        /// How long the first of them has waited.
        waited: Duration,
    },
    /// The tenant's fuel for now is used up.
    #[error("the tenant's fuel of {limit} units a minute is used up")]
    FuelSpent {
        /// In units of fuel a minute.
        limit: u64,
        /// Until there is some again.
        wait: Duration,
    },
    /// Bodies of the tenant, or of all, have as much memory as they may.
    #[error("the bodies of requests and answers have their {limit} bytes of memory already")]
    BodyMemoryFull {
        /// In bytes.
        limit: u64,
    },
    /// The sandbox has no room although there was a slot: calls of an earlier
    /// configuration are still in it.
    #[error("the sandbox has no room")]
    NoRoom,
}

impl Refusal {
    /// One word for it: what a machine looks for.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoSlot { .. } => "no-slot",
            Self::QueueFull { .. } => "queue-full",
            Self::WaitTooLong { .. } => "wait-too-long",
            Self::FuelSpent { .. } => "fuel-spent",
            Self::BodyMemoryFull { .. } => "body-memory-full",
            Self::NoRoom => "no-room",
        }
    }

    /// When it is worth trying again.
    #[must_use]
    pub fn wait(&self) -> Duration {
        match self {
            Self::FuelSpent { wait, .. } => *wait,
            Self::NoSlot { .. }
            | Self::QueueFull { .. }
            | Self::WaitTooLong { .. }
            | Self::BodyMemoryFull { .. }
            | Self::NoRoom => Duration::from_secs(1),
        }
    }
}

/// The machine, as far as tenants share it. There is one for the process: it outlives
/// the configurations, whose calls may be going on side by side for a while.
pub struct Fairness {
    slots: Mutex<Slots>,
    bodies: Mutex<Bodies>,
    turns: Turns,
    tenants: Mutex<HashMap<String, Weak<Tenant>>>,
}

/// A number for a tenant, never used twice.
type TenantId = u64;

/// A tenant, as long as a configuration or a call has it.
pub struct Tenant {
    id: TenantId,
    name: String,
    fairness: Arc<Fairness>,
}

impl Fairness {
    /// Without slots, and with a turn for each core.
    #[must_use]
    pub fn new() -> Arc<Self> {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Arc::new(Self {
            slots: Mutex::new(Slots::default()),
            bodies: Mutex::default(),
            turns: Turns::new(cores),
            tenants: Mutex::default(),
        })
    }

    /// Says how many slots there are, how long a call waits for one, and what each tenant
    /// may have of them. Calls that have a slot keep it. A tenant that is known already keeps its account.
    #[must_use]
    pub fn share_out<'a>(
        self: &Arc<Self>,
        capacity: u32,
        patience: Duration,
        allotments: impl IntoIterator<Item = (&'a String, &'a Allotment)>,
    ) -> BTreeMap<String, Arc<Tenant>> {
        let tenants: BTreeMap<_, _> = allotments
            .into_iter()
            .map(|(name, allotment)| (name.clone(), (self.tenant(name), *allotment)))
            .collect();
        let mut slots = self.slots();
        slots.share_out(
            capacity,
            patience,
            tenants.values().map(|(tenant, it)| (tenant.id, *it)),
        );
        for (tenant, allotment) in tenants.values() {
            self.turns.weigh(tenant.id, allotment.share);
        }
        tenants
            .into_iter()
            .map(|(name, (tenant, _))| (name, tenant))
            .collect()
    }

    /// Says how much memory there is for bodies; `tenants` are all that there are. What
    /// bodies have they keep.
    pub fn share_out_bodies<'a>(
        &self,
        capacity: BodyCapacity,
        tenants: impl ExactSizeIterator<Item = &'a Arc<Tenant>>,
    ) {
        // The locks one after the other: nobody holds both.
        let tenants: Vec<_> = tenants
            .map(|tenant| (tenant.id, tenant.allotment().body_memory))
            .collect();
        locked(&self.bodies).share_out(capacity, tenants.into_iter());
    }

    /// How much memory there is for bodies, and how much of it they have.
    #[must_use]
    pub fn body_memory_use(&self) -> BodyMemoryUse {
        locked(&self.bodies).in_use()
    }

    fn tenant(self: &Arc<Self>, name: &str) -> Arc<Tenant> {
        let mut tenants = locked(&self.tenants);
        tenants.retain(|_, tenant| tenant.strong_count() > 0);
        if let Some(tenant) = tenants.get(name).and_then(Weak::upgrade) {
            return tenant;
        }
        let tenant = Arc::new(Tenant {
            id: self.slots().new_tenant(),
            name: name.to_owned(),
            fairness: Arc::clone(self),
        });
        tenants.insert(name.to_owned(), Arc::downgrade(&tenant));
        tenant
    }

    /// How many slots there are and how many are taken.
    #[must_use]
    pub fn slot_use(&self) -> SlotUse {
        self.slots().slot_use()
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        locked(&self.slots)
    }
}

impl Tenant {
    /// The only tenant, of a process that makes one call at a time.
    #[must_use]
    pub fn alone(name: &str) -> Arc<Self> {
        let fairness = Fairness::new();
        let tenant = fairness.tenant(name);
        let only = [(tenant.id, Allotment::default())];
        fairness
            .slots()
            .share_out(1, Duration::MAX, only.into_iter());
        tenant
    }

    /// The name that the configuration gives it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A slot for a call that has so much time left.
    ///
    /// # Errors
    /// The tenant may not have one: at once where that is known at once.
    pub async fn slot(self: &Arc<Self>, left: Duration) -> Result<Slot, Refusal> {
        slots::take(self, left, None).await
    }

    /// Why a call would be refused at once; nothing where it would get a slot, or wait.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        self.fairness.slots().refusal(self.id, None)
    }

    /// The most memory for bodies that it may have, in bytes.
    #[must_use]
    pub fn body_memory(&self) -> u64 {
        locked(&self.fairness.bodies).most(self.id)
    }

    /// A future that computes only in its turn. The meter says what it has computed and
    /// waited, whatever becomes of it.
    pub fn in_turns<'t, F>(&'t self, meter: &'t TurnMeter, future: F) -> InTurns<'t, F> {
        InTurns::new(&self.fairness.turns, self.id, meter, future)
    }

    /// What the configuration gives it.
    #[must_use]
    pub fn allotment(&self) -> Allotment {
        self.fairness.slots().allotment(self.id)
    }

    /// How many of its calls have a slot, and how many wait for one.
    #[must_use]
    pub fn calls(&self) -> Calls {
        self.fairness.slots().calls(self.id)
    }
}

/// The calls of one tenant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// They have a slot.
    pub running: u32,
    /// They wait for one.
    pub waiting: usize,
    /// The most that may have a slot at once.
    pub concurrency: u32,
}

impl Drop for Tenant {
    fn drop(&mut self) {
        self.fairness.slots().forget(self.id);
        locked(&self.fairness.bodies).forget(self.id);
        self.fairness.turns.forget(self.id);
    }
}

/// A panic elsewhere has not left the counts wrong: they change in single steps.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
