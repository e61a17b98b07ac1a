//! One level of an object or array: its children as texts.

use crate::scan::{Cursor, Elements, Members};

/// The children of an object or array, each still text.
#[derive(Debug)]
pub(crate) enum Level<'t> {
    Array(Vec<&'t str>),
    /// Keys with their quotes, and values.
    Object(Vec<(&'t str, &'t str)>),
}

impl<'t> Level<'t> {
    /// Splits a text that is known to be JSON; nothing for what has no children.
    pub(crate) fn of(json: &'t str) -> Option<Self> {
        match Cursor::new(json).peek() {
            b'{' => {
                let mut members = Members::of(json);
                let texts = members.by_ref();
                let texts = texts.map(|(key, value)| (key.quoted.text, value.text));
                let object = Self::Object(texts.collect());
                (!members.broken()).then_some(object)
            }
            b'[' => {
                let mut elements = Elements::of(json);
                let texts = elements.by_ref().map(|element| element.text);
                let array = Self::Array(texts.collect());
                (!elements.broken()).then_some(array)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_keep_their_text() {
        let Some(Level::Object(members)) =
            Level::of(" { \"a\\u0062\" : [ 1 ] ,\"\\ud800\":-0.0e+1}")
        else {
            panic!("an object")
        };
        assert_eq!(
            members,
            [("\"a\\u0062\"", "[ 1 ]"), ("\"\\ud800\"", "-0.0e+1")]
        );
        let Some(Level::Array(elements)) = Level::of("[ 1 , {} ]") else {
            panic!("an array")
        };
        assert_eq!(elements, ["1", "{}"]);
        assert!(Level::of("\"text\"").is_none());
    }
}
