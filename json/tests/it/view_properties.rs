//! Properties of what is visible and found at places, against a reference
//! implementation.

use proptest::{prelude::*, sample::Index};
use retort_json::{Document, Node, Pointer, check, check_patch, splice, write_back};

use crate::{
    generate::{Json, any_json, patterns, payload, places, spaces, views},
    guest::written_again,
    reference::{self, Children, Reach},
};

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: 512,
        ..ProptestConfig::default()
    })]

    #[test]
    fn texts_are_split_as_serde_json_does(json in any_json(), spaces in spaces()) {
        let text = json.write(&spaces);
        let mut document = Document::parse(&text).unwrap();
        assert_split_alike(document.root());
    }

    #[test]
    fn what_is_visible_is_what_the_reference_says(
        payload in payload(),
        reads in patterns(),
        spaces in spaces(),
    ) {
        let reach = Reach::of(&reads);
        let expected = reference::visible(&payload, &reach, &[]);
        let expected = expected.unwrap_or(Json::Object(Vec::new())).write(&[]);
        let compact = payload.write(&[]);
        let seen = places(&reads).visible(&compact).into_owned();
        prop_assert_eq!(&seen, &expected);
        let text = payload.write(&spaces);
        let seen = places(&reads).visible(&text).into_owned();
        prop_assert!(check(&seen).is_ok());
        prop_assert_eq!(reference::parse(&seen).write(&[]), expected);
    }

    #[test]
    fn nothing_else_is_visible(payload in payload(), reads in patterns(), spaces in spaces()) {
        let reach = Reach::of(&reads);
        let payload = marked(&payload, &reach, &[]);
        let text = payload.write(&spaces);
        let seen = places(&reads).visible(&text).into_owned();
        prop_assert!(!seen.contains("marker"), "{} {}", text, seen);
    }

    #[test]
    fn strings_are_found_where_they_are(
        payload in payload(),
        patterns in patterns(),
        spaces in spaces(),
    ) {
        let text = payload.write(&spaces);
        let found = places(&patterns).strings(&text, 1_000).unwrap();
        let expected = reference::strings(&payload, &Reach::of(&patterns), &[]);
        let as_expected: Vec<_> = found
            .iter()
            .map(|found| reference::Text {
                pointer: found.pointer.clone(),
                quoted: found.quoted.to_owned(),
                patterns: found.patterns,
            })
            .collect();
        prop_assert_eq!(as_expected, expected);
        for found in &found {
            prop_assert_eq!(&text[found.place.clone()], found.quoted);
        }
        // Without duplicates, which have one pointer together.
        let text = written_again(&payload).write(&spaces);
        let document = Document::parse(&text).unwrap();
        for found in places(&patterns).strings(&text, 1_000).unwrap() {
            if found.pointer.contains('\u{FFFD}') {
                continue;
            }
            let part = document.get(&Pointer::parse(&found.pointer).unwrap()).unwrap();
            prop_assert_eq!(part.json(), found.quoted);
            prop_assert_eq!(part.string().unwrap(), found.string());
        }
    }

    #[test]
    fn strings_are_replaced_and_no_other_byte(
        payload in payload(),
        patterns in patterns(),
        new in any::<String>(),
        spaces in spaces(),
    ) {
        let text = payload.write(&spaces);
        let all = places(&patterns);
        let found = all.strings(&text, 1_000).unwrap();
        let old: Vec<_> = found.iter().map(|found| found.string()).collect();
        for same in [true, false] {
            let edits = found.iter().zip(&old).map(|(found, old)| {
                let characters = if same { old.as_ref() } else { new.as_str() };
                (found.place.clone(), characters)
            });
            let spliced = splice(&text, edits);
            prop_assert!(check(&spliced).is_ok());
            let again = all.strings(&spliced, 1_000).unwrap();
            prop_assert_eq!(again.len(), found.len());
            for (again, old) in again.iter().zip(&old) {
                let expected = if same { old } else { new.as_str() };
                prop_assert_eq!(again.string(), expected);
            }
            let spans = |found: &[retort_json::Found<'_>]| {
                found.iter().map(|found| found.place.clone()).collect::<Vec<_>>()
            };
            prop_assert_eq!(
                reference::masked(&spliced, &spans(&again)),
                reference::masked(&text, &spans(&found))
            );
        }
    }

    #[test]
    fn broken_texts_never_panic(
        payload in payload(),
        (reads, writes) in views(),
        spaces in spaces(),
        cuts in prop::collection::vec((any::<Index>(), any::<Index>(), "[\\[\\]{}\",:\\\\a0ü ]{0,2}"), 3),
    ) {
        let text = payload.write(&spaces);
        let mut broken = Vec::new();
        for (start, length, new) in &cuts {
            let mut characters: Vec<char> = text.chars().collect();
            let start = start.index(characters.len());
            let end = start + length.index((characters.len() - start).min(4) + 1);
            characters.splice(start..end, new.chars());
            broken.push(characters.into_iter().collect::<String>());
        }
        let (reads, writes) = (places(&reads), places(&writes));
        for text in &broken {
            let seen = reads.visible(text).into_owned();
            if let Ok(found) = reads.strings(text, 1_000) {
                let edits = found.iter().map(|found| (found.place.clone(), found.quoted));
                let _ = splice(text, edits);
                found.iter().for_each(|found| drop(found.string()));
            }
            let _ = Document::of_checked(text).root().elements().count();
            let _ = Document::of_checked(text).root().members().count();
            for made in &broken {
                let _ = write_back(text, &seen, made, &writes);
                let _ = write_back(text, made, &seen, &writes);
            }
            let _ = check_patch(text, &writes);
        }
    }
}

/// Puts a marker into every scalar and key of which nothing is visible.
fn marked(json: &Json, reads: &Reach, path: &[String]) -> Json {
    let below = |step: String| [path, &[step]].concat();
    match json {
        Json::Scalar(_) if reads.within(path) => json.clone(),
        Json::Scalar(_) => Json::Scalar("\"marker\"".to_owned()),
        Json::Array(elements) => {
            let elements = elements.iter().enumerate();
            let mark = |(index, element): (usize, &Json)| {
                marked(element, reads, &below(index.to_string()))
            };
            Json::Array(elements.map(mark).collect())
        }
        Json::Object(members) => {
            let mark = |(key, value): &(String, Json)| {
                let path = below(reference::characters(key));
                let shown = reference::visible(value, reads, &path).is_some();
                let key = if shown { key } else { "\"marker\"" };
                (key.to_owned(), marked(value, reads, &path))
            };
            Json::Object(members.iter().map(mark).collect())
        }
    }
}

fn assert_split_alike(node: Node<'_, '_>) {
    let part = node.part();
    let text = part.json().to_owned();
    drop(part);
    let mut node = node;
    match reference::split(&text) {
        None => {
            assert_eq!(
                node.get_mut(&Pointer::root()).unwrap().elements().count(),
                0
            );
            assert_eq!(node.members().count(), 0);
        }
        Some(Children::Array(expected)) => {
            let elements: Vec<_> = node.elements().collect();
            assert_eq!(elements.len(), expected.len());
            for (element, expected) in elements.into_iter().zip(expected) {
                assert_eq!(element.part().json(), expected);
                assert_split_alike(element);
            }
        }
        Some(Children::Object(expected)) => {
            let members: Vec<_> = node.members().collect();
            assert_eq!(members.len(), expected.len());
            for ((_, value), (_, expected)) in members.into_iter().zip(expected) {
                assert_eq!(value.part().json(), expected);
                assert_split_alike(value);
            }
        }
    }
}
