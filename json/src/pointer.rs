//! JSON pointers (RFC 6901).

use std::{borrow::Cow, fmt, str::FromStr};

use serde::de::{Deserialize, Deserializer, Error as _};

/// A JSON pointer: `""` for the whole document, else `/` and a token for each
/// level, with `~0` for `~` and `~1` for `/` inside a token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pointer(String);

/// Why a text is not a JSON pointer that this crate follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAPointer {
    /// It is neither empty nor does it begin with `/`.
    #[error("a JSON pointer is empty or begins with `/`")]
    NoSlash,
    /// A `~` that is followed by neither `0` nor `1`.
    #[error("in a JSON pointer `~` is written `~0`, and no other escape exists but `~1` for `/`")]
    UnknownEscape,
    /// It has more than [`Pointer::MAX_TOKENS`] tokens.
    #[error("a JSON pointer may have at most {} tokens", Pointer::MAX_TOKENS)]
    TooLong,
}

impl Pointer {
    /// How many levels a pointer may lead down. No honest pointer comes near,
    /// and the bound keeps the cost of following a dishonest one small.
    pub const MAX_TOKENS: usize = 128;

    /// Checks that `text` is a pointer.
    ///
    /// # Errors
    /// [`NotAPointer`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, NotAPointer> {
        if !text.is_empty() && !text.starts_with('/') {
            return Err(NotAPointer::NoSlash);
        }
        if text.bytes().filter(|byte| *byte == b'/').count() > Self::MAX_TOKENS {
            return Err(NotAPointer::TooLong);
        }
        let mut escapes = text.split('~').skip(1);
        if !escapes.all(|rest| rest.starts_with(['0', '1'])) {
            return Err(NotAPointer::UnknownEscape);
        }
        Ok(Self(text.to_owned()))
    }

    /// The pointer to the whole document.
    pub fn root() -> Self {
        Self::default()
    }

    /// The pointer's text, as it was parsed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tokens from the outermost level down, unescaped.
    pub fn tokens(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.0.split('/').skip(1).map(unescape)
    }

    /// This pointer with one more level.
    #[must_use]
    pub fn join(&self, token: &str) -> Self {
        let escaped = token.replace('~', "~0").replace('/', "~1");
        Self(format!("{}/{escaped}", self.0))
    }

    /// The pointer to the parent and the last token; nothing for the root.
    pub(crate) fn split_last(&self) -> Option<(Self, Cow<'_, str>)> {
        let (parent, last) = self.0.rsplit_once('/')?;
        Some((Self(parent.to_owned()), unescape(last)))
    }

    /// Whether `other` is a place inside the place of this pointer. Comparing the
    /// escaped texts will do, because every token has only one of them.
    pub(crate) fn encloses(&self, other: &Self) -> bool {
        let rest = other.0.strip_prefix(&self.0);
        rest.is_some_and(|rest| rest.starts_with('/'))
    }
}

fn unescape(token: &str) -> Cow<'_, str> {
    if token.contains('~') {
        // In this order, so that `~01` becomes `~1` and not `/`.
        Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(token)
    }
}

/// The position that a token means in an array: digits without leading zeros.
pub(crate) fn array_index(token: &str) -> Option<usize> {
    let plain = token.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = token.len() > 1 && token.starts_with('0');
    (plain && !leading_zero)
        .then(|| token.parse().ok())
        .flatten()
}

impl FromStr for Pointer {
    type Err = NotAPointer;

    fn from_str(text: &str) -> Result<Self, NotAPointer> {
        Self::parse(text)
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// From a string, so that a pointer can be a field of somebody's settings.
impl<'de> Deserialize<'de> for Pointer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_unescaped() {
        let pointer = Pointer::parse("/a~1b//~01/é").unwrap();
        let tokens: Vec<_> = pointer.tokens().collect();
        assert_eq!(tokens, ["a/b", "", "~1", "é"]);
        assert_eq!(Pointer::root().tokens().count(), 0);
        let same = Pointer::root().join("a/b").join("").join("~1").join("é");
        assert_eq!(same, pointer);
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        assert_eq!(Pointer::parse("a"), Err(NotAPointer::NoSlash));
        assert_eq!(Pointer::parse("/~"), Err(NotAPointer::UnknownEscape));
        assert_eq!(Pointer::parse("/~2"), Err(NotAPointer::UnknownEscape));
        assert!(Pointer::parse(&"/".repeat(128)).is_ok());
        assert_eq!(Pointer::parse(&"/".repeat(129)), Err(NotAPointer::TooLong));
    }

    #[test]
    fn only_plain_digits_are_an_index() {
        assert_eq!(array_index("0"), Some(0));
        assert_eq!(array_index("10"), Some(10));
        for token in ["", "-", "01", "+1", "1e0", "99999999999999999999999"] {
            assert_eq!(array_index(token), None, "{token}");
        }
    }

    #[test]
    fn a_place_encloses_what_is_below_it() {
        let place = |text| Pointer::parse(text).unwrap();
        assert!(place("/a").encloses(&place("/a/b")));
        assert!(place("").encloses(&place("/a")));
        assert!(!place("/a").encloses(&place("/ab")));
        assert!(!place("/a").encloses(&place("/a")));
    }
}
