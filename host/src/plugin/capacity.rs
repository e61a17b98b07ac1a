//! How many calls the machine's memory has room for.

use crate::config;
use crate::limits::Limits;
use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// Of the machine's memory, so much is for calls: the rest is for compiled code, for
/// requests, and for whatever else runs here.
const PART: u64 = 2;

/// Where the capacity is derived, it is at least this, however large the limits are ...
const FEWEST: u32 = 4;

/// ... and at most this: more calls at once than that help nobody on the cores that go
/// with the memory.
const MOST: u32 = 1_024;

/// How many calls may go on at once, and what that comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Calls at once.
    pub slots: u32,
    /// What one call can take, in bytes: the largest memory and table of any limits,
    /// the stack, and the outcome.
    pub call_bytes: u64,
    /// What this process may take, in bytes: the machine's memory, or less in a control
    /// group. `None` where the system does not say.
    pub memory_bytes: Option<u64>,
    /// Whether the configuration says how many, rather than the memory.
    pub configured: bool,
}

impl Capacity {
    /// Of this machine, for limits that are nowhere larger than these.
    /// Nothing where neither the configuration nor the system says how much there is.
    pub(super) fn of(settings: &config::Sandbox, largest: &Limits) -> Option<Self> {
        Self::with(settings, largest, memory())
    }

    fn with(
        settings: &config::Sandbox,
        largest: &Limits,
        memory_bytes: Option<u64>,
    ) -> Option<Self> {
        let parts = [
            largest.memory_bytes,
            largest.table_elements.saturating_mul(size_of::<usize>()),
            settings.stack_bytes,
            // The outcome, and the payload that comes of it.
            largest.output_bytes.saturating_mul(2),
        ];
        let call_bytes = parts
            .into_iter()
            .fold(0_u64, |sum, part| sum.saturating_add(part as u64))
            .max(1);
        let room = |memory: u64| u32::try_from(memory / PART / call_bytes).unwrap_or(u32::MAX);
        let derived = memory_bytes.map(|memory| room(memory).clamp(FEWEST, MOST));
        Some(Self {
            slots: settings.concurrency.or(derived)?,
            call_bytes,
            memory_bytes,
            configured: settings.concurrency.is_some(),
        })
    }

    /// Whether all calls together can take more than the machine has.
    #[must_use]
    pub fn is_beyond_memory(&self) -> bool {
        let all = u64::from(self.slots).saturating_mul(self.call_bytes);
        self.memory_bytes.is_some_and(|memory| all > memory)
    }
}

/// What this process may take, in bytes.
fn memory() -> Option<u64> {
    let what = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(what).ok()?;
    let machine = system.total_memory();
    let ours = system
        .cgroup_limits()
        .map_or(machine, |group| group.total_memory.min(machine));
    (ours > 0).then_some(ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(memory_bytes: u64, limit: usize) -> u32 {
        let largest = Limits {
            memory_bytes: limit,
            ..Limits::DEFAULT
        };
        Capacity::with(&config::Sandbox::default(), &largest, Some(memory_bytes))
            .unwrap()
            .slots
    }

    #[test]
    fn half_of_the_memory_is_for_calls() {
        assert_eq!(slots(16 << 30, 64 << 20), 112);
        assert_eq!(slots(16 << 30, 1 << 30), 7);
        assert_eq!(slots(2 << 30, 1 << 30), FEWEST);
        assert_eq!(slots(1 << 40, 64 << 20), MOST);
    }

    #[test]
    fn the_configuration_has_the_last_word_and_may_ask_too_much() {
        let settings = config::Sandbox {
            concurrency: Some(100),
            ..config::Sandbox::default()
        };
        let with = |memory| Capacity::with(&settings, &Limits::DEFAULT, memory).unwrap();
        let capacity = with(Some(4 << 30));
        assert_eq!(capacity.slots, 100);
        assert!(capacity.configured && capacity.is_beyond_memory());
        assert!(!with(Some(16 << 30)).is_beyond_memory());
        assert!(!with(None).is_beyond_memory());
        let default = config::Sandbox::default();
        assert_eq!(Capacity::with(&default, &Limits::DEFAULT, None), None);
    }

    #[test]
    fn this_machine_has_memory() {
        assert!(memory().unwrap() > 64 << 20);
    }
}
