//! The members of an object, to be found by their keys.

use std::borrow::Cow;

use crate::scan::{Key, Members, Span};

/// The members of an object in their order, duplicates and all.
#[derive(Debug)]
pub(crate) struct Keyed<'j> {
    members: Vec<Member<'j>>,
    /// The positions of many members, ordered by their keys and, where these are the
    /// same, by position. Empty for few members, which are as easily searched.
    by_key: Vec<usize>,
}

#[derive(Debug)]
pub(crate) struct Member<'j> {
    pub(crate) key: Key<'j>,
    /// The key's characters, in WTF-8.
    pub(crate) characters: Cow<'j, [u8]>,
    pub(crate) value: Span<'j>,
    /// Whether it is the last one with its key.
    counts: bool,
}

impl<'j> Keyed<'j> {
    /// How many members are few.
    const FEW: usize = 16;

    /// The members of a text that is known to be an object.
    pub(crate) fn of(json: &'j str) -> Self {
        let mut members = Vec::with_capacity(Self::FEW / 2);
        members.extend(Members::of(json).map(|(key, value)| Member {
            characters: key.characters(),
            key,
            value,
            counts: true,
        }));
        let mut keyed = Self {
            members,
            by_key: Vec::new(),
        };
        if keyed.members.len() > Self::FEW {
            keyed.sort();
        } else {
            keyed.compare_all();
        }
        keyed
    }

    /// All members, in order.
    pub(crate) fn members(&self) -> &[Member<'j>] {
        &self.members
    }

    /// Those that count, of the members with the same key the last, with their
    /// positions.
    pub(crate) fn counting(&self) -> impl Iterator<Item = (usize, &Member<'j>)> {
        let members = self.members.iter().enumerate();
        members.filter(|(_, member)| member.counts)
    }

    /// The member with this key that counts. It is found at once if it is at the
    /// position `likely`, as it mostly is in another text of the same object.
    pub(crate) fn find(&self, characters: &[u8], likely: usize) -> Option<&Member<'j>> {
        let there = self.members.get(likely);
        let there = there.filter(|it| it.counts && *it.characters == *characters);
        there.or_else(|| self.with_key(characters).next())
    }

    /// The members with this key, the last one first.
    pub(crate) fn with_key(&self, characters: &[u8]) -> impl Iterator<Item = &Member<'j>> {
        let is_it = move |member: &&Member<'j>| *member.characters == *characters;
        let key_of = |position: &usize| self.members.get(*position).map(|it| &*it.characters);
        let end = self
            .by_key
            .partition_point(|position| key_of(position) <= Some(characters));
        let positions = self.by_key.get(..end).unwrap_or_default();
        let many = positions
            .iter()
            .rev()
            .filter_map(|position| self.members.get(*position))
            .take_while(is_it);
        let few = if self.by_key.is_empty() {
            self.members.as_slice()
        } else {
            &[]
        };
        many.chain(few.iter().rev().filter(is_it))
    }

    /// Finds out which members count, and how to find them.
    fn sort(&mut self) {
        let mut by_key: Vec<_> = self.members.iter().enumerate().collect();
        by_key.sort_by(|(_, left), (_, right)| left.characters.cmp(&right.characters));
        let pairs = by_key.iter().zip(by_key.iter().skip(1));
        let overruled: Vec<_> = pairs
            .filter(|((_, earlier), (_, later))| earlier.characters == later.characters)
            .map(|((position, _), _)| *position)
            .collect();
        self.by_key = by_key.into_iter().map(|(position, _)| position).collect();
        for position in overruled {
            if let Some(member) = self.members.get_mut(position) {
                member.counts = false;
            }
        }
    }

    /// Finds out which of few members count.
    fn compare_all(&mut self) {
        let mut rest = self.members.as_mut_slice();
        while let Some((last, before)) = rest.split_last_mut() {
            for member in before.iter_mut() {
                member.counts &= member.characters != last.characters;
            }
            rest = before;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_members_are_found_alike() {
        for members in 0..64_usize {
            // Keys in no order, many of them several times.
            let keys: Vec<_> = (0..members).map(|number| number * number % 23).collect();
            let texts: Vec<_> = keys.iter().map(|key| format!("\"{key}\":0")).collect();
            let json = format!("{{{}}}", texts.join(","));
            let keyed = Keyed::of(&json);
            assert_eq!(keyed.by_key.is_empty(), members <= Keyed::FEW);
            let starts = |found: Vec<&Member<'_>>| -> Vec<usize> {
                found.iter().map(|member| member.value.start).collect()
            };
            let all = starts(keyed.members().iter().collect());
            let last_of = |key| keys.iter().rposition(|other| *other == key);
            let counting: Vec<_> = keyed.counting().map(|(position, _)| position).collect();
            let expected: Vec<_> = (0..members)
                .filter(|position| last_of(keys[*position]) == Some(*position))
                .collect();
            assert_eq!(counting, expected, "{json}");
            for key in 0..24 {
                let characters = key.to_string();
                let with_key = starts(keyed.with_key(characters.as_bytes()).collect());
                let positions = (0..members).rev().filter(|position| keys[*position] == key);
                let expected: Vec<_> = positions.map(|position| all[position]).collect();
                assert_eq!(with_key, expected, "{json}");
                for likely in 0..members + 1 {
                    let found = keyed.find(characters.as_bytes(), likely);
                    let found = found.map(|member| member.value.start);
                    assert_eq!(found, expected.first().copied(), "{json}");
                }
            }
        }
    }
}
