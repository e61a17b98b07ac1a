//! A set of places, and the way to them.

use crate::{
    pattern::{Pattern, Token},
    pointer::Pointer,
    scan::Key,
};

/// Some places of documents, each with all that is in it.
///
/// A stage of a pipeline gets such a set for what it may read, and one for what it
/// may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    patterns: Vec<Pattern>,
    /// What the patterns say of each level, the outermost first. There is one more
    /// than the longest pattern has tokens.
    levels: Vec<Level>,
}

/// Why some patterns are not a set of places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPlaces {
    /// There is no pattern.
    #[error("at least one place is needed; `\"\"` is the whole document")]
    None,
    /// There are more than [`Places::MAX`] patterns.
    #[error(
        "there may be at most {} places; `*` names many of them at once",
        Places::MAX
    )]
    TooMany,
}

/// A set of patterns: bit i is the i-th pattern.
type Patterns = u64;

/// What the patterns say of the children of one level. It is worked out beforehand,
/// so that a child is matched with all patterns at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Level {
    /// Those that end above this level: they name the container itself.
    ending: Patterns,
    /// Those that have `*` here.
    any: Patterns,
    /// Those that have something here that can be an index.
    indexed: Patterns,
    /// Those that have a name here; each name once.
    named: Vec<Named>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    key: String,
    index: Option<usize>,
    patterns: Patterns,
}

/// Where a value is, as the patterns see it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Way {
    depth: usize,
    /// The patterns that name exactly this value.
    pub(crate) ending: Patterns,
    /// The patterns that may name something in it.
    pub(crate) onward: Patterns,
}

/// Where the elements of an array are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ElementWays {
    array: Way,
    /// Where all of them are, if the index makes no difference.
    same: Option<Way>,
}

impl Places {
    /// How many patterns there may be.
    pub const MAX: usize = 64;

    /// The whole document.
    #[must_use]
    pub fn everything() -> Self {
        // The empty text is a pattern; without one, the set would name nothing.
        Self::of(Pattern::parse("").into_iter().collect())
    }

    /// The places that the patterns name.
    ///
    /// # Errors
    /// [`NotPlaces`] if there is no pattern, or more than [`Self::MAX`].
    pub fn new(patterns: Vec<Pattern>) -> Result<Self, NotPlaces> {
        match patterns.len() {
            0 => Err(NotPlaces::None),
            1..=Self::MAX => Ok(Self::of(patterns)),
            _ => Err(NotPlaces::TooMany),
        }
    }

    /// Whether the whole document is among them.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.root().is_within()
    }

    /// The patterns, in the order in which they were given.
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// Whether every place that `pattern` can name is inside one of these, as far
    /// as one of these patterns alone says so.
    #[must_use]
    pub fn covers(&self, pattern: &Pattern) -> bool {
        self.patterns.iter().any(|own| own.covers(pattern))
    }

    /// Whether the place that an operation of a JSON patch names is inside one of
    /// these. Its last token may be `-`, for the place after the last element: that
    /// is any element, and none that has a name.
    pub(crate) fn contain(&self, pointer: &Pointer) -> bool {
        let last = pointer.tokens().count();
        let mut way = self.root();
        for (number, token) in pointer.tokens().enumerate() {
            if way.is_within() {
                break;
            }
            let after_the_last = number + 1 == last && token == "-";
            let token = (!after_the_last).then_some(token.as_bytes());
            way = self.child(way, token);
        }
        way.is_within()
    }

    /// Where a document as a whole is.
    pub(crate) fn root(&self) -> Way {
        // Up to 64 patterns, of which the last has the highest bit.
        let unused = Self::MAX.saturating_sub(self.patterns.len());
        let all = u32::try_from(unused).map_or(0, |unused| Patterns::MAX.unbounded_shr(unused));
        self.arrive(0, all)
    }

    /// Where the member of an object is.
    pub(crate) fn member(&self, object: Way, key: &Key<'_>) -> Way {
        let Some(level) = self.levels.get(object.depth) else {
            return Way::default();
        };
        // Most keys need not be decoded.
        if level.any & object.onward == object.onward {
            self.arrive(object.depth + 1, object.onward)
        } else {
            self.child(object, Some(&*key.characters()))
        }
    }

    /// Where the elements of an array are.
    pub(crate) fn elements(&self, array: Way) -> ElementWays {
        let level = self.levels.get(array.depth);
        let indexed = level.map_or(0, |level| level.indexed);
        let same = (array.onward & indexed == 0).then(|| self.child(array, None));
        ElementWays { array, same }
    }

    /// Where one of them is.
    pub(crate) fn element(&self, ways: ElementWays, index: usize) -> Way {
        ways.same
            .unwrap_or_else(|| self.matching(ways.array, |named| named.index == Some(index)))
    }

    /// Where a child with this name is; without one, where a child is of which
    /// nothing is known.
    fn child(&self, parent: Way, name: Option<&[u8]>) -> Way {
        self.matching(parent, |named| Some(named.key.as_bytes()) == name)
    }

    /// Where the child is that has the name that `is_it` tells.
    fn matching(&self, parent: Way, is_it: impl Fn(&Named) -> bool) -> Way {
        let Some(level) = self.levels.get(parent.depth) else {
            return Way::default();
        };
        let named = level.named.iter().find(|named| is_it(named));
        let matching = level.any | named.map_or(0, |named| named.patterns);
        self.arrive(parent.depth + 1, parent.onward & matching)
    }

    fn arrive(&self, depth: usize, matching: Patterns) -> Way {
        let ending = self.levels.get(depth).map_or(0, |level| level.ending);
        Way {
            depth,
            ending: matching & ending,
            onward: matching & !ending,
        }
    }

    fn of(patterns: Vec<Pattern>) -> Self {
        let longest = patterns.iter().map(|pattern| pattern.tokens().len()).max();
        let mut levels = vec![Level::default(); longest.unwrap_or(0) + 1];
        let bits = (0..Patterns::BITS).map(|shift| 1 << shift);
        for (pattern, bit) in patterns.iter().zip(bits) {
            let tokens = pattern.tokens();
            for (level, token) in levels.iter_mut().zip(tokens) {
                level.add(token, bit);
            }
            if let Some(level) = levels.get_mut(tokens.len()) {
                level.ending |= bit;
            }
        }
        Self { patterns, levels }
    }
}

impl Level {
    fn add(&mut self, token: &Token, bit: Patterns) {
        let Token::Named { key, index } = token else {
            self.any |= bit;
            return;
        };
        if index.is_some() {
            self.indexed |= bit;
        }
        match self.named.iter_mut().find(|named| named.key == *key) {
            Some(named) => named.patterns |= bit,
            None => self.named.push(Named {
                key: key.clone(),
                index: *index,
                patterns: bit,
            }),
        }
    }
}

impl Way {
    /// Whether the value belongs to the places as a whole.
    pub(crate) fn is_within(self) -> bool {
        self.ending != 0
    }

    /// The same for a child of `parent`, with the patterns that name the parent as well.
    pub(crate) fn inside(self, parent: Self) -> Self {
        Self {
            ending: self.ending | parent.ending,
            ..self
        }
    }

    /// Whether nothing of the value belongs to the places.
    pub(crate) fn is_outside(self) -> bool {
        self.ending | self.onward == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(patterns: &[&str]) -> Places {
        let parse = |text: &&str| Pattern::parse(text).unwrap();
        Places::new(patterns.iter().map(parse).collect()).unwrap()
    }

    #[test]
    fn a_set_has_1_to_64_patterns() {
        assert_eq!(Places::new(Vec::new()).unwrap_err(), NotPlaces::None);
        let many = |count: usize| {
            let number = |number: usize| Pattern::parse(&format!("/{number}")).unwrap();
            Places::new((0..count).map(number).collect())
        };
        assert_eq!(many(65).unwrap_err(), NotPlaces::TooMany);
        let most = many(64).unwrap();
        for number in [0, 63] {
            let place = Pointer::parse(&format!("/{number}")).unwrap();
            assert!(most.contain(&place), "{number}");
        }
        assert!(!most.contain(&Pointer::parse("/64").unwrap()));
        assert!(!most.is_everything());
        assert!(Places::everything().is_everything());
        assert!(places(&["/a", ""]).is_everything());
        assert_eq!(most.patterns().len(), 64);
    }

    #[test]
    fn a_pattern_covers_what_it_is_a_beginning_of() {
        let covers = [
            ("", ""),
            ("", "/a/*"),
            ("/a", "/a/b/c"),
            ("/*", "/*"),
            ("/*", "/a/b"),
            ("/a/*/c", "/a/0/c/*"),
            ("/~01", "/~01"),
        ];
        for (own, other) in covers {
            assert!(
                places(&["/zzz", own]).covers(&Pattern::parse(other).unwrap()),
                "{own} {other}"
            );
        }
        let does_not = [
            ("/a", ""),
            ("/a/b", "/a"),
            ("/a", "/*"),
            ("/a", "/ab"),
            ("/0", "/00"),
            ("/*/a", "/*/b"),
        ];
        for (own, other) in does_not {
            assert!(
                !places(&["/zzz", own]).covers(&Pattern::parse(other).unwrap()),
                "{own} {other}"
            );
        }
    }

    #[test]
    fn the_place_after_the_last_element_is_any_and_has_no_name() {
        let contains =
            |pattern, pointer| places(&[pattern]).contain(&Pointer::parse(pointer).unwrap());
        for (pattern, pointer) in [
            ("/a/*", "/a/-"),
            ("/a", "/a/-"),
            ("/a/-", "/a/-/b"),
            ("/*/b", "/*/b"),
        ] {
            assert!(contains(pattern, pointer), "{pattern} {pointer}");
        }
        for (pattern, pointer) in [
            ("/a/-", "/a/-"),
            ("/a/*/b", "/a/-"),
            ("/a/b", "/a"),
            ("/a/1", "/a/01"),
        ] {
            assert!(!contains(pattern, pointer), "{pattern} {pointer}");
        }
    }
}
