//! What stands in the place of something personal: `[KIND-SECRET]`, such as
//! `[email-1f3a…]`, where the secret is 128 bits that nobody can guess.

use alloc::{format, string::String, vec::Vec};
use core::ops::Range;

/// How many random bytes a token has.
pub const BYTES: usize = 16;

/// How many characters they are written with.
const DIGITS: usize = 2 * BYTES;

/// The kinds of personal data, as tokens call them.
pub const KINDS: [&str; 4] = ["email", "card", "ssn", "phone"];

/// A token of a kind.
pub fn of(kind: &str, random: [u8; BYTES]) -> String {
    let secret = u128::from_be_bytes(random);
    format!("[{kind}-{secret:032x}]")
}

/// Finds what looks like a token.
pub fn find(text: &str) -> Vec<Range<usize>> {
    let begins = text.match_indices('[');
    begins
        .filter_map(|(start, _)| Some(start..end(text, start)?))
        .collect()
}

fn end(text: &str, start: usize) -> Option<usize> {
    let inside = text.get(start + 1..)?;
    let kind = KINDS.into_iter().find(|kind| inside.starts_with(kind))?;
    let secret = inside.get(kind.len()..)?.strip_prefix('-')?;
    let is_secret = secret.get(..DIGITS)?.bytes().all(is_digit);
    let is_whole = secret.get(DIGITS..)?.starts_with(']');
    (is_secret && is_whole).then_some(start + kind.len() + DIGITS + 3)
}

fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn tokens_are_found_where_they_stand() {
        let token = of("email", [0xAB; BYTES]);
        assert_eq!(token, "[email-abababababababababababababababab]");
        let other = of("phone", [0; BYTES]);
        let text = format!("a {token}{other} [[email-x] é");
        let found: Vec<_> = find(&text).into_iter().map(|place| &text[place]).collect();
        assert_eq!(found, vec![&*token, &*other]);
    }

    #[test]
    fn what_is_no_token_is_not_found() {
        let token = of("card", [0x1F; BYTES]);
        for text in [
            "[email]",
            "[card-",
            "[",
            &token[1..],
            &token[..token.len() - 1],
            &token.to_uppercase(),
            &token.replace("card", "name"),
            &token.replace('1', "é"),
            &token.replacen('1', "", 1),
        ] {
            assert!(find(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_token_is_nothing_personal_itself() {
        for byte in 0..=255 {
            for kind in KINDS {
                let token = of(kind, [byte; BYTES]);
                for find in [
                    crate::email::find,
                    crate::card::find,
                    crate::ssn::find,
                    crate::phone::find,
                ] {
                    let text = format!("a {token}: {token}{token}-1");
                    assert!(find(&text).is_empty(), "{text}");
                }
            }
        }
    }
}
