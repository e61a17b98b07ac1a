//! The strings of an item and their places.
//!
//! What kind of place it is, is worked out once for each member, when its name is read:
//! a long name may stand above many strings.

use super::cursor::{Cursor, Kind, characters};
use std::fmt::Write;

/// How many levels an item may have. Readers of JSON rarely take more.
pub(super) const DEEPEST: usize = 128;

/// A way down from an item: what is open, each with its member or element.
pub(super) type Path<'a> = [Step<'a>];

/// One level of a [`Path`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Step<'a> {
    at: At<'a>,
    role: Role,
}

#[derive(Debug, Clone, Copy)]
enum At<'a> {
    /// A member's key, with its quotes.
    Member(&'a str),
    Element(usize),
}

/// What kind of place a string stands in, by the innermost member around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Role {
    /// A member that programs load or open.
    Media,
    Text,
}

impl Role {
    const MEDIA: [&str; 5] = ["source", "image_url", "url", "href", "src"];

    fn of(path: &Path<'_>) -> Self {
        path.last().map_or(Self::Text, |step| step.role)
    }

    /// By a member's key, with its quotes.
    fn of_member(key: &str) -> Self {
        let media = Self::MEDIA.contains(&characters(key).as_ref());
        if media { Self::Media } else { Self::Text }
    }
}

/// Why a walk ended early.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop<E> {
    /// There are more levels than [`DEEPEST`].
    TooDeep,
    /// The visitor's error.
    Refused(E),
}

/// Visits each string in a JSON text, keys aside, with its quotes, the kind of its place
/// and that place.
pub(super) fn strings<'a, E>(
    json: &'a str,
    mut visit: impl FnMut(&'a str, Role, &Path<'a>) -> Result<(), E>,
) -> Result<(), Stop<E>> {
    let mut cursor = Cursor::new(json);
    let mut path: Vec<Step<'a>> = Vec::new();
    while let Some(kind) = cursor.kind() {
        match kind {
            Kind::Object | Kind::Array if path.len() == DEEPEST => return Err(Stop::TooDeep),
            Kind::Object => {
                cursor.enter();
                let (at, role) = (At::Member(""), Role::Text);
                path.push(Step { at, role });
            }
            Kind::Array => {
                cursor.enter();
                // The first element comes after this one.
                let (at, role) = (At::Element(usize::MAX), Role::of(&path));
                path.push(Step { at, role });
            }
            Kind::String => {
                visit(cursor.value(), Role::of(&path), &path).map_err(Stop::Refused)?;
            }
            Kind::Number | Kind::Word => {
                cursor.value();
            }
        }
        if !advance(&mut cursor, &mut path) {
            break;
        }
    }
    Ok(())
}

/// Goes on to the next value, out of containers that end; false at the end.
fn advance<'a>(cursor: &mut Cursor<'a>, path: &mut Vec<Step<'a>>) -> bool {
    while let Some(step) = path.last_mut() {
        match &mut step.at {
            At::Member(key) => {
                if let Some(next) = cursor.key() {
                    *key = next;
                    step.role = Role::of_member(next);
                    return true;
                }
            }
            At::Element(index) => {
                if cursor.element() {
                    *index = index.wrapping_add(1);
                    return true;
                }
            }
        }
        path.pop();
    }
    false
}

/// The JSON pointer (RFC 6901) to a place in an item of `output.generic`, escaped for
/// a log, with long names and long pointers shortened.
pub(super) fn pointer(index: usize, path: &Path<'_>) -> String {
    const LONGEST: usize = 200;
    const LONGEST_NAME: usize = 40;
    let mut pointer = format!("/output/generic/{index}");
    for step in path {
        if pointer.len() > LONGEST {
            pointer.push_str("/…");
            break;
        }
        pointer.push('/');
        match step.at {
            At::Element(index) => {
                // A string takes every text.
                let _ = write!(pointer, "{index}");
            }
            At::Member(key) => {
                let name = characters(key);
                let mut shown = name.chars();
                for c in shown.by_ref().take(LONGEST_NAME) {
                    match c {
                        '~' => pointer.push_str("~0"),
                        '/' => pointer.push_str("~1"),
                        c => pointer.extend(c.escape_debug()),
                    }
                }
                if shown.next().is_some() {
                    pointer.push('…');
                }
            }
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(json: &str) -> Vec<(String, String)> {
        let mut places = Vec::new();
        let end = strings(json, |quoted, _, path| {
            places.push((pointer(0, path), characters(quoted).into_owned()));
            Ok::<(), ()>(())
        });
        assert_eq!(end, Ok(()));
        places
    }

    #[test]
    fn every_string_has_its_place() {
        let json = r#" {"a":"1","b":[[],"2",{"c~/\"":"3","c":{}},"4",5],"d":{"e":{"":"6"}},"f":null,"g":"7"} "#;
        let expected = [
            ("/a", "1"),
            ("/b/1", "2"),
            ("/b/2/c~0~1\\\"", "3"),
            ("/b/3", "4"),
            ("/d/e/", "6"),
            ("/g", "7"),
        ];
        let expected =
            expected.map(|(at, text)| (format!("/output/generic/0{at}"), text.to_owned()));
        assert_eq!(places(json), expected);
        assert_eq!(
            places("\"x\""),
            [("/output/generic/0".to_owned(), "x".to_owned())]
        );
        assert_eq!(places("1"), []);
    }

    #[test]
    fn the_innermost_member_gives_the_role() {
        let json = r#"["t",{"url":["m",[["m"],"m",{"a":"t","src":"m"},"m",{}],"m"],
            "\u0075rl":"m","a":["t",{"href":"m"},"t"],"urls":"t","Url":"t"},"t"]"#;
        let end = strings(json, |quoted, role, path| {
            let expected = if quoted == "\"m\"" {
                Role::Media
            } else {
                Role::Text
            };
            assert_eq!(role, expected, "{}", pointer(0, path));
            Ok::<(), ()>(())
        });
        assert_eq!(end, Ok(()));
    }

    #[test]
    fn long_names_and_ways_are_shortened() {
        let name = "n".repeat(100_000);
        let place = places(&format!(r#"{{"{name}":"x"}}"#)).remove(0).0;
        assert_eq!(place.len(), "/output/generic/0/".len() + 40 + "…".len());
        let deep = format!("{}\"x\"{}", r#"{"\u0000\n":"#.repeat(100), "}".repeat(100));
        let place = places(&deep).remove(0).0;
        assert!(place.starts_with("/output/generic/0/\\0\\n/"), "{place}");
        assert!(place.ends_with("/…") && place.len() < 220, "{place}");
    }

    #[test]
    fn depth_has_a_bound() {
        let nested = |levels| format!("{}\"x\"{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(places(&nested(DEEPEST)).len(), 1);
        for json in [
            nested(DEEPEST + 1),
            nested(10_000),
            r#"{"a":"#.repeat(1_000_000),
        ] {
            let end = strings(&json, |_, _, _| Ok::<(), ()>(()));
            assert_eq!(end, Err(Stop::TooDeep));
        }
    }
}
