//! Phone numbers.

use std::ops::Range;

use crate::span;

/// The ways in which a phone number shows that it is one. A mere row of digits does not.
const FORMS: [Form; 4] = [
    // International: `+49 (0)30 1234-567`, `+12025550143`.
    Form {
        pattern: r"\+[1-9](?:[ \u{a0}()./\-]{0,3}[0-9]){6,16}",
        digits: 7..=17,
    },
    // The same with 00, and something between the parts: `0049 30 1234567`.
    Form {
        pattern: r"00[1-9][0-9]{0,2}[ \u{a0}/\-](?:[ \u{a0}()/\-]{0,3}[0-9]){6,14}",
        digits: 10..=18,
    },
    // North America: `(202) 555-0143`, `1-202-555-0143`, `202.555.0143`.
    Form {
        pattern: r"(?:1[ .\-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .\-])[2-9][0-9]{2}[ .\-][0-9]{4}",
        digits: 10..=11,
    },
    // Elsewhere, with the zero for a trunk call: `030/1234567`, `(020) 7946 0958`,
    // `0171-123 45 67`, `01 23 45 67 89`. Two digits in front want five pairs, because
    // dates begin like that as well.
    Form {
        pattern: r"\(?0[1-9][0-9]{1,4}\)?[ \u{a0}/\-]{1,3}[0-9]{2,8}(?:[ \-][0-9]{2,5}){0,3}|0[1-9](?:[ .\-][0-9]{2}){4}",
        digits: 9..=12,
    },
];

struct Form {
    pattern: &'static str,
    /// How many digits are plausible in all.
    digits: std::ops::RangeInclusive<usize>,
}

/// Fewer digits than any form wants.
const TOO_FEW: usize = 7;

pub(crate) fn find(text: &str) -> Vec<Range<usize>> {
    if count_digits(text) < TOO_FEW {
        return Vec::new();
    }
    let mut found: Vec<Range<usize>> = Vec::new();
    for form in FORMS {
        let Some(regex) = span::regex(form.pattern) else {
            continue;
        };
        let places = span::find(text, &regex, |text, place| {
            let digits = count_digits(text.get(place.clone()).unwrap_or_default());
            form.digits.contains(&digits) && span::stands_alone(text, place, is_part_of_more)
        });
        for place in places {
            // The first form to claim a place has it.
            let is_free =
                |other: &Range<usize>| other.end <= place.start || place.end <= other.start;
            if found.iter().all(is_free) {
                found.push(place);
            }
        }
    }
    found.sort_by_key(|place| place.start);
    found
}

/// Whether a character makes a number part of something else: a word, a version, an
/// amount, a reference, a path, a time.
fn is_part_of_more(nearest: char, next: Option<char>) -> bool {
    let next_is = |test: fn(char) -> bool| next.is_some_and(test);
    match nearest {
        '#' | '$' | '€' | '£' | '¥' | '%' => true,
        '-' | '/' => next_is(char::is_alphanumeric),
        ',' | ':' => next_is(|next| next.is_ascii_digit()),
        '.' if next_is(char::is_alphabetic) => true,
        _ => span::is_word_or_fraction(nearest, next),
    }
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
