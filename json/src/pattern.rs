//! Patterns: JSON pointers that name many places.

use std::{fmt, str::FromStr};

use serde::de::{Deserialize, Deserializer, Error as _};

use crate::pointer::{NotAPointer, Pointer, array_index};

/// A JSON pointer (RFC 6901) in which the token `*` stands for every element of an
/// array and every member of an object: `/output/generic/*/text`. The empty pattern
/// is the whole document.
///
/// There is no way to write a member that is called `*` and no other one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    pointer: Pointer,
    tokens: Vec<Token>,
}

/// One level of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// `*`
    Any,
    /// The member with this key, unescaped, or the element with this index.
    Named { key: String, index: Option<usize> },
}

/// Why a text is not a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAPattern {
    /// It is not even a JSON pointer.
    #[error(transparent)]
    NotAPointer(#[from] NotAPointer),
    /// It has more than [`Pattern::MAX_TOKENS`] tokens.
    #[error("a pattern may have at most {} tokens", Pattern::MAX_TOKENS)]
    TooLong,
}

impl Pattern {
    /// How many levels a pattern may lead down, which is how deep this crate goes
    /// into a document that may be hostile.
    pub const MAX_TOKENS: usize = 32;

    /// Checks that `text` is a pattern.
    ///
    /// # Errors
    /// [`NotAPattern`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, NotAPattern> {
        if text.starts_with('/') && text.split('/').skip(1).nth(Self::MAX_TOKENS).is_some() {
            return Err(NotAPattern::TooLong);
        }
        let pointer = Pointer::parse(text)?;
        let tokens = pointer.tokens().map(|token| Token::of(&token)).collect();
        Ok(Self { pointer, tokens })
    }

    /// The pattern's text, as it was parsed.
    pub fn as_str(&self) -> &str {
        self.pointer.as_str()
    }

    /// The tokens from the outermost level down.
    pub(crate) fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Whether each place that `other` can name is one that this pattern can name,
    /// or is inside of one.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let pairs = self.tokens.iter().zip(&other.tokens);
        self.tokens.len() <= other.tokens.len()
            && pairs.into_iter().all(|(own, others)| own.covers(others))
    }
}

impl Token {
    fn of(token: &str) -> Self {
        match token {
            "*" => Self::Any,
            _ => Self::Named {
                key: token.to_owned(),
                index: array_index(token),
            },
        }
    }

    fn covers(&self, other: &Self) -> bool {
        *self == Self::Any || self == other
    }
}

impl FromStr for Pattern {
    type Err = NotAPattern;

    fn from_str(text: &str) -> Result<Self, NotAPattern> {
        Self::parse(text)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// From a string, so that a pattern can be a field of somebody's settings.
impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    #[test]
    fn tokens_are_unescaped_and_a_star_is_any() {
        let named = |key: &str, index| Token::Named {
            key: key.to_owned(),
            index,
        };
        let tokens = [
            named("a/b", None),
            Token::Any,
            named("", None),
            named("~1", None),
            named("10", Some(10)),
            named("010", None),
            named("-", None),
            named("**", None),
        ];
        let text = "/a~1b/*//~01/10/010/-/**";
        assert_eq!(pattern(text).tokens(), tokens);
        assert_eq!(pattern(text).to_string(), text);
        assert!(pattern("").tokens().is_empty());
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        let no_slash = NotAPattern::NotAPointer(NotAPointer::NoSlash);
        assert_eq!(Pattern::parse("*"), Err(no_slash));
        let escape = NotAPattern::NotAPointer(NotAPointer::UnknownEscape);
        assert_eq!(Pattern::parse("/a~"), Err(escape));
        assert!(Pattern::parse(&"/*".repeat(32)).is_ok());
        for tokens in [33, 129] {
            let long = "/a".repeat(tokens);
            assert_eq!(Pattern::parse(&long), Err(NotAPattern::TooLong));
        }
    }
}
