//! Counts what an instance grows, over all its memories and tables together.

use super::fault;
use crate::limits::Limits;
use crate::outcome::Fault;
use wasmtime::ResourceLimiter;

/// Refuses growth beyond the limits and remembers that it did.
pub(super) struct Limiter {
    memory_bytes: Meter,
    table_elements: Meter,
    refused: Option<Fault>,
}

/// How much of something there is, and may be.
struct Meter {
    used: usize,
    limit: usize,
}

impl Meter {
    fn up_to(limit: usize) -> Self {
        Self { used: 0, limit }
    }

    /// Lets one of several grow, or says how much there would be of all.
    fn grow(&mut self, current: usize, desired: usize) -> Result<(), usize> {
        let wanted = self.used.saturating_sub(current).saturating_add(desired);
        if wanted > self.limit {
            return Err(wanted);
        }
        self.used = wanted;
        Ok(())
    }
}

impl Limiter {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            memory_bytes: Meter::up_to(limits.memory_bytes),
            table_elements: Meter::up_to(limits.table_elements),
            refused: None,
        }
    }

    /// What the memories have grown to together, in bytes.
    pub(super) fn memory_bytes(&self) -> usize {
        self.memory_bytes.used
    }

    /// The last growth that was refused: probably why the guest then trapped. Growth
    /// that succeeds afterwards says nothing, because dying takes memory too.
    pub(super) fn refused(&self) -> Option<&Fault> {
        self.refused.as_ref()
    }

    fn refuse(&mut self, fault: Fault) -> bool {
        self.refused = Some(fault);
        false
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let limit = self.memory_bytes.limit;
        Ok(match self.memory_bytes.grow(current, desired) {
            Ok(()) => true,
            Err(wanted) => self.refuse(Fault::MemoryRefused { limit, wanted }),
        })
    }

    /// The limits allowed it, and there was none: the guest's own maximum, or the system's.
    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        if fault::is_of_the_system(&error) {
            self.refuse(Fault::HostFailed(error.root_cause().to_string()));
        }
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let limit = self.table_elements.limit;
        Ok(match self.table_elements.grow(current, desired) {
            Ok(()) => true,
            Err(wanted) => self.refuse(Fault::TableRefused { limit, wanted }),
        })
    }
}
