//! Numbers of payment cards.

use std::ops::Range;

use crate::span;

/// Groups of digits with one space or hyphen between them.
const GROUPS: &str = r"[0-9]+(?:[ \-\u{a0}][0-9]+)*";

/// How many digits a card number has (ISO/IEC 7812).
const LENGTHS: std::ops::RangeInclusive<usize> = 13..=19;

/// How many groups they are written in at most.
const MOST_GROUPS: usize = 6;

pub(crate) fn find(text: &str) -> Vec<Range<usize>> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if digits < *LENGTHS.start() {
        return Vec::new();
    }
    let Some(regex) = span::regex(GROUPS) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for run in regex.find_iter(text) {
        find_in_run(text, run.range(), &mut found);
    }
    found
}

/// Other numbers may stand beside a card number with only a space between, so every
/// sequence of whole groups is tried, the longest at each beginning first.
fn find_in_run(text: &str, run: Range<usize>, found: &mut Vec<Range<usize>>) {
    let groups = groups(text, run);
    let mut first = 0;
    while first < groups.len() {
        let rest = groups.get(first..).unwrap_or_default();
        let card = (1..=rest.len().min(MOST_GROUPS)).rev().find_map(|count| {
            let place = rest.first()?.start..rest.get(count.checked_sub(1)?)?.end;
            let is_card = is_card(text.get(place.clone())?)
                && span::stands_alone(text, &place, span::is_word_or_fraction);
            is_card.then_some((count, place))
        });
        match card {
            Some((count, place)) => {
                found.push(place);
                first += count;
            }
            None => first += 1,
        }
    }
}

fn groups(text: &str, run: Range<usize>) -> Vec<Range<usize>> {
    let digits = text.get(run.clone()).unwrap_or_default();
    let groups = digits.split(|c: char| !c.is_ascii_digit());
    let mut start = run.start;
    let mut ranges = Vec::new();
    for group in groups {
        let end = start + group.len();
        ranges.push(start..end);
        let separator = text.get(end..).and_then(|rest| rest.chars().next());
        start = end + separator.map_or(0, char::len_utf8);
    }
    ranges
}

/// The right number of digits, no zero in front, and Luhn's check digit.
fn is_card(number: &str) -> bool {
    let digits: Vec<u32> = number.chars().filter_map(|c| c.to_digit(10)).collect();
    if !LENGTHS.contains(&digits.len()) || digits.first() == Some(&0) {
        return false;
    }
    let from_the_right = digits.iter().rev().enumerate();
    let sum: u32 = from_the_right
        .map(|(index, digit)| match (index % 2, digit * 2) {
            (0, _) => *digit,
            (_, doubled @ 0..=9) => doubled,
            (_, doubled) => doubled - 9,
        })
        .sum();
    sum.is_multiple_of(10)
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
