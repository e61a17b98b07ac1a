//! Going through a text that is known to be JSON, from value to value, in one pass
//! and without a stack. If it is not JSON after all, what comes out is parts of it,
//! and the end is reached nevertheless.

use retort_json::{Document, Pointer};
use std::borrow::Cow;

/// What kind of value comes next, as its first byte tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    Array,
    String,
    Number,
    /// `true`, `false` or `null`
    Word,
}

/// A place in a JSON text. Commas, colons and white space are passed on the way.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(json: &'a str) -> Self {
        Self { text: json, at: 0 }
    }

    /// The kind of the value that comes next; nothing at the end.
    pub(super) fn kind(&mut self) -> Option<Kind> {
        Some(match self.peek()? {
            b'{' => Kind::Object,
            b'[' => Kind::Array,
            b'"' => Kind::String,
            b't' | b'f' | b'n' => Kind::Word,
            _ => Kind::Number,
        })
    }

    /// Goes into the object or array that comes next.
    pub(super) fn enter(&mut self) {
        if matches!(self.peek(), Some(b'{' | b'[')) {
            self.at += 1;
        }
    }

    /// Within an object: the next member's key, with its quotes, after which its value
    /// comes; nothing at the object's end, which is passed.
    pub(super) fn key(&mut self) -> Option<&'a str> {
        match self.peek()? {
            b'"' => Some(self.value()),
            _ => {
                // A closing brace, so that the next byte begins a character.
                self.at += 1;
                None
            }
        }
    }

    /// Within an array: whether another element comes; its end is passed.
    pub(super) fn element(&mut self) -> bool {
        match self.peek() {
            None => false,
            Some(b']' | b'}') => {
                self.at += 1;
                false
            }
            Some(_) => true,
        }
    }

    /// Passes over the value that comes next and returns its text.
    pub(super) fn value(&mut self) -> &'a str {
        let first = self.peek();
        let start = self.at;
        match first {
            Some(b'"') => self.pass_string(),
            Some(b'{' | b'[') => self.pass_container(),
            _ => self.pass_until(|byte| {
                matches!(
                    byte,
                    b',' | b':' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r'
                )
            }),
        }
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn peek(&mut self) -> Option<u8> {
        let rest = self.rest();
        let passed = rest
            .iter()
            .position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':'))
            .unwrap_or(rest.len());
        self.at += passed;
        self.rest().first().copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn pass_until(&mut self, wanted: impl Fn(u8) -> bool) {
        let rest = self.rest();
        self.at += find(rest, wanted).unwrap_or(rest.len());
    }

    fn pass_string(&mut self) {
        self.at += 1;
        loop {
            self.pass_until(|byte| matches!(byte, b'"' | b'\\'));
            match self.rest().first() {
                Some(b'\\') => self.at += 2,
                Some(_) => {
                    self.at += 1;
                    return;
                }
                None => {
                    self.at = self.text.len();
                    return;
                }
            }
        }
    }

    fn pass_container(&mut self) {
        let mut open = 0_usize;
        loop {
            self.pass_until(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']'));
            match self.rest().first() {
                None => return,
                Some(b'"') => {
                    self.pass_string();
                    continue;
                }
                Some(b'{' | b'[') => open += 1,
                Some(_) => open = open.saturating_sub(1),
            }
            self.at += 1;
            if open == 0 {
                return;
            }
        }
    }
}

/// The members of an object's text: keys with their quotes, and values, as texts.
pub(super) fn members(object: &str) -> Vec<(&str, &str)> {
    let mut cursor = Cursor::new(object);
    let mut members = Vec::new();
    cursor.enter();
    while let Some(key) = cursor.key() {
        members.push((key, cursor.value()));
    }
    members
}

/// The characters of a JSON string, from its text with the quotes. An unpaired half
/// of a surrogate pair is U+FFFD.
pub(super) fn characters(quoted: &str) -> Cow<'_, str> {
    let inner = quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or_default();
    if find(inner.as_bytes(), |byte| byte == b'\\').is_none() {
        return Cow::Borrowed(inner);
    }
    let document = Document::of_checked(quoted);
    let part = document.get(&Pointer::root());
    let characters = part.as_ref().and_then(|part| part.string());
    Cow::Owned(characters.unwrap_or_default().into_owned())
}

/// The first byte that is wanted. Blocks without one are passed as a whole, which the
/// compiler makes vector instructions of.
pub(super) fn find(bytes: &[u8], wanted: impl Fn(u8) -> bool) -> Option<usize> {
    const BLOCK: usize = 32;
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    let clean = |block: &&[u8; BLOCK]| !block.iter().fold(false, |any, byte| any | wanted(*byte));
    let passed = blocks.iter().take_while(clean).count() * BLOCK;
    let rest = bytes.get(passed..)?;
    let found = rest.iter().position(|byte| wanted(*byte))?;
    Some(passed + found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_passed_whole() {
        let mut cursor = Cursor::new(r#" { "a\"}" : [1, {"b":"]"}] , "c":-1.5e3,"d":null } "#);
        assert_eq!(cursor.kind(), Some(Kind::Object));
        cursor.enter();
        assert_eq!(cursor.key(), Some(r#""a\"}""#));
        assert_eq!(cursor.kind(), Some(Kind::Array));
        assert_eq!(cursor.value(), r#"[1, {"b":"]"}]"#);
        assert_eq!(cursor.key(), Some("\"c\""));
        assert_eq!(cursor.kind(), Some(Kind::Number));
        assert_eq!(cursor.value(), "-1.5e3");
        assert_eq!(cursor.key(), Some("\"d\""));
        assert_eq!(cursor.kind(), Some(Kind::Word));
        assert_eq!(cursor.value(), "null");
        assert_eq!(cursor.key(), None);
        assert_eq!(cursor.kind(), None);
    }

    #[test]
    fn elements_come_one_by_one() {
        let mut cursor = Cursor::new("[[], \"x\" ,{}]");
        cursor.enter();
        let mut elements = Vec::new();
        while cursor.element() {
            elements.push(cursor.value());
        }
        assert_eq!(elements, ["[]", "\"x\"", "{}"]);
    }

    #[test]
    fn broken_texts_come_to_an_end() {
        for text in [
            "", "{", "[", "\"", "\"\\", "[}", "{]", "}", "ü", "{ü:1}", "[1 2 ü", "{\"a\"",
        ] {
            let mut cursor = Cursor::new(text);
            cursor.enter();
            for _ in 0..20 {
                cursor.key();
                cursor.value();
                cursor.element();
            }
            assert_eq!(cursor.kind(), None, "{text}");
        }
    }

    #[test]
    fn strings_are_decoded() {
        assert_eq!(characters(r#""plain""#), "plain");
        assert_eq!(characters(r#""a\/\u0062\n""#), "a/b\n");
        assert_eq!(characters(r#""x\ud800y""#), "x\u{FFFD}y");
        assert_eq!(characters("\""), "");
    }

    #[test]
    fn bytes_are_found_in_every_block() {
        for length in [0, 1, 31, 32, 33, 64, 100] {
            let mut bytes = vec![b'a'; length];
            assert_eq!(find(&bytes, |byte| byte == b'x'), None);
            for at in 0..length {
                bytes[at] = b'x';
                assert_eq!(find(&bytes, |byte| byte == b'x'), Some(at));
                bytes[at] = b'a';
            }
        }
    }
}
