//! US social security numbers, and the taxpayers' numbers that look like them.

use alloc::vec::Vec;
use core::ops::Range;

use crate::span::{self, Cursor};

/// How many characters they have, all of one byte.
const LENGTH: usize = 11;

/// `123-45-6789` or `123 45 6789`. Nine digits in a row may be anything.
pub fn find(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut rest = 0;
    for (start, byte) in text.bytes().enumerate() {
        if start < rest || !byte.is_ascii_digit() {
            continue;
        }
        let place = start..start + LENGTH;
        if number(Cursor::new(text, start)).is_some()
            && span::stands_alone(text, &place, span::is_part_of_more)
            && was_given(text.get(place.clone()).unwrap_or_default())
        {
            rest = place.end;
            found.push(place);
        }
    }
    found
}

fn number(start: Cursor<'_>) -> Option<Cursor<'_>> {
    let is_digit = |c: char| c.is_ascii_digit();
    let area = start.some(3, 3, is_digit)?;
    let separator = area.peek().filter(|c| matches!(c, '-' | ' '))?;
    area.one(|c| c == separator)?
        .some(2, 2, is_digit)?
        .one(|c| c == separator)?
        .some(4, 4, is_digit)
}

/// No part of a number is all zeros, and no area is 666.
fn was_given(number: &str) -> bool {
    let parts = [0..3, 4..6, 7..11].map(|part| number.get(part).unwrap_or_default());
    !parts.contains(&"000")
        && !parts.contains(&"00")
        && !parts.contains(&"0000")
        && !number.starts_with("666")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        find(text).into_iter().map(|place| &text[place]).collect()
    }

    #[test]
    fn numbers_are_found() {
        for (text, number) in [
            ("My SSN is 078-05-1120.", "078-05-1120"),
            ("(219 09 9999)", "219 09 9999"),
            ("ssn:457-55-5462,", "457-55-5462"),
            ("ITIN 912-70-1234", "912-70-1234"),
            ("ä457-55-5462", ""),
            ("1 457-55-5462", "457-55-5462"),
        ] {
            let expected: &[&str] = if number.is_empty() { &[] } else { &[number] };
            assert_eq!(found(text), expected, "{text}");
        }
        assert_eq!(found("457-55-5462 457-55-5463").len(), 2);
    }

    #[test]
    fn what_is_no_number_stays() {
        for text in [
            "000-12-3456",
            "666-12-3456",
            "123-00-4567",
            "123-45-0000",
            "123-45 6789",
            "123456789",
            "1123-45-6789",
            "123-45-67890",
            "123-45-6789-0",
            "A-123-45-6789",
            "123-45-678",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
