//! Looking for a few members of an object.

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The members of these names; nothing for one that is absent or `null`. `text` begins
/// with an object. Members that nobody knows are passed over, whatever their keys are; a
/// known one that is there twice is an error, because two readers could take different
/// ones.
pub(super) fn members<'t, const N: usize>(
    text: &'t str,
    names: [&'static str; N],
) -> serde_json::Result<[Option<&'t RawValue>; N]> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let (members, is_doubtful) = deserializer.deserialize_map(Members(names))?;
    deserializer.end()?;
    if is_doubtful {
        serde_json::from_str::<IgnoredAny>(text)?;
    }
    Ok(members)
}

struct Members<const N: usize>([&'static str; N]);

impl<'t, const N: usize> Visitor<'t> for Members<N> {
    /// And whether it has to be looked at again: in a key that is read as bytes, the
    /// parser lets control characters pass that are not escaped.
    type Value = ([Option<&'t RawValue>; N], bool);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = self.0.map(|name| (name, false, None));
        let mut is_doubtful = false;
        while let Some(Key(key)) = map.next_key()? {
            is_doubtful |= key.iter().any(u8::is_ascii_control);
            match found.iter_mut().find(|(name, ..)| name.as_bytes() == key) {
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some((name, true, _)) => return Err(A::Error::duplicate_field(name)),
                Some((_, is_there, value)) => {
                    *is_there = true;
                    *value = map.next_value()?;
                }
            }
        }
        Ok((found.map(|(.., value)| value), is_doubtful))
    }
}

/// A key's bytes: one with half a surrogate pair has no characters.
struct Key(Vec<u8>);

impl<'t> Deserialize<'t> for Key {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Key, E> {
                Ok(Key(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}
