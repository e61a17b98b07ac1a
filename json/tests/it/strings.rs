//! Which strings are found at some places.

use retort_json::{Found, Pattern, Places, StringsError};

fn places(patterns: &[&str]) -> Places {
    let parse = |text: &&str| Pattern::parse(text).unwrap();
    Places::new(patterns.iter().map(parse).collect()).unwrap()
}

/// Pointers, characters and patterns of the strings at and in some places.
fn strings(json: &str, patterns: &[&str]) -> Vec<(String, String, u64)> {
    let found = places(patterns).strings(json, 100).unwrap().into_iter();
    found
        .map(|found| {
            assert_eq!(&json[found.place.clone()], found.quoted);
            let characters = found.string().into_owned();
            (found.pointer, characters, found.patterns)
        })
        .collect()
}

/// Patterns, and the pointer, the characters and the patterns of each string.
type Case<'c> = (&'c [&'c str], &'c [(&'c str, &'c str, u64)]);

#[test]
fn strings_are_found_at_the_places_and_in_them() {
    let json = r#"{"a": [{"t":"x"}, "y", {"t":[{"t":"z"},1]}], "b/~": "\ud800\n", "a": ["w"]}"#;
    let cases: [Case<'_>; 5] = [
        (
            &["/a/*/t", "/b~1~0", "/a/1", "/a/0/t"],
            &[
                ("/a/0/t", "x", 0b1001),
                ("/a/1", "y", 0b100),
                ("/a/2/t/0/t", "z", 0b1),
                ("/b~1~0", "\u{FFFD}\n", 0b10),
            ],
        ),
        // A place in a place, and a pattern that goes on below its end.
        (
            &["/a/2/t/*/t", "/a/2", "/a/2/t/0/t/*"],
            &[("/a/2/t/0/t", "z", 0b11)],
        ),
        (
            &["/a"],
            &[
                ("/a/0/t", "x", 1),
                ("/a/1", "y", 1),
                ("/a/2/t/0/t", "z", 1),
                ("/a/0", "w", 1),
            ],
        ),
        // No key is a string at a place.
        (&["/a/0", "/a/1/*"], &[("/a/0/t", "x", 1), ("/a/0", "w", 1)]),
        (&["/c", "/a/3", "/b~1~0/*"], &[]),
    ];
    for (patterns, expected) in cases {
        let owned = |(pointer, text, bits): &(&str, &str, u64)| {
            ((*pointer).to_owned(), (*text).to_owned(), *bits)
        };
        let expected: Vec<_> = expected.iter().map(owned).collect();
        assert_eq!(strings(json, patterns), expected, "{patterns:?}");
    }
    let root = Places::everything().strings(" \"x\" ", 1).unwrap();
    assert_eq!(
        (root[0].place.clone(), root[0].pointer.as_str()),
        (1..4, "")
    );
    assert_eq!(strings(json, &[""]).len(), 5);
}

#[test]
fn too_many_strings_are_an_error() {
    let json = r#"{"a":["x",{"b":"y"},"z"]}"#;
    assert_eq!(places(&["/a"]).strings(json, 3).unwrap().len(), 3);
    let error = places(&["/a"]).strings(json, 2).unwrap_err();
    assert_eq!(error, StringsError::TooMany { most: 2 });
    let message = "more than 2 strings are at these places; name places that hold fewer";
    assert_eq!(error.to_string(), message);
}

#[test]
fn long_keys_above_many_strings_are_not_repeated_without_end() {
    let json = format!(r#"{{"{}":[{}""]}}"#, "k".repeat(500), r#""","#.repeat(99));
    for pattern in ["/*/*", "/*", ""] {
        assert!(places(&[pattern]).strings(&json, 1_000).is_ok());
        let error = places(&[pattern]).strings(&json, 100).unwrap_err();
        assert_eq!(error, StringsError::LongPointers { most: 100 });
        let message = "the pointers to the strings at these places have more than 100 times \
            256 bytes; name places below shorter keys";
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn within_a_place_there_are_so_many_levels_and_no_more() {
    let nested = |levels: usize, inner: &str| {
        let objects = (levels - 1) / 2;
        let arrays = levels - objects;
        "[".repeat(arrays)
            + &r#"{"k":"#.repeat(objects)
            + inner
            + &"}".repeat(objects)
            + &"]".repeat(arrays)
    };
    // Not counted are those above the place, nor those beside one another.
    let json = |levels: usize, inner: &str| {
        let nested = nested(levels, inner);
        format!(r#"[[{{"a":[{nested},{nested}],"b":[{nested}]}}]]"#)
    };
    let place = places(&["/0/0/a/*", "/0/0/a/*/0"]);
    let deepest = json(Found::LEVELS, "\"x\"");
    assert_eq!(place.strings(&deepest, 9).unwrap().len(), 2);
    for inner in ["\"x\"", "1"] {
        let deeper = json(Found::LEVELS + 1, inner);
        assert_eq!(place.strings(&deeper, 9), Err(StringsError::TooDeep));
    }
    let message = "one of these places holds objects and arrays that are nested deeper than \
        128 levels; name places further down";
    assert_eq!(StringsError::TooDeep.to_string(), message);
}
