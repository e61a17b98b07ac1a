//! Numbers of payment cards.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::ops::Range;

use crate::span;

/// How many digits a card number has (ISO/IEC 7812).
const LENGTHS: core::ops::RangeInclusive<usize> = 13..=19;

/// How many groups they are written in at most.
const MOST_GROUPS: usize = 6;

/// The places of all card numbers, from the first to the last.
///
/// Other numbers may stand beside a card number with only a space between, so every
/// sequence of whole groups is tried that has few enough digits, the longest at each
/// beginning first.
pub fn find(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut rest = 0;
    // Groups of digits with one separator between them, from the one that is tried as
    // a card's first, so that each is looked for only once.
    let mut groups = VecDeque::<Range<usize>>::with_capacity(MOST_GROUPS);
    loop {
        while groups.len() < MOST_GROUPS
            && let Some(group) = next_group(text, rest)
            && groups.back().is_none_or(|last| joins(text, last, &group))
        {
            rest = group.end;
            groups.push_back(group);
        }
        let Some(first) = groups.front() else {
            return found;
        };
        if let Some(card) = card(text, first.start, &groups) {
            while groups.front().is_some_and(|group| group.end <= card.end) {
                groups.pop_front();
            }
            found.push(card);
        } else {
            groups.pop_front();
        }
    }
}

/// The first row of digits from a place on.
fn next_group(text: &str, from: usize) -> Option<Range<usize>> {
    let is_digit = u8::is_ascii_digit;
    let rest = text.as_bytes().get(from..)?;
    let start = rest.iter().position(is_digit)?;
    let rest = rest.get(start..)?;
    let length = rest.iter().position(|byte| !is_digit(byte));
    let start = from + start;
    Some(start..start + length.unwrap_or(rest.len()))
}

fn joins(text: &str, last: &Range<usize>, next: &Range<usize>) -> bool {
    let between = text.as_bytes().get(last.end..next.start);
    matches!(between, Some(b" " | b"-" | b"\xC2\xA0"))
}

/// The longest card number that these groups begin with: it has no zero in front and
/// Luhn's check digit. Each digit is looked at once for all the numbers it may be in.
fn card(text: &str, start: usize, groups: &VecDeque<Range<usize>>) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let all: usize = groups.iter().map(ExactSizeIterator::len).sum();
    if all < *LENGTHS.start() || bytes.get(start) == Some(&b'0') {
        return None;
    }
    let mut longest = None;
    let mut digits = 0;
    // With every second digit doubled, such that the last one is not, and is.
    let (mut sum, mut other) = (0, 0);
    for group in groups {
        digits += group.len();
        if digits > *LENGTHS.end() {
            break;
        }
        for byte in bytes.get(group.clone()).unwrap_or_default() {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            let doubled = if digit < 5 { digit * 2 } else { digit * 2 - 9 };
            (sum, other) = (other + digit, sum + doubled);
        }
        if digits >= *LENGTHS.start() && sum.is_multiple_of(10) {
            let place = start..group.end;
            if span::stands_alone(text, &place, span::is_word_or_fraction) {
                longest = Some(place);
            }
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        find(text).into_iter().map(|place| &text[place]).collect()
    }

    #[test]
    fn cards_are_found() {
        let cases = [
            ("4111111111111111", "4111111111111111"),
            ("Visa 4111 1111 1111 1111.", "4111 1111 1111 1111"),
            ("5500-0000-0000-0004,", "5500-0000-0000-0004"),
            ("Amex 3782 822463 10005 ok", "3782 822463 10005"),
            ("4222222222222 has thirteen", "4222222222222"),
            ("6304000000000000000 has nineteen", "6304000000000000000"),
            ("a,4111111111111111;", "4111111111111111"),
            ("card=4111111111111111&x", "4111111111111111"),
            ("4111 1111 1111 1111 123", "4111 1111 1111 1111"),
            ("7 4111 1111 1111 1111 12/29", "4111 1111 1111 1111"),
            (
                "4111\u{a0}1111\u{a0}1111\u{a0}1111",
                "4111\u{a0}1111\u{a0}1111\u{a0}1111",
            ),
        ];
        for (text, card) in cases {
            assert_eq!(found(text), [card], "{text}");
        }
        let two = "4111111111111111 5500000000000004";
        assert_eq!(found(two), ["4111111111111111", "5500000000000004"]);
    }

    #[test]
    fn what_is_no_card_stays() {
        for text in [
            "4111 1111 1111 1112",
            "order 123456789012",
            "0000 0000 0000 0000",
            "id-x4111111111111111",
            "41111111111111111111111",
            "0.4111111111111111",
            "2026-11-23 10:15:30",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
