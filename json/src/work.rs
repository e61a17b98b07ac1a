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
    /// What applying a patch may cost: a multiple of the texts, so that the
    /// work is linear in what came in, and a floor, so that small texts are not
    /// counted to the byte.
    pub(crate) fn for_patch(target: &str, patch: &str) -> Self {
        Self::linear(16, &[target, patch])
    }

    /// What it may cost to compare what was seen of a payload with what was made of
    /// it. That is more, because an honest plugin may write the whole document in
    /// another way, and then each level of it is split.
    pub(crate) fn for_write_back(payload: &str, seen: &str, made: &str) -> Self {
        Self::linear(44, &[payload, seen, made])
    }

    fn linear(per_byte: usize, texts: &[&str]) -> Self {
        const FLOOR: usize = 1 << 20;
        let lengths = texts.iter().map(|text| text.len());
        let bytes = lengths.fold(0, usize::saturating_add);
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

    /// Takes what it costs to pass over a text, whatever is in it, without keeping
    /// anything of it.
    pub(crate) fn spend_on_passing(&mut self, json: &str) -> Result<(), Exhausted> {
        // Measured over random brackets, commas and quotes, of which the processor
        // cannot guess the next one. Ordinary texts take a fifth of it.
        const PER_BYTE: usize = 3;
        self.spend(json.len().saturating_mul(PER_BYTE))
    }

    /// Takes what it costs to hash the keys of many members.
    pub(crate) fn spend_on_hashing(&mut self, members: usize) -> Result<(), Exhausted> {
        // Measured over 460,000 of them.
        const PER_MEMBER: usize = 100;
        self.spend(members.saturating_mul(PER_MEMBER))
    }

    /// Takes what it costs to find one of many members by its key.
    pub(crate) fn spend_on_search(&mut self, members: usize) -> Result<(), Exhausted> {
        // Measured in random order. Thousands are in the processor's caches, and of
        // 460,000 most have to be fetched.
        const CACHED: usize = 60;
        const FETCHED: usize = 400;
        self.spend((members / 1024).clamp(CACHED, FETCHED))
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
