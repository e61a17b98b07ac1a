//! What stands around a match. The regular expressions cannot look around.

use std::ops::Range;

use regex_lite::Regex;

/// Compiles one of this crate's expressions; nothing for a wrong one, which the tests
/// would notice.
pub(crate) fn regex(pattern: &str) -> Option<Regex> {
    Regex::new(pattern).ok()
}

/// All places where `regex` matches and `accept` agrees. Where it does not agree, the
/// search goes on one character further, so that nothing hides behind what was refused.
pub(crate) fn find(
    text: &str,
    regex: &Regex,
    accept: impl Fn(&str, &Range<usize>) -> bool,
) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    while let Some(place) = regex.find_at(text, start).map(|found| found.range()) {
        if accept(text, &place) {
            start = place.end;
            found.push(place);
        } else {
            start = after_next(text, place.start);
        }
    }
    found
}

/// Whether a number stands by itself: nothing that touches it belongs to it, where
/// `belongs` sees what is beside it, going away from it.
pub(crate) fn stands_alone(
    text: &str,
    place: &Range<usize>,
    belongs: impl Fn(char, Option<char>) -> bool,
) -> bool {
    let before = text.get(..place.start).unwrap_or_default();
    let after = text.get(place.end..).unwrap_or_default();
    let touches = |beside: &mut dyn Iterator<Item = char>| {
        let nearest = beside.next();
        nearest.is_some_and(|nearest| belongs(nearest, beside.next()))
    };
    !touches(&mut before.chars().rev()) && !touches(&mut after.chars())
}

/// Whether a character makes a number part of a word, a longer number or a fraction. A
/// full stop without a digit behind it only ends a sentence.
pub(crate) fn is_word_or_fraction(nearest: char, next: Option<char>) -> bool {
    let digit_next = next.is_some_and(|next| next.is_ascii_digit());
    nearest.is_alphanumeric() || nearest == '_' || (nearest == '.' && digit_next)
}

fn after_next(text: &str, at: usize) -> usize {
    let next = text.get(at..).and_then(|rest| rest.chars().next());
    at + next.map_or(1, char::len_utf8)
}
