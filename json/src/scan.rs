//! A scanner that goes once over a text that is known to be JSON.
//!
//! It allocates nothing, passes over a value without recursion, and looks at no
//! more of a text than it takes to find where values begin and end. A text that is
//! not JSON after all is found to be broken at some place or is read as something
//! else; the scanner comes to an end in any case.

use std::{borrow::Cow, ops::Range};

use memchr::memchr2;

use crate::key;

/// A place in a text, which moves forward.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'j> {
    json: &'j str,
    at: usize,
    broken: bool,
}

/// A piece of a text, and where it stands in it, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span<'j> {
    pub(crate) start: usize,
    pub(crate) text: &'j str,
}

/// The key of a member.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key<'j> {
    /// With its quotes.
    pub(crate) quoted: Span<'j>,
    /// Whether there is a backslash in it.
    escaped: bool,
}

/// The members of an object, in order, duplicates and all.
#[derive(Clone, Debug)]
pub(crate) struct Members<'j> {
    cursor: Cursor<'j>,
    first: bool,
}

/// The elements of an array, in order.
#[derive(Clone, Debug)]
pub(crate) struct Elements<'j> {
    cursor: Cursor<'j>,
    first: bool,
}

impl<'j> Members<'j> {
    /// Those of a text that is an object; none of every other text.
    pub(crate) fn of(json: &'j str) -> Self {
        let mut cursor = Cursor::new(json);
        if !cursor.enter(b'{') {
            cursor.give_up();
        }
        Self {
            cursor,
            first: true,
        }
    }

    /// Whether the iteration ended at something that is not JSON.
    pub(crate) fn broken(&self) -> bool {
        self.cursor.broken
    }
}

impl<'j> Iterator for Members<'j> {
    type Item = (Key<'j>, Span<'j>);

    fn next(&mut self) -> Option<Self::Item> {
        let key = self.cursor.next_member(&mut self.first)?;
        Some((key, self.cursor.value()?))
    }
}

impl<'j> Elements<'j> {
    /// Those of a text that is an array; none of every other text.
    pub(crate) fn of(json: &'j str) -> Self {
        let mut cursor = Cursor::new(json);
        if !cursor.enter(b'[') {
            cursor.give_up();
        }
        Self {
            cursor,
            first: true,
        }
    }

    /// Whether the iteration ended at something that is not JSON.
    pub(crate) fn broken(&self) -> bool {
        self.cursor.broken
    }
}

impl<'j> Iterator for Elements<'j> {
    type Item = Span<'j>;

    fn next(&mut self) -> Option<Span<'j>> {
        if self.cursor.next_element(&mut self.first) {
            self.cursor.value()
        } else {
            None
        }
    }
}

impl<'j> Cursor<'j> {
    pub(crate) fn new(json: &'j str) -> Self {
        Self {
            json,
            at: 0,
            broken: false,
        }
    }

    /// The first byte of what comes next after white space; 0 at the end of the text.
    #[inline]
    pub(crate) fn peek(&mut self) -> u8 {
        while let Some(byte) = self.json.as_bytes().get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return *byte;
            }
            self.at += 1;
        }
        0
    }

    /// Goes into an object (`{`) or array (`[`) if that is what comes next.
    pub(crate) fn enter(&mut self, open: u8) -> bool {
        let enters = self.peek() == open;
        if enters {
            self.at += 1;
        }
        enters
    }

    /// Goes to the next member's value and gives its key. At the end of the object
    /// it goes out and gives nothing. `first` has to be true for an object that was
    /// just entered. The value has to be passed before the next call.
    #[inline]
    pub(crate) fn next_member(&mut self, first: &mut bool) -> Option<Key<'j>> {
        match (self.peek(), std::mem::take(first)) {
            (b'}', _) => {
                self.at += 1;
                return None;
            }
            (b',', false) => self.at += 1,
            (_, true) => {}
            (_, false) => {
                self.give_up();
                return None;
            }
        }
        let key = self.key();
        if key.is_none() {
            self.give_up();
        }
        key
    }

    /// Goes to the next element and says whether there is one. At the end of the
    /// array it goes out. For the rest see [`Self::next_member`].
    #[inline]
    pub(crate) fn next_element(&mut self, first: &mut bool) -> bool {
        match (self.peek(), std::mem::take(first)) {
            (b']', _) => {
                self.at += 1;
                false
            }
            (b',', false) => {
                self.at += 1;
                true
            }
            (_, true) => true,
            (_, false) => {
                self.give_up();
                false
            }
        }
    }

    /// Passes over the value that comes next.
    #[inline]
    pub(crate) fn value(&mut self) -> Option<Span<'j>> {
        let first = self.peek();
        let (bytes, start) = (self.json.as_bytes(), self.at);
        let end = match first {
            b'"' => string_end(bytes, start).map(|(end, _)| end),
            b'{' => container_end(bytes, start, b'{', b'}'),
            b'[' => container_end(bytes, start, b'[', b']'),
            _ => scalar_end(bytes, start),
        };
        let value = end.and_then(|end| self.pass(end));
        if value.is_none() {
            self.give_up();
        }
        value
    }

    #[inline]
    fn key(&mut self) -> Option<Key<'j>> {
        if self.peek() != b'"' {
            return None;
        }
        let (end, escaped) = string_end(self.json.as_bytes(), self.at)?;
        let quoted = self.pass(end)?;
        if self.peek() != b':' {
            return None;
        }
        self.at += 1;
        Some(Key { quoted, escaped })
    }

    /// Goes to `end` and gives what is between.
    #[inline]
    fn pass(&mut self, end: usize) -> Option<Span<'j>> {
        let start = std::mem::replace(&mut self.at, end);
        let text = self.json.get(start..end)?;
        Some(Span { start, text })
    }

    /// Goes to the end of the text, so that nothing more is found.
    fn give_up(&mut self) {
        self.at = self.json.len();
        self.broken = true;
    }
}

impl Span<'_> {
    /// Where it ends, in bytes.
    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    pub(crate) fn range(&self) -> Range<usize> {
        self.start..self.end()
    }
}

impl<'j> Key<'j> {
    /// A key that was found before.
    pub(crate) fn new(quoted: Span<'j>, escaped: bool) -> Self {
        Self { quoted, escaped }
    }

    /// The key's characters, in WTF-8 as [`key::decode`] has it.
    pub(crate) fn characters(&self) -> Cow<'j, [u8]> {
        match self.quoted.text.as_bytes() {
            [b'"', plain @ .., b'"'] if !self.escaped => Cow::Borrowed(plain),
            _ => key::decode(self.quoted.text),
        }
    }

    /// The key's characters if none of them is escaped.
    pub(crate) fn plain(&self) -> Option<&'j str> {
        (!self.escaped).then(|| key::inner(self.quoted.text))?
    }
}

/// Where the string that begins at `start` ends, and whether something in it is
/// escaped.
fn string_end(bytes: &[u8], start: usize) -> Option<(usize, bool)> {
    let mut at = start + 1;
    let mut escaped = false;
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        // Escapes come in rows.
        while bytes.get(at) == Some(&b'\\') {
            escaped = true;
            at += 2;
        }
        if bytes.get(at) == Some(&b'"') {
            return Some((at + 1, escaped));
        }
    }
}

/// Where the object or array that begins at `start` ends. Only brackets of its own
/// kind have to be counted, because those of the other kind come in pairs between.
fn container_end(bytes: &[u8], start: usize, open: u8, close: u8) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = start;
    loop {
        let is_mark = |byte: &u8| *byte == b'"' || *byte == open || *byte == close;
        at += bytes.get(at..)?.iter().position(is_mark)?;
        match bytes.get(at) {
            Some(b'"') => at = string_end(bytes, at)?.0,
            Some(byte) if *byte == open => {
                depth += 1;
                at += 1;
            }
            _ => {
                depth = depth.checked_sub(1)?;
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
    }
}

/// Where a number, `true`, `false` or `null` ends; nothing if it has no byte.
fn scalar_end(bytes: &[u8], start: usize) -> Option<usize> {
    let goes_on = |byte: &&u8| !matches!(**byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\t' | b'\r');
    let length = bytes.get(start..)?.iter().take_while(goes_on).count();
    (length > 0).then_some(start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_elements_are_found_with_their_places() {
        let json = r#" { "a\"\\" : [ "]" , {} ] ,"b":-1.0e+2,"":null}"#;
        let members: Vec<_> = Members::of(json)
            .map(|(key, value)| {
                assert_eq!(json.get(key.quoted.range()), Some(key.quoted.text));
                assert_eq!(json.get(value.range()), Some(value.text));
                (key.characters(), value.text)
            })
            .collect();
        let expected: [(Cow<'_, [u8]>, _); 3] = [
            (Cow::Borrowed(b"a\"\\"), r#"[ "]" , {} ]"#),
            (Cow::Borrowed(b"b"), "-1.0e+2"),
            (Cow::Borrowed(b""), "null"),
        ];
        assert_eq!(members, expected);
        let elements: Vec<_> = Elements::of("[1 ,{\"]\":[]}, \"\\\\\"]")
            .map(|element| element.text)
            .collect();
        assert_eq!(elements, ["1", "{\"]\":[]}", "\"\\\\\""]);
        assert_eq!(Members::of("{ }").count() + Elements::of("[ ]").count(), 0);
    }

    #[test]
    fn what_is_broken_ends_the_iteration() {
        for json in [
            "",
            "1",
            "[]",
            "{",
            "{1:2}",
            "{\"a\"}",
            "{\"a\":",
            "{\"a\":}",
            "{\"a\":1,}",
            "{,\"a\":1}",
            "{\"a\":1 \"b\":2}",
            "{\"a\":[}",
            "{\"a\\\":1}",
            "{\"a",
            "{\"\\",
            "{\"a\":{\"\\",
        ] {
            let mut members = Members::of(json);
            assert!(members.by_ref().count() < 2, "{json}");
            assert!(members.broken(), "{json}");
            assert!(members.next().is_none(), "{json}");
        }
        for json in [
            "", "1", "{}", "[", "[,]", "[1,]", "[1 2]", "[\"", "[[", "[1",
        ] {
            let mut elements = Elements::of(json);
            assert!(elements.by_ref().count() < 2, "{json}");
            assert!(elements.broken(), "{json}");
            assert!(elements.next().is_none(), "{json}");
        }
    }
}
