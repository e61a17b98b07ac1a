//! Counts what an instance grows, over all its memories and tables together.

use crate::limits::Limits;
use crate::outcome::Fault;
use wasmtime::ResourceLimiter;

/// Refuses growth beyond the limits and remembers that it did.
pub(super) struct Limiter {
    memory_limit: usize,
    memory_bytes: usize,
    table_limit: usize,
    table_elements: usize,
    refused: Option<Fault>,
}

impl Limiter {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            memory_limit: limits.memory_bytes,
            memory_bytes: 0,
            table_limit: limits.table_elements,
            table_elements: 0,
            refused: None,
        }
    }

    /// What the memories have grown to together, in bytes.
    pub(super) fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    /// The last growth that was refused: probably why the guest then trapped. Growth
    /// that succeeds afterwards says nothing, because dying takes memory too.
    pub(super) fn refused(&self) -> Option<&Fault> {
        self.refused.as_ref()
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let wanted = self
            .memory_bytes
            .saturating_sub(current)
            .saturating_add(desired);
        if wanted > self.memory_limit {
            self.refused = Some(Fault::MemoryRefused {
                limit: self.memory_limit,
                wanted,
            });
            return Ok(false);
        }
        self.memory_bytes = wanted;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let wanted = self
            .table_elements
            .saturating_sub(current)
            .saturating_add(desired);
        if wanted > self.table_limit {
            self.refused = Some(Fault::TableRefused {
                limit: self.table_limit,
                wanted,
            });
            return Ok(false);
        }
        self.table_elements = wanted;
        Ok(true)
    }
}
