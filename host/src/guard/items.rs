//! The items of an answer, what is no item in their place, and which a stage made.

use super::cursor::{Cursor, Kind, characters};
use super::violation::{Misfit, Violation};
use std::collections::HashSet;

/// What a payload has in the place of its items. Where `output` or `generic` stands twice,
/// both count, because programs differ in which of them they take.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer<'a> {
    /// The items of `output.generic`, as texts.
    pub(super) items: Vec<&'a str>,
    misfits: Vec<Stray<'a>>,
}

/// A value that stands where only an object or array can have items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Stray<'a> {
    place: Place,
    value: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    Output,
    Generic,
}

impl<'a> Answer<'a> {
    /// Reads a payload; there is nothing where either member is absent.
    pub(super) fn of(payload: &'a str) -> Self {
        let mut answer = Self::default();
        let mut cursor = Cursor::new(payload);
        cursor.enter();
        while let Some(key) = cursor.key() {
            if characters(key) != "output" {
                cursor.value();
            } else if answer.enters(&mut cursor, Place::Output) {
                answer.read_output(&mut cursor);
            }
        }
        answer
    }

    fn read_output(&mut self, cursor: &mut Cursor<'a>) {
        while let Some(key) = cursor.key() {
            if characters(key) != "generic" {
                cursor.value();
            } else if self.enters(cursor, Place::Generic) {
                while cursor.element() {
                    self.items.push(cursor.value());
                }
            }
        }
    }

    /// Goes into the container that has to be in this place, or passes what is there.
    fn enters(&mut self, cursor: &mut Cursor<'a>, place: Place) -> bool {
        let fits = cursor.kind() == Some(place.kind());
        if fits {
            cursor.enter();
        } else {
            let value = cursor.value();
            self.misfits.push(Stray { place, value });
        }
        fits
    }

    /// Refuses what fits neither its place nor anything that stood there before, to the
    /// byte.
    pub(super) fn check_places(&self, before: &Self) -> Result<(), Violation> {
        let same: HashSet<_> = before.misfits.iter().collect();
        let new = self.misfits.iter().find(|stray| !same.contains(stray));
        new.map_or(Ok(()), |stray| Err(stray.place.violation()))
    }
}

impl Place {
    fn kind(self) -> Kind {
        match self {
            Self::Output => Kind::Object,
            Self::Generic => Kind::Array,
        }
    }

    fn violation(self) -> Violation {
        let (at, misfit) = match self {
            Self::Output => ("/output", Misfit::NotAnObject),
            Self::Generic => ("/output/generic", Misfit::NotAnArray),
        };
        let at = at.to_owned();
        Violation::Shape { at, misfit }
    }
}

/// Those of `made` that do not stand in `said`, to the byte, with their positions.
pub(super) fn changed<'m>(said: &[&str], made: &[&'m str]) -> Vec<(usize, &'m str)> {
    // Mostly a few items changed among many that did not, which comparing from both
    // ends shows without hashing any.
    let same = |(one, other): &(&&str, &&str)| one == other;
    let head = said.iter().zip(made).take_while(same).count();
    let rest = said.iter().skip(head).rev();
    let tail = rest.zip(made.iter().skip(head).rev()).take_while(same);
    let middle = made.len() - head - tail.count();
    let middle = made.iter().copied().enumerate().skip(head).take(middle);
    let mut middle: Vec<_> = middle.collect();
    let lengths: HashSet<_> = middle.iter().map(|(_, item)| item.len()).collect();
    let alike = |item: &&&str| lengths.contains(&item.len());
    let said: HashSet<&str> = said.iter().filter(alike).copied().collect();
    middle.retain(|(_, item)| !said.contains(item));
    middle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_found_where_they_are() {
        assert_eq!(Answer::of(r#"{}"#), Answer::default());
        let without = r#"{"output":{"text":["x"]}}"#;
        assert_eq!(Answer::of(without), Answer::default());
        let payload = r#"{"a":{"output":{"generic":[0]}},"output":{"x":[{"generic":[9]}],
            "\u0067eneric" : [ {"a":[1]} , "b" ]},"context":{"generic":[3]}}"#;
        assert_eq!(Answer::of(payload).items, [r#"{"a":[1]}"#, "\"b\""]);
        let twice = r#"{"output":{"generic":[1],"generic":[2]},"output":{"generic":[3]}}"#;
        assert_eq!(Answer::of(twice).items, ["1", "2", "3"]);
        let beside = r#"{"output":{"generic":{"a":[0]},"generic":[1]},"output":[],"output":{"generic":[2]}}"#;
        let answer = Answer::of(beside);
        assert_eq!(answer.items, ["1", "2"]);
        let misfits = answer.misfits.iter().map(|stray| stray.value);
        assert_eq!(misfits.collect::<Vec<_>>(), [r#"{"a":[0]}"#, "[]"]);
    }

    #[test]
    fn other_kinds_are_refused() {
        for output in ["null", "[]", "\"x\"", "1", "true"] {
            let payload = format!(r#"{{"output":{output}}}"#);
            let answer = Answer::of(&payload);
            assert_eq!(answer.check_places(&answer), Ok(()));
            let error = answer.check_places(&Answer::default()).unwrap_err();
            assert_eq!(error.to_string(), "/output has to be an object");
        }
        for generic in ["null", "{}", "\"x\"", "1", "false"] {
            let payload = format!(r#"{{"output":{{"generic":{generic}}}}}"#);
            let answer = Answer::of(&payload);
            assert_eq!(answer.check_places(&answer), Ok(()));
            let error = answer.check_places(&Answer::default()).unwrap_err();
            assert_eq!(error.to_string(), "/output/generic has to be an array");
        }
    }

    #[test]
    fn only_new_items_are_changed() {
        let none: &[&str] = &[];
        for (said, made, expected) in [
            (none, none, &[][..]),
            (&["a"], &["a"], &[]),
            (&["a", "b"], &["b", "a"], &[]),
            (&["a", "b"], &["a", "x", "b"], &[(1, "x")]),
            (&["a", "b", "c"], &["a", "xx", "c"], &[(1, "xx")]),
            (&["a"], &["a", "a", "a"], &[]),
            (&["a", "a"], &["a"], &[]),
            (&["a", "b"], &["x", "b", "a", "y"], &[(0, "x"), (3, "y")]),
            (&[], &["x", "y"], &[(0, "x"), (1, "y")]),
        ] {
            assert_eq!(changed(said, made), expected, "{said:?} {made:?}");
        }
    }
}
