//! Memory for the bodies of requests and their answers. It has a bound for the process
//! and one for each tenant, and belongs to a request from the first byte of its body to
//! the last byte of its answer.

use super::{Refusal, Tenant, TenantId, locked};
use std::collections::HashMap;
use std::sync::Arc;

/// One eighth is kept for tenants that have one body at most, so that a tenant finds room
/// beside any number of busy others.
const KEPT: u64 = 8;

/// All memory for bodies, in bytes.
#[derive(Default)]
pub(super) struct Bodies {
    capacity: u64,
    /// The largest body of a request.
    largest: u64,
    used: u64,
    tenants: HashMap<TenantId, Account>,
}

#[derive(Default)]
struct Account {
    most: u64,
    used: u64,
}

/// How much there is for bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyMemoryUse {
    /// In all, in bytes.
    pub capacity: u64,
    /// What bodies have, in bytes.
    pub used: u64,
}

/// What a configuration gives to bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyCapacity {
    /// In all, in bytes.
    pub bytes: u64,
    /// The largest body of a request, in bytes.
    pub largest: u64,
}

/// Bodies get this part of the machine's memory where the configuration does not say ...
const PART: u64 = 8;

/// ... and at least the memory of this many of the largest bodies.
const FEWEST: u64 = 4;

/// What is for bodies where the system does not say how much memory it has, in bytes.
const UNKNOWN: u64 = 256 << 20;

impl BodyCapacity {
    /// What the configuration says, or what this machine's memory, in bytes, has room for.
    #[must_use]
    pub fn of(configured: Option<u64>, largest: usize, memory_bytes: Option<u64>) -> Self {
        let largest = largest as u64;
        let derived = || {
            let part = memory_bytes.map_or(UNKNOWN, |memory| memory / PART);
            part.max(largest.saturating_mul(FEWEST))
        };
        Self {
            bytes: configured.unwrap_or_else(derived),
            largest,
        }
    }
}

/// The memory of one request's bodies. Dropping it gives it back.
pub struct BodyMemory {
    tenant: Arc<Tenant>,
    bytes: u64,
}

impl BodyMemory {
    /// Of a request of this tenant that has no body yet.
    #[must_use]
    pub fn of(tenant: &Arc<Tenant>) -> Self {
        Self {
            tenant: Arc::clone(tenant),
            bytes: 0,
        }
    }

    /// Takes this many bytes more.
    ///
    /// # Errors
    /// The tenant has all that it may have, or all tenants together have.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Refusal> {
        let bytes = bytes as u64;
        locked(&self.tenant.fairness.bodies).grow(self.tenant.id, bytes)?;
        self.bytes += bytes;
        Ok(())
    }

    /// Has this many bytes from now on, also beyond the budget: an answer that is made is
    /// sent, and new bodies are refused meanwhile.
    pub fn set(&mut self, bytes: usize) {
        let bytes = bytes as u64;
        let mut bodies = locked(&self.tenant.fairness.bodies);
        bodies.give_back(self.tenant.id, self.bytes);
        bodies.take(self.tenant.id, bytes);
        drop(bodies);
        self.bytes = bytes;
    }
}

impl Drop for BodyMemory {
    fn drop(&mut self) {
        locked(&self.tenant.fairness.bodies).give_back(self.tenant.id, self.bytes);
    }
}

impl Bodies {
    /// Says how much there is. Each tenant may have half of it, all where it is alone, or
    /// what the configuration says.
    pub(super) fn share_out(
        &mut self,
        capacity: BodyCapacity,
        tenants: impl ExactSizeIterator<Item = (TenantId, Option<u64>)>,
    ) {
        self.capacity = capacity.bytes;
        self.largest = capacity.largest;
        let all = match tenants.len() {
            1 => capacity.bytes,
            _ => capacity.bytes / 2,
        };
        for (id, most) in tenants {
            self.tenants.entry(id).or_default().most = most.unwrap_or(all).min(capacity.bytes);
        }
    }

    pub(super) fn forget(&mut self, id: TenantId) {
        self.tenants.remove(&id);
    }

    pub(super) fn in_use(&self) -> BodyMemoryUse {
        BodyMemoryUse {
            capacity: self.capacity,
            used: self.used,
        }
    }

    /// The most bytes that a tenant may have.
    pub(super) fn most(&self, id: TenantId) -> u64 {
        self.tenants.get(&id).map_or(0, |account| account.most)
    }

    fn grow(&mut self, id: TenantId, bytes: u64) -> Result<(), Refusal> {
        let account = self.tenants.entry(id).or_default();
        let wanted = account.used.saturating_add(bytes);
        if wanted > account.most {
            let limit = account.most;
            return Err(Refusal::BodyMemoryFull { limit });
        }
        let kept = match self.tenants.len() {
            0 | 1 => 0,
            _ if wanted <= self.largest => 0,
            _ => self.capacity / KEPT,
        };
        if self.used.saturating_add(bytes) > self.capacity.saturating_sub(kept) {
            let limit = self.capacity;
            return Err(Refusal::BodyMemoryFull { limit });
        }
        self.take(id, bytes);
        Ok(())
    }

    fn take(&mut self, id: TenantId, bytes: u64) {
        self.used = self.used.saturating_add(bytes);
        let account = self.tenants.entry(id).or_default();
        account.used = account.used.saturating_add(bytes);
    }

    fn give_back(&mut self, id: TenantId, bytes: u64) {
        self.used = self.used.saturating_sub(bytes);
        if let Some(account) = self.tenants.get_mut(&id) {
            account.used = account.used.saturating_sub(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPACITY: BodyCapacity = BodyCapacity {
        bytes: 80,
        largest: 10,
    };

    fn bodies(tenants: &[Option<u64>]) -> Bodies {
        let mut bodies = Bodies::default();
        let numbered = (0..).zip(tenants.iter().copied()).collect::<Vec<_>>();
        bodies.share_out(CAPACITY, numbered.into_iter());
        bodies
    }

    #[test]
    fn an_eighth_of_the_memory_is_for_bodies() {
        let bytes = |configured, memory| BodyCapacity::of(configured, 4 << 20, memory).bytes;
        assert_eq!(bytes(None, Some(16 << 30)), 2 << 30);
        assert_eq!(bytes(None, Some(64 << 20)), 16 << 20);
        assert_eq!(bytes(None, None), UNKNOWN);
        assert_eq!(bytes(Some(5 << 20), Some(16 << 30)), 5 << 20);
    }

    #[test]
    fn a_tenant_has_half_of_it_unless_it_is_alone_or_told_otherwise() {
        let mut several = bodies(&[None, Some(20)]);
        assert_eq!(several.grow(0, 40), Ok(()));
        assert_eq!(
            several.grow(0, 1),
            Err(Refusal::BodyMemoryFull { limit: 40 })
        );
        assert_eq!(
            several.grow(1, 21),
            Err(Refusal::BodyMemoryFull { limit: 20 })
        );
        assert_eq!(several.grow(1, 20), Ok(()));
        assert_eq!(bodies(&[None]).grow(0, 80), Ok(()));
    }

    #[test]
    fn some_is_kept_for_those_who_have_one_body_at_most() {
        let mut bodies = bodies(&[None, None, None]);
        assert_eq!(bodies.grow(0, 40), Ok(()));
        assert_eq!(
            bodies.grow(1, 31),
            Err(Refusal::BodyMemoryFull { limit: 80 })
        );
        assert_eq!(bodies.grow(1, 30), Ok(()));
        assert_eq!(bodies.grow(2, 10), Ok(()));
        assert_eq!(
            bodies.grow(2, 1),
            Err(Refusal::BodyMemoryFull { limit: 80 })
        );
        bodies.give_back(0, 40);
        assert_eq!(bodies.grow(2, 11), Ok(()));
        assert_eq!(bodies.in_use().used, 51);
    }

    #[test]
    fn an_answer_is_counted_whether_there_is_room_or_not() {
        let mut bodies = bodies(&[None]);
        assert_eq!(bodies.grow(0, 80), Ok(()));
        bodies.take(0, 100);
        assert!(bodies.grow(0, 1).is_err());
        bodies.give_back(0, 101);
        assert_eq!(bodies.grow(0, 1), Ok(()));
    }
}
