//! E-mail addresses.

use std::ops::Range;

use crate::span;

/// The part before the `@` may be in any script, but not in quotes; the domain has at
/// least one dot and a name at its end.
const ADDRESS: &str = r#"[^\s@<>()\[\]{},;:"'`“”„‘’«»|\\/]+@(?:[^\s@<>()\[\]{},;:"'`“”„‘’«»|\\/.!?_]+\.)+[^\s@<>()\[\]{},;:"'`“”„‘’«»|\\/.!?_0-9]{2,24}"#;

pub(crate) fn find(text: &str) -> Vec<Range<usize>> {
    if !text.contains('@') {
        return Vec::new();
    }
    let regex = span::regex(ADDRESS);
    let found = regex.map(|regex| span::find(text, &regex, |_, _| true));
    found.unwrap_or_default()
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
