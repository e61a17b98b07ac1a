//! One level of an object or array: its children as texts.

use std::fmt;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

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
        let mut deserializer = serde_json::Deserializer::from_str(json);
        deserializer.deserialize_any(Children).ok()
    }
}

struct Children;

impl<'t> Visitor<'t> for Children {
    type Value = Level<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut array: A) -> Result<Level<'t>, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = array.next_element::<&RawValue>()? {
            elements.push(element.get());
        }
        Ok(Level::Array(elements))
    }

    fn visit_map<A: MapAccess<'t>>(self, mut object: A) -> Result<Level<'t>, A::Error> {
        let mut members = Vec::new();
        while let Some((key, value)) = object.next_entry::<&RawValue, &RawValue>()? {
            members.push((key.get(), value.get()));
        }
        Ok(Level::Object(members))
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
