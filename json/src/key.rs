//! What the text of a JSON string means.

use std::{borrow::Cow, fmt};

use serde::de::{Deserializer, Error, Visitor};

/// The characters of a JSON string, from its text with the quotes, in WTF-8:
/// UTF-8, except that half a surrogate pair, which JSON can write and UTF-8
/// cannot, has its own three bytes. So two keys are the same if these bytes are.
pub(crate) fn decode(quoted: &str) -> Cow<'_, [u8]> {
    match plain(quoted) {
        Some(inner) => Cow::Borrowed(inner.as_bytes()),
        None => {
            let bytes = serde_json::Deserializer::from_str(quoted).deserialize_bytes(Bytes);
            Cow::Owned(bytes.unwrap_or_default())
        }
    }
}

/// The characters of a JSON string, with U+FFFD for each half of a surrogate pair.
pub(crate) fn decode_lossy(quoted: &str) -> Cow<'_, str> {
    let lossy = |bytes: &[u8]| {
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            // Each of the three bytes is a chunk of its own; the first tells.
            if chunk.invalid().first() == Some(&0xED) {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        text
    };
    match plain(quoted) {
        Some(inner) => Cow::Borrowed(inner),
        None => {
            let bytes = decode(quoted).into_owned();
            Cow::Owned(String::from_utf8(bytes).unwrap_or_else(|error| lossy(error.as_bytes())))
        }
    }
}

/// What stands between the quotes, as it stands there.
pub(crate) fn inner(quoted: &str) -> Option<&str> {
    quoted.strip_prefix('"')?.strip_suffix('"')
}

/// The characters of a string in which nothing is escaped.
fn plain(quoted: &str) -> Option<&str> {
    inner(quoted).filter(|inner| memchr::memchr(b'\\', inner.as_bytes()).is_none())
}

/// The text of a JSON string with these characters.
pub(crate) fn encode(characters: &str) -> String {
    // A string always serialises; the empty string is only for the compiler.
    serde_json::to_string(characters).unwrap_or_default()
}

struct Bytes;

impl Visitor<'_> for Bytes {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_characters() {
        assert_eq!(decode(r#""aé\u0041\n\/""#), "aéA\n/".as_bytes());
        assert_eq!(decode(r#""\ud83d\ude00""#), "😀".as_bytes());
        assert!(decode(r#""""#).is_empty());
        assert_eq!(decode(&encode("\"\\\u{1}ü")), "\"\\\u{1}ü".as_bytes());
    }

    #[test]
    fn half_a_surrogate_pair_has_bytes_and_a_replacement() {
        assert_eq!(decode(r#""\ud800""#), decode(r#""\uD800""#));
        assert_ne!(decode(r#""\ud800""#), decode(r#""\ud801""#));
        assert_eq!(decode_lossy(r#""a\ud83d!""#), "a\u{FFFD}!");
        assert_eq!(decode_lossy(r#""\ude00\ud83d""#), "\u{FFFD}\u{FFFD}");
    }
}
