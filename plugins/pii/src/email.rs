//! E-mail addresses.

use alloc::vec::Vec;
use core::ops::Range;

use crate::span::Cursor;

/// How long the name at the end of a domain is.
const TOP_LEVEL: core::ops::RangeInclusive<usize> = 2..=24;

/// The places of all addresses, from the first to the last.
///
/// The part before the `@` may be in any script, but not in quotes; the domain has at
/// least one dot and a name at its end.
///
/// Around each `@` no more is looked at than what stands between the one before and
/// the one after it.
pub fn find(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut rest = 0;
    for (at, _) in text.match_indices('@') {
        let before = text.get(rest..at).unwrap_or_default();
        let name = before.len() - before.trim_end_matches(is_in_name).len();
        if name > 0
            && let Some(end) = domain(text, at + 1)
        {
            found.push(at - name..end);
            rest = end;
        }
    }
    found
}

/// Where the longest domain ends that begins here.
fn domain(text: &str, start: usize) -> Option<usize> {
    let mut place = Cursor::new(text, start);
    let mut end = None;
    while let Some(dot) = place.some(1, usize::MAX, is_in_label) {
        let Some(label) = dot.one(|c| c == '.') else {
            break;
        };
        let (least, most) = TOP_LEVEL.into_inner();
        let top_level = label.some(least, most, |c| is_in_label(c) && !c.is_ascii_digit());
        end = top_level.map(Cursor::at).or(end);
        place = label;
    }
    end
}

fn is_in_name(c: char) -> bool {
    !matches!(
        c,
        '@' | '<'
            | '>'
            | '('
            | ')'
            | '['
            | ']'
            | '{'
            | '}'
            | ','
            | ';'
            | ':'
            | '"'
            | '\''
            | '`'
            | '“'
            | '”'
            | '„'
            | '‘'
            | '’'
            | '«'
            | '»'
            | '|'
            | '\\'
            | '/'
    ) && !matches!(c, ' ' | '\t'..='\r')
}

fn is_in_label(c: char) -> bool {
    is_in_name(c) && !matches!(c, '.' | '!' | '?' | '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        find(text).into_iter().map(|place| &text[place]).collect()
    }

    #[test]
    fn addresses_are_found() {
        let cases = [
            (
                "Write to jane.doe+bot@mail.example.co.uk.",
                "jane.doe+bot@mail.example.co.uk",
            ),
            ("<a_b-c@example.com>", "a_b-c@example.com"),
            ("mailto:A.B@EXAMPLE.COM?subject=x", "A.B@EXAMPLE.COM"),
            ("Grüße von jürgen@müller.de!", "jürgen@müller.de"),
            ("\"o@example.org\"", "o@example.org"),
            ("(x@y.io)", "x@y.io"),
            ("用户@例子.公司。", "用户@例子.公司。"),
        ];
        for (text, address) in cases {
            assert_eq!(found(text), [address], "{text}");
        }
        assert_eq!(found("a@b.com,c@d.org;e@f.net").len(), 3);
    }

    #[test]
    fn what_is_no_address_stays() {
        for text in [
            "@jane",
            "5 kg @ 3.50",
            "user@localhost",
            "a@b",
            "x@1.2",
            "@",
            "a @b.com",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
