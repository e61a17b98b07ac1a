//! A bound on the work that somebody else's patch may cause.

/// The work was more than the budget allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exhausted;

/// Units of work that may still be done. A unit is roughly a byte looked at, a
/// nanosecond.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: usize,
    left: usize,
}

impl Budget {
    /// What applying a patch may cost: a multiple of the two texts, so that the
    /// work is linear in what came in, and a floor, so that small texts are not
    /// counted to the byte.
    pub(crate) fn for_patch(target: &str, patch: &str) -> Self {
        Self::linear(16, target, patch)
    }

    /// What comparing what was seen with what was made of it may cost. That is more,
    /// because an honest plugin may write the whole document in another way, and then
    /// each level of it is split.
    pub(crate) fn for_write_back(seen: &str, made: &str) -> Self {
        Self::linear(64, seen, made)
    }

    fn linear(per_byte: usize, left: &str, right: &str) -> Self {
        const FLOOR: usize = 1 << 20;
        let bytes = left.len().saturating_add(right.len());
        let limit = bytes.saturating_mul(per_byte).saturating_add(FLOOR);
        Self { limit, left: limit }
    }

    /// For the edits of one's own code, which needs no bound.
    pub(crate) fn unlimited() -> Self {
        Self {
            limit: usize::MAX,
            left: usize::MAX,
        }
    }

    /// The units that there were at the beginning.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Takes what it costs to pass over entries of an object or array.
    pub(crate) fn spend_on(&mut self, entries: usize) -> Result<(), Exhausted> {
        // Measured over 100,000 of them, out of the processor's caches.
        const PER_ENTRY: usize = 16;
        self.spend(entries.saturating_mul(PER_ENTRY))
    }

    /// Takes what it costs to split a text into the children of its outermost level.
    pub(crate) fn spend_on_splitting(&mut self, json: &str) -> Result<(), Exhausted> {
        // Measured over 4 MB of the shortest values there are.
        const PER_VALUE: usize = 8;
        let begins_a_value = |byte: &&u8| matches!(**byte, b',' | b':' | b'[' | b'{');
        // Counting is a pass over the text, which nobody needs who has no limit.
        if self.limit == usize::MAX {
            return Ok(());
        }
        self.spend(json.len())?;
        let values = json.as_bytes().iter().filter(begins_a_value).count();
        self.spend(values.saturating_mul(PER_VALUE))
    }

    /// Takes `units` before the work that they stand for is done.
    pub(crate) fn spend(&mut self, units: usize) -> Result<(), Exhausted> {
        self.left = self.left.checked_sub(units).ok_or(Exhausted)?;
        Ok(())
    }
}
