//! The items of an answer, and which of them a stage made.

use super::cursor::{Cursor, Kind, characters};
use super::violation::{Misfit, Violation};
use std::collections::HashSet;

/// The items of `output.generic`, as texts; none where either is absent. Where a
/// member stands twice, the items of both count, because programs differ in which of
/// them they take.
pub(super) fn of(payload: &str) -> Result<Vec<&str>, Violation> {
    let mut items = Vec::new();
    let mut cursor = Cursor::new(payload);
    cursor.enter();
    while let Some(key) = cursor.key() {
        if characters(key) != "output" {
            cursor.value();
            continue;
        }
        expect(&mut cursor, Kind::Object, "/output", Misfit::NotAnObject)?;
        while let Some(key) = cursor.key() {
            if characters(key) != "generic" {
                cursor.value();
                continue;
            }
            expect(
                &mut cursor,
                Kind::Array,
                "/output/generic",
                Misfit::NotAnArray,
            )?;
            while cursor.element() {
                items.push(cursor.value());
            }
        }
    }
    Ok(items)
}

/// Goes into a container of this kind.
fn expect(cursor: &mut Cursor<'_>, kind: Kind, at: &str, misfit: Misfit) -> Result<(), Violation> {
    if cursor.kind() == Some(kind) {
        cursor.enter();
        return Ok(());
    }
    let at = at.to_owned();
    Err(Violation::Shape { at, misfit })
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
        assert_eq!(of(r#"{}"#), Ok(vec![]));
        assert_eq!(of(r#"{"output":{"text":["x"]}}"#), Ok(vec![]));
        let payload = r#"{"a":{"output":{"generic":[0]}},"output":{"x":[{"generic":[9]}],
            "\u0067eneric" : [ {"a":[1]} , "b" ]},"context":{"generic":[3]}}"#;
        assert_eq!(of(payload), Ok(vec![r#"{"a":[1]}"#, "\"b\""]));
        let twice = r#"{"output":{"generic":[1],"generic":[2]},"output":{"generic":[3]}}"#;
        assert_eq!(of(twice), Ok(vec!["1", "2", "3"]));
    }

    #[test]
    fn other_kinds_are_refused() {
        for output in ["null", "[]", "\"x\"", "1", "true"] {
            let payload = format!(r#"{{"output":{output}}}"#);
            let error = of(&payload).unwrap_err();
            assert_eq!(error.to_string(), "/output has to be an object");
        }
        for generic in ["null", "{}", "\"x\"", "1", "false"] {
            let payload = format!(r#"{{"output":{{"generic":{generic}}}}}"#);
            let error = of(&payload).unwrap_err();
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
