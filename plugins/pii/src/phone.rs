//! Phone numbers.

use alloc::vec::Vec;
use core::ops::{Range, RangeInclusive};

use crate::span::{self, Cursor};

/// The ways in which a phone number shows that it is one. A mere row of digits does not.
const FORMS: [Form; 4] = [
    Form {
        begins: |byte| byte == b'+',
        end: international,
        digits: 7..=17,
    },
    Form {
        begins: |byte| byte == b'0',
        end: international_with_zeros,
        digits: 10..=18,
    },
    Form {
        begins: |byte| matches!(byte, b'(' | b'1'..=b'9'),
        end: north_american,
        digits: 10..=11,
    },
    Form {
        begins: |byte| matches!(byte, b'(' | b'0'),
        end: with_trunk_zero,
        digits: 9..=12,
    },
];

struct Form {
    /// Whether it may begin with this byte.
    begins: fn(u8) -> bool,
    /// Where the longest number of this form ends that begins here. None is longer
    /// than 70 characters, which bounds what the search looks at.
    end: fn(Cursor<'_>) -> Option<Cursor<'_>>,
    /// How many digits are plausible in all.
    digits: RangeInclusive<usize>,
}

/// `+49 (0)30 1234-567`, `+12025550143`.
fn international(start: Cursor<'_>) -> Option<Cursor<'_>> {
    let is_between = |c| matches!(c, ' ' | '\u{a0}' | '(' | ')' | '.' | '/' | '-');
    start
        .one(|c| c == '+')?
        .one(is_one_to_nine)?
        .times(6, 16, |place| digit_after(place, is_between))
}

/// The same with 00, and something between the parts: `0049 30 1234567`.
fn international_with_zeros(start: Cursor<'_>) -> Option<Cursor<'_>> {
    let is_between = |c| matches!(c, ' ' | '\u{a0}' | '(' | ')' | '/' | '-');
    start
        .some(2, 2, |c| c == '0')?
        .one(is_one_to_nine)?
        .some(0, 2, is_digit)?
        .one(|c| matches!(c, ' ' | '\u{a0}' | '/' | '-'))?
        .times(6, 14, |place| digit_after(place, is_between))
}

/// `(202) 555-0143`, `1-202-555-0143`, `202.555.0143`.
fn north_american(start: Cursor<'_>) -> Option<Cursor<'_>> {
    let is_between = |c| matches!(c, ' ' | '.' | '-');
    let start = match start.one(|c| c == '1') {
        Some(after) => after.one(is_between)?,
        None => start,
    };
    let exchange = match start.one(|c| c == '(') {
        Some(area) => three_digits(area)?.one(|c| c == ')')?.maybe(|c| c == ' '),
        None => three_digits(start)?.one(is_between)?,
    };
    three_digits(exchange)?
        .one(is_between)?
        .some(4, 4, is_digit)
}

/// Elsewhere, with the zero for a trunk call: `030/1234567`, `(020) 7946 0958`,
/// `0171-123 45 67`, `01 23 45 67 89`. Two digits in front want five pairs, because
/// dates begin like that as well.
fn with_trunk_zero(start: Cursor<'_>) -> Option<Cursor<'_>> {
    let long_area = || {
        start
            .maybe(|c| c == '(')
            .one(|c| c == '0')?
            .one(is_one_to_nine)?
            .some(1, 4, is_digit)?
            .maybe(|c| c == ')')
            .some(1, 3, |c| matches!(c, ' ' | '\u{a0}' | '/' | '-'))?
            .some(2, 8, is_digit)?
            .times(0, 3, |place| {
                place.one(|c| matches!(c, ' ' | '-'))?.some(2, 5, is_digit)
            })
    };
    let five_pairs = || {
        let first = start.one(|c| c == '0')?.one(is_one_to_nine)?;
        first.times(4, 4, |place| {
            place
                .one(|c| matches!(c, ' ' | '.' | '-'))?
                .some(2, 2, is_digit)
        })
    };
    long_area().or_else(five_pairs)
}

/// The first three digits of a North American area or exchange.
fn three_digits(start: Cursor<'_>) -> Option<Cursor<'_>> {
    start.one(|c| matches!(c, '2'..='9'))?.some(2, 2, is_digit)
}

/// The place after the next digit, with up to three characters before it.
fn digit_after<'t>(place: Cursor<'t>, is_between: impl Fn(char) -> bool) -> Option<Cursor<'t>> {
    // Most often there are none.
    let at_once = place.one(is_digit);
    at_once.or_else(|| place.some(0, 3, is_between)?.one(is_digit))
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

fn is_one_to_nine(c: char) -> bool {
    matches!(c, '1'..='9')
}

/// Fewer digits than any form wants.
const TOO_FEW: usize = 7;

/// The places of all phone numbers, from the first to the last.
pub fn find(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if count_digits(text) >= TOO_FEW {
        for form in &FORMS {
            claim(&mut found, form.find(text));
        }
    }
    found
}

impl Form {
    /// All numbers of this form. Behind what looks like one and is none, the search
    /// goes on one character further, so that nothing hides behind what was refused.
    fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut rest = 0;
        let mut glued = false;
        for (start, byte) in text.bytes().enumerate() {
            // Behind a digit or a letter nothing stands alone.
            let begins = !glued && start >= rest && (self.begins)(byte);
            glued = byte.is_ascii_alphanumeric();
            if begins
                && let Some(end) = (self.end)(Cursor::new(text, start))
                && let place = (start..end.at())
                && self.accepts(text, &place)
            {
                rest = place.end;
                found.push(place);
            }
        }
        found
    }

    fn accepts(&self, text: &str, place: &Range<usize>) -> bool {
        let digits = count_digits(text.get(place.clone()).unwrap_or_default());
        self.digits.contains(&digits) && span::stands_alone(text, place, span::is_part_of_more)
    }
}

/// Adds the places that are still free: the first form to claim a place has it. Both
/// lists are in order, and so is the result.
fn claim(found: &mut Vec<Range<usize>>, mut places: Vec<Range<usize>>) {
    let mut taken = found.iter().peekable();
    places.retain(|place| {
        while taken.next_if(|other| other.end <= place.start).is_some() {}
        taken.peek().is_none_or(|other| place.end <= other.start)
    });
    found.append(&mut places);
    // Two lists in order: the sort only merges them.
    found.sort_by_key(|place| place.start);
}

fn count_digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        find(text).into_iter().map(|place| &text[place]).collect()
    }

    #[test]
    fn numbers_are_found() {
        let cases = [
            ("Call +1 202-555-0143.", "+1 202-555-0143"),
            ("+12025550143", "+12025550143"),
            ("Tel.: +49 (0)30 1234-567, or", "+49 (0)30 1234-567"),
            ("+44 20 7946 0958!", "+44 20 7946 0958"),
            ("0049 30 1234567", "0049 30 1234567"),
            ("(202) 555-0143", "(202) 555-0143"),
            ("1-800-555-0199 is free", "1-800-555-0199"),
            ("202.555.0143", "202.555.0143"),
            ("030/1234567", "030/1234567"),
            ("(020) 7946 0958", "(020) 7946 0958"),
            ("0171-123 45 67", "0171-123 45 67"),
            ("01 23 45 67 89", "01 23 45 67 89"),
            ("phone=202-555-0143;", "202-555-0143"),
            ("a,030/1234567", "030/1234567"),
            ("tel:+1-202-555-0143", "+1-202-555-0143"),
        ];
        for (text, number) in cases {
            assert_eq!(found(text), [number], "{text}");
        }
        assert_eq!(found("202-555-0143 or +44 20 7946 0958").len(), 2);
    }

    #[test]
    fn what_is_no_phone_number_stays() {
        for text in [
            "Order 2025550143 and 12345678",
            "2026-11-23, 23.11.2026, 01/02/2026, 02-03-2026",
            "at 10:15:30 on 2026-11-23T10:15:30",
            "$1,234,567.89 and 1.234.567,89 €",
            "version 1.202.5550143 and v202.555.0143.1",
            "192.168.100.200",
            "#202-555-0143",
            "AB-202-555-0143",
            "2 + 3000000 = 3000002",
            "978-3-16-148410-0",
            "000-3456-7890",
            "555-0143",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
