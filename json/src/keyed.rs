//! The members of an object, to be found by their keys.

use std::{
    hash::{BuildHasher, RandomState},
    iter,
    num::NonZeroU32,
    ops::Range,
};

use crate::{
    scan::{Key, Members, Span},
    work::{Budget, Exhausted},
};

/// The members of an object in their order, duplicates and all.
///
/// They are kept as places, because there may be millions of them in a text that is
/// hardly longer.
#[derive(Debug)]
pub(crate) struct Keyed<'j> {
    json: &'j str,
    members: Vec<Packed>,
    /// The characters of all keys in which something is escaped, in WTF-8.
    decoded: Vec<u8>,
    /// The last one of each key, where its hash says or, if that slot is taken, in the
    /// next free one; at least every second slot is free. There are none for few
    /// members, which are as easily searched.
    slots: Vec<Slot>,
    /// Random, so that nobody can make keys that all belong to one slot.
    hasher: RandomState,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// A part of the key's hash. Most other keys need not be looked at then, which are
    /// all over the memory.
    tag: u32,
    position: Option<Position>,
}

/// The number of a member, counted from 1, so that an `Option` of it takes no more.
type Position = NonZeroU32;

/// One member of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member<'k, 'j> {
    pub(crate) key: Key<'j>,
    /// The key's characters, in WTF-8.
    pub(crate) characters: &'k [u8],
    pub(crate) value: Span<'j>,
}

#[derive(Debug)]
struct Packed {
    /// With its quotes.
    key: Place,
    value: Place,
    /// Where the key's characters are, if some of them are escaped.
    decoded: Option<Place>,
    /// Whether it is the last one with its key.
    counts: bool,
    /// The one before it with the same key, where there are many members.
    earlier: Option<Position>,
}

/// A place in a text of less than 4 GiB, in bytes.
#[derive(Clone, Copy, Debug)]
struct Place {
    start: u32,
    end: u32,
}

impl<'j> Keyed<'j> {
    /// How many members are few.
    const FEW: usize = 16;

    /// The members of a text that is known to be an object.
    pub(crate) fn of(json: &'j str, budget: &mut Budget) -> Result<Self, Exhausted> {
        budget.spend_on_passing(json)?;
        let mut keyed = Self {
            json,
            members: Vec::with_capacity(Self::FEW / 2),
            decoded: Vec::new(),
            slots: Vec::new(),
            hasher: RandomState::new(),
        };
        for (key, value) in Members::of(json) {
            budget.spend_on(1)?;
            let member = keyed.packed(key, value).ok_or(Exhausted)?;
            keyed.members.push(member);
        }
        if keyed.members.len() > Self::FEW {
            budget.spend_on_hashing(keyed.members.len())?;
            keyed.hash_all();
        } else {
            keyed.compare_all();
        }
        Ok(keyed)
    }

    /// All members, in order.
    pub(crate) fn members(&self) -> impl Iterator<Item = Member<'_, 'j>> {
        self.members.iter().map(|packed| self.member(packed))
    }

    /// Those that count, of the members with the same key the last, with their
    /// positions.
    pub(crate) fn counting(&self) -> impl Iterator<Item = (usize, Member<'_, 'j>)> {
        let members = self.members.iter().enumerate();
        let counting = members.filter(|(_, packed)| packed.counts);
        counting.map(|(position, packed)| (position, self.member(packed)))
    }

    /// The value that counts of this key. It is found at once if it is at the position
    /// `likely`, as it mostly is in another text of the same object.
    pub(crate) fn find(
        &self,
        characters: &[u8],
        likely: usize,
        budget: &mut Budget,
    ) -> Result<Option<Span<'j>>, Exhausted> {
        let there = self.members.get(likely);
        let there = there.filter(|it| it.counts && self.characters(it) == characters);
        match there {
            Some(packed) => Ok(Some(self.span(packed.value))),
            None => Ok(self.with_key(characters, budget)?.next()),
        }
    }

    /// The values of this key, the last one first.
    pub(crate) fn with_key(
        &self,
        characters: &[u8],
        budget: &mut Budget,
    ) -> Result<impl Iterator<Item = Span<'j>>, Exhausted> {
        let mut last = None;
        if !self.slots.is_empty() {
            budget.spend_on_search(self.members.len())?;
            let slot = self.slots.get(self.slot(characters).0);
            last = slot.and_then(|slot| self.at(slot.position?));
        }
        let many = iter::successors(last, |packed| self.at(packed.earlier?));
        let few = if self.slots.is_empty() {
            self.members.as_slice()
        } else {
            &[]
        };
        let is_it = move |packed: &&Packed| self.characters(packed) == characters;
        let packed = many.chain(few.iter().rev().filter(is_it));
        Ok(packed.map(|packed| self.span(packed.value)))
    }

    /// Finds out which of many members count, and how to find them.
    fn hash_all(&mut self) {
        let slots = self.members.len().saturating_mul(2).next_power_of_two();
        self.slots = vec![Slot::default(); slots];
        let positions = (1..=u32::MAX).filter_map(Position::new);
        for (index, position) in (0..self.members.len()).zip(positions) {
            let packed = self.members.get(index);
            let characters = packed.map_or(&[][..], |packed| self.characters(packed));
            let (number, tag) = self.slot(characters);
            let position = Some(position);
            let earlier = self.slots.get_mut(number).and_then(|slot| {
                let earlier = std::mem::replace(slot, Slot { tag, position });
                earlier.position
            });
            if let Some(packed) = self.members.get_mut(index) {
                packed.earlier = earlier;
            }
            let overruled = earlier.and_then(|it| self.members.get_mut(index_of(it)));
            if let Some(packed) = overruled {
                packed.counts = false;
            }
        }
    }

    /// The number of the slot where a key is or belongs, and the key's tag.
    fn slot(&self, characters: &[u8]) -> (usize, u32) {
        let hash = self.hasher.hash_one(characters);
        // One half each; there are not as many slots as numbers.
        let half = |hash: u64| u32::try_from(hash & u64::from(u32::MAX)).unwrap_or(0);
        let (home, tag) = (half(hash), half(hash >> u32::BITS));
        let mask = self.slots.len().saturating_sub(1);
        let mut number = long(home) & mask;
        while let Some(slot) = self.slots.get(number)
            && let Some(position) = slot.position
        {
            let is_it = |there: &Packed| self.characters(there) == characters;
            if slot.tag == tag && self.at(position).is_some_and(is_it) {
                break;
            }
            number = (number + 1) & mask;
        }
        (number, tag)
    }

    /// Finds out which of few members count.
    fn compare_all(&mut self) {
        for position in 0..self.members.len() {
            let mut later = self.members.iter().skip(position);
            let counts = later.next().is_none_or(|this| {
                let characters = self.characters(this);
                later.all(|later| self.characters(later) != characters)
            });
            if let Some(packed) = self.members.get_mut(position) {
                packed.counts = counts;
            }
        }
    }

    fn packed(&mut self, key: Key<'j>, value: Span<'j>) -> Option<Packed> {
        let decoded = match key.plain() {
            Some(_) => None,
            None => {
                let start = self.decoded.len();
                self.decoded.extend_from_slice(&key.characters());
                Some(Place::of(start..self.decoded.len())?)
            }
        };
        Some(Packed {
            key: Place::of(key.quoted.range())?,
            value: Place::of(value.range())?,
            decoded,
            counts: true,
            earlier: None,
        })
    }

    fn member(&self, packed: &Packed) -> Member<'_, 'j> {
        Member {
            key: Key::new(self.span(packed.key), packed.decoded.is_some()),
            characters: self.characters(packed),
            value: self.span(packed.value),
        }
    }

    fn at(&self, position: Position) -> Option<&Packed> {
        self.members.get(index_of(position))
    }

    fn characters(&self, packed: &Packed) -> &[u8] {
        let characters = match packed.decoded {
            Some(place) => self.decoded.get(place.range()),
            None => {
                let Range { start, end } = packed.key.range();
                let between_the_quotes = start + 1..end.saturating_sub(1);
                self.json.as_bytes().get(between_the_quotes)
            }
        };
        characters.unwrap_or_default()
    }

    fn span(&self, place: Place) -> Span<'j> {
        let range = place.range();
        Span {
            start: range.start,
            text: self.json.get(range).unwrap_or_default(),
        }
    }
}

impl Place {
    fn of(range: Range<usize>) -> Option<Self> {
        Some(Self {
            start: u32::try_from(range.start).ok()?,
            end: u32::try_from(range.end).ok()?,
        })
    }

    fn range(self) -> Range<usize> {
        long(self.start)..long(self.end)
    }
}

fn index_of(position: Position) -> usize {
    long(position.get() - 1)
}

/// A number that came from a `usize`.
fn long(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_members_are_found_alike() {
        for members in 0..64_usize {
            // Keys in no order, many of them several times.
            let keys: Vec<_> = (0..members).map(|number| number * number % 23).collect();
            // Every other one is written in escapes.
            let text = |(position, key): (usize, &usize)| {
                let escape = if position % 2 == 0 { "" } else { "\\u003" };
                let digits = key.to_string();
                let digits = digits.chars().map(|digit| format!("{escape}{digit}"));
                format!("\"{}\":0", digits.collect::<String>())
            };
            let texts: Vec<_> = keys.iter().enumerate().map(text).collect();
            let json = format!("{{{}}}", texts.join(","));
            let keyed = Keyed::of(&json, &mut Budget::unlimited()).unwrap();
            assert_eq!(keyed.slots.is_empty(), members <= Keyed::FEW);
            let all: Vec<_> = keyed.members().map(|member| member.value.start).collect();
            let last_of = |key| keys.iter().rposition(|other| *other == key);
            let counting: Vec<_> = keyed.counting().map(|(position, _)| position).collect();
            let expected: Vec<_> = (0..members)
                .filter(|position| last_of(keys[*position]) == Some(*position))
                .collect();
            assert_eq!(counting, expected, "{json}");
            for key in 0..24 {
                let characters = key.to_string();
                let budget = &mut Budget::unlimited();
                let with_key = keyed.with_key(characters.as_bytes(), budget).unwrap();
                let with_key: Vec<_> = with_key.map(|value| value.start).collect();
                let positions = (0..members).rev().filter(|position| keys[*position] == key);
                let expected: Vec<_> = positions.map(|position| all[position]).collect();
                assert_eq!(with_key, expected, "{json}");
                for likely in 0..members + 1 {
                    let found = keyed.find(characters.as_bytes(), likely, budget);
                    let found = found.unwrap().map(|value| value.start);
                    assert_eq!(found, expected.first().copied(), "{json}");
                }
            }
        }
    }

    #[test]
    fn a_member_takes_little_memory() {
        // The shortest one has six bytes.
        assert!(size_of::<Packed>() <= 40);
    }
}
