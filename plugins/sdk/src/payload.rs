//! The body of an assistant's answer, or of a message to it.

use std::borrow::Cow;

use retort_json::{Document, EditError, Kind, Node, Pattern, Places, Pointer};
use serde::{Deserialize, Serialize};

use crate::{Failure, Result};

/// The body of an assistant's answer, of a message to it, or of what is logged, for
/// reading and editing in place.
///
/// It is text until somebody looks inside, and only what is changed is written anew.
/// For edits beyond the items' texts see [`Payload::document_mut`].
#[derive(Debug)]
pub struct Payload<'a> {
    document: Document<'a>,
}

/// One element of the answer's `output.generic`: a text, an image, a list of options, …
#[derive(Debug)]
pub struct Item<'p, 'a> {
    node: Node<'p, 'a>,
}

impl<'a> Payload<'a> {
    pub(crate) fn of_checked(json: &'a str) -> Self {
        Self {
            document: Document::of_checked(json),
        }
    }

    /// The elements of `output.generic`; none where there is no such array.
    pub fn items(&mut self) -> impl Iterator<Item = Item<'_, 'a>> {
        let output = self.document.root().into_member("output");
        let generic = output.and_then(|output| output.into_member("generic"));
        let items = generic.into_iter().flat_map(Node::elements);
        items.map(|node| Item { node })
    }

    /// The value at a JSON pointer such as `/context/global/session_id`, as any type
    /// that does not borrow; nothing where there is no value.
    ///
    /// # Errors
    /// [`Failure::Failed`] if the text is no pointer or the value not of that type.
    pub fn read<T: for<'p> Deserialize<'p>>(&self, pointer: &str) -> Result<Option<T>> {
        let Some(part) = self.document.get(&Pointer::parse(pointer)?) else {
            return Ok(None);
        };
        // The library's message would repeat the value, and failures go into the log.
        part.read().map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Failure::failed(format!(
                "the payload at {pointer:?} is not what the plugin reads (line {line}, column {column} there)"
            ))
        })
    }

    /// The strings at some places, with their JSON pointers, in the payload's order. A
    /// place is a JSON pointer in which `*` stands for any element or member; it means
    /// the string there, or all strings below it. [`write`](Self::write) puts another one
    /// in the place of each.
    ///
    /// # Errors
    /// [`Failure::Failed`] if a place is none.
    pub fn strings(
        &self,
        places: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Vec<(String, String)>> {
        let patterns = places
            .into_iter()
            .map(|place| Pattern::parse(place.as_ref()));
        let places = Places::new(patterns.collect::<Result<_, _>>()?)?;
        let json = self.document.json();
        let found = places.strings(&json, usize::MAX)?;
        let strings = found
            .iter()
            .map(|found| (found.pointer.clone(), found.string().into_owned()));
        Ok(strings.collect())
    }

    /// Puts a value at a JSON pointer such as `/context/skills/x`. Objects on the way
    /// there that are missing or `null` are made; the rest of what is there stays.
    ///
    /// # Errors
    /// [`Failure::Failed`] if the text is no pointer, something else than an object is in
    /// the way, or the value cannot be written as JSON.
    pub fn write<T: Serialize + ?Sized>(&mut self, pointer: &str, value: &T) -> Result<()> {
        let pointer = Pointer::parse(pointer)?;
        let mut root = self.document.root();
        let mut at = Pointer::root();
        for token in pointer.tokens() {
            let parent = root.get(&at);
            if parent.is_none_or(|parent| parent.kind() == Kind::Null) {
                root.insert(&at, &serde_json::Map::new())?;
            }
            at = at.join(&token);
        }
        match root.get_mut(&pointer) {
            Some(mut there) => there.set(value)?,
            None => root.insert(&pointer, value)?,
        }
        Ok(())
    }

    /// The whole payload, for reading.
    pub fn document(&self) -> &Document<'a> {
        &self.document
    }

    /// The whole payload, for editing.
    pub fn document_mut(&mut self) -> &mut Document<'a> {
        &mut self.document
    }
}

impl<'p, 'a> Item<'p, 'a> {
    /// The item's `response_type`, for instance `text`; nothing where it has none.
    pub fn response_type(&mut self) -> Option<String> {
        self.string("response_type")
    }

    /// Whether the item's `response_type` is `text`.
    pub fn is_text(&mut self) -> bool {
        let is_text = |member: Node<'_, '_>| member.part().string().as_deref() == Some("text");
        self.node.member("response_type").is_some_and(is_text)
    }

    /// The item's `text`, whatever its type; nothing where it has none or where it is
    /// not a string. An unpaired half of a surrogate pair, which JSON can write and
    /// Rust cannot, is U+FFFD here.
    pub fn text(&mut self) -> Option<String> {
        self.string("text")
    }

    /// Gives the item another `text`.
    ///
    /// # Errors
    /// [`EditError::Place`] if the item is not an object.
    pub fn set_text(&mut self, text: &str) -> Result<(), EditError> {
        match self.node.member("text") {
            Some(mut member) => member.set(text),
            None => self.node.insert(&Pointer::root().join("text"), text),
        }
    }

    /// The whole item, for reading and editing.
    pub fn node(&mut self) -> &mut Node<'p, 'a> {
        &mut self.node
    }

    fn string(&mut self, key: &str) -> Option<String> {
        let member = self.node.member(key)?;
        member.part().string().map(Cow::into_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYLOAD: &str = r#"{"output": {"generic": [{"response_type": "text", "text": "a\u00e9"},
        {"response_type": "pause", "time": 1.50}, 7, {"text": 8}]}, "context": {"n": 12}}"#;

    #[test]
    fn items_are_the_elements_of_generic() {
        let mut payload = Payload::of_checked(PAYLOAD);
        let seen: Vec<_> = payload
            .items()
            .map(|mut item| (item.is_text(), item.response_type(), item.text()))
            .collect();
        let type_of = |name: &str| Some(name.to_owned());
        assert_eq!(
            seen,
            [
                (true, type_of("text"), Some("aé".to_owned())),
                (false, type_of("pause"), None),
                (false, None, None),
                (false, None, None),
            ]
        );
        assert!(payload.document().changed().is_none());
        for none in [
            "{}",
            "[]",
            r#"{"output":[]}"#,
            r#"{"output":{"generic":"x"}}"#,
        ] {
            assert_eq!(Payload::of_checked(none).items().count(), 0, "{none}");
        }
    }

    #[test]
    fn a_text_is_set_or_added() {
        let mut payload = Payload::of_checked(PAYLOAD);
        let results: Vec<_> = payload.items().map(|mut item| item.set_text("b")).collect();
        let failed: Vec<_> = results.iter().map(Result::is_err).collect();
        assert_eq!(failed, [false, false, true, false]);
        let expected = r#"{"output":{"generic":[{"response_type":"text","text":"b"},{"response_type":"pause","time":1.50,"text":"b"},7,{"text":"b"}]},"context":{"n": 12}}"#;
        assert_eq!(payload.document().json(), expected);
    }

    #[test]
    fn any_value_can_be_read() {
        let payload = Payload::of_checked(PAYLOAD);
        assert_eq!(payload.read("/context/n"), Ok(Some(12)));
        assert_eq!(payload.read::<u8>("/context/m"), Ok(None));
        let failure = payload.read::<String>("/context/n").unwrap_err();
        let message = failure.message();
        assert!(
            message.starts_with("the payload at \"/context/n\" is not what")
                && !message.contains("12"),
            "{message}"
        );
        assert!(payload.read::<u8>("context").is_err());
    }

    #[test]
    fn strings_are_found_with_their_places() {
        let mut payload = Payload::of_checked(PAYLOAD);
        let found = payload.strings(["/output/generic/*/text"]).unwrap();
        let text = ("/output/generic/0/text".to_owned(), "aé".to_owned());
        assert_eq!(found, std::slice::from_ref(&text));
        let all = payload.strings(["/output", "/context"]).unwrap();
        assert_eq!(all.len(), 3);
        payload.write(&text.0, "b").unwrap();
        let found = payload.strings(["/output/generic/0/text"]).unwrap();
        assert_eq!(found, [(text.0, "b".to_owned())]);
        assert!(payload.strings(["output"]).is_err());
    }

    #[test]
    fn what_is_missing_on_the_way_is_made() {
        let cases = [
            (
                r#"{"b": 1.0}"#,
                "/a/x y/z",
                r#"{"b":1.0,"a":{"x y":{"z":7}}}"#,
            ),
            (
                r#"{"a":{"x":{"k":[ ]}}}"#,
                "/a/x/z",
                r#"{"a":{"x":{"k":[ ],"z":7}}}"#,
            ),
            (r#"{"a":null}"#, "/a/x", r#"{"a":{"x":7}}"#),
            (r#"{"a":{"x":"old"}}"#, "/a/x", r#"{"a":{"x":7}}"#),
            (r#"{"a":[1,2]}"#, "/a/1", r#"{"a":[1,7]}"#),
        ];
        for (before, pointer, after) in cases {
            let mut payload = Payload::of_checked(before);
            payload.write(pointer, &7).unwrap();
            assert_eq!(payload.document().json(), after);
        }
        for (before, pointer) in [
            (r#"{"a":"x"}"#, "/a/b"),
            (r#"{"a":3}"#, "/a/b/c"),
            ("{}", "a"),
        ] {
            let mut payload = Payload::of_checked(before);
            assert!(payload.write(pointer, &7).is_err(), "{before} {pointer}");
        }
    }
}
