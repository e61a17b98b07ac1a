//! Whether a text is JSON, and of which kind.

use std::fmt;

use serde::de::IgnoredAny;

use crate::scan::Cursor;

/// The six kinds of JSON values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// Any number; numbers keep their digits.
    Number,
    /// `true` or `false`
    Boolean,
    /// `null`
    Null,
}

/// Why and where a text is not JSON. Says nothing of the text's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotJson {
    reason: String,
    line: usize,
    column: usize,
}

/// Checks that `text` is exactly one JSON value, white space around it allowed,
/// in one pass without recursion and without building anything.
///
/// # Errors
/// [`NotJson`] with the first place where the text departs from RFC 8259.
pub fn check(text: &str) -> Result<Kind, NotJson> {
    serde_json::from_str::<IgnoredAny>(text).map_err(NotJson::from_serde)?;
    Ok(Kind::of(text))
}

impl Kind {
    /// The kind of a text that is known to be JSON: its first byte decides.
    pub(crate) fn of(json: &str) -> Self {
        match Cursor::new(json).peek() {
            b'{' => Self::Object,
            b'[' => Self::Array,
            b'"' => Self::String,
            b't' | b'f' => Self::Boolean,
            b'n' => Self::Null,
            _ => Self::Number,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Object => "an object",
            Self::Array => "an array",
            Self::String => "a string",
            Self::Number => "a number",
            Self::Boolean => "a boolean",
            Self::Null => "null",
        })
    }
}

/// What RFC 8259 calls white space, which is less than what Unicode does.
pub(crate) const WHITE_SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

impl NotJson {
    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column, in bytes counted from 1; 0 stands for the end of the line before.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What is wrong, without the place: for instance `trailing comma`.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    fn from_serde(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let whole = error.to_string();
        let place = format!(" at line {line} column {column}");
        let reason = whole.strip_suffix(&place).unwrap_or(&whole).to_owned();
        Self {
            reason,
            line,
            column,
        }
    }
}

impl fmt::Display for NotJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            reason,
            line,
            column,
        } = self;
        write!(f, "{reason} at line {line} column {column}")
    }
}

impl std::error::Error for NotJson {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_decides_the_kind() {
        let kinds = [
            (" {}", Kind::Object),
            ("\n[ ]", Kind::Array),
            ("\"\"", Kind::String),
            ("-0.1e-999999", Kind::Number),
            ("false ", Kind::Boolean),
            ("null", Kind::Null),
        ];
        for (text, kind) in kinds {
            assert_eq!(check(text), Ok(kind), "{text}");
        }
    }

    #[test]
    fn the_error_names_the_place_and_never_the_content() {
        let error = check("{\n  \"secret\": 'x'\n}").unwrap_err();
        assert_eq!(error.to_string(), "expected value at line 2 column 13");
        assert_eq!((error.line(), error.column()), (2, 13));
        assert_eq!(error.reason(), "expected value");
        for text in ["", "[1,]", "{}{}", "01", "\"\u{1}\"", "nul", "\u{feff}{}"] {
            assert!(check(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_million_levels_and_half_a_surrogate_pair_are_fine() {
        let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
        assert_eq!(check(&deep), Ok(Kind::Array));
        assert_eq!(check(r#"{"\ud800":"\udfff"}"#), Ok(Kind::Object));
    }
}
