//! HTML's character references, as far as they can disguise a URL.

use std::borrow::Cow;

/// The names that stand for a character that has a part in URLs. Names that stand for
/// letters do not exist.
const NAMES: [(&str, char); 24] = [
    ("amp", '&'),
    ("apos", '\''),
    ("ast", '*'),
    ("bsol", '\\'),
    ("colon", ':'),
    ("comma", ','),
    ("commat", '@'),
    ("equals", '='),
    ("excl", '!'),
    ("gt", '>'),
    ("lbrack", '['),
    ("lowbar", '_'),
    ("lpar", '('),
    ("lt", '<'),
    ("NewLine", '\n'),
    ("num", '#'),
    ("percnt", '%'),
    ("period", '.'),
    ("quest", '?'),
    ("quot", '"'),
    ("rbrack", ']'),
    ("rpar", ')'),
    ("sol", '/'),
    ("Tab", '\t'),
];

/// The text with its character references replaced, once; nothing if it has none.
///
/// All numbers are known, with or without their semicolon, and the names above with it.
/// Tabs and line ends are left out, as a URL is read without them. What may end a
/// URL in its surroundings (white space, quotes and angle brackets) does not do so when
/// it is written like this, and becomes U+FFFD, which can be in no host.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('&');
    let mut decoded = Cow::Borrowed(parts.next()?);
    let mut any = false;
    for part in parts {
        let decoded = decoded.to_mut();
        match reference(part) {
            None => {
                decoded.push('&');
                decoded.push_str(part);
            }
            Some((character, rest)) => {
                any = true;
                decoded.extend(as_within_a_url(character));
                decoded.push_str(rest);
            }
        }
    }
    any.then(|| decoded.into_owned())
}

/// What a reference without its `&` stands for, and what follows it.
fn reference(text: &str) -> Option<(char, &str)> {
    let Some(number) = text.strip_prefix('#') else {
        let named = |(name, _): &&(&str, char)| {
            let rest = text.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(';'))
        };
        let (name, character) = NAMES.iter().find(named)?;
        return Some((*character, text.get(name.len() + 1..)?));
    };
    let (radix, digits) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (16, digits),
        None => (10, number),
    };
    let end = digits.find(|c: char| !c.is_digit(radix));
    let (digits, rest) = digits.split_at_checked(end.unwrap_or(digits.len()))?;
    if digits.is_empty() {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    let code = match significant {
        "" => 0,
        significant => u32::from_str_radix(significant, radix).unwrap_or(0),
    };
    // Zero and what is no character stand for U+FFFD.
    let character = char::from_u32(code).filter(|c| *c != '\0');
    let rest = rest.strip_prefix(';').unwrap_or(rest);
    Some((character.unwrap_or(char::REPLACEMENT_CHARACTER), rest))
}

fn as_within_a_url(character: char) -> Option<char> {
    match character {
        '\t' | '\n' | '\r' => None,
        '"' | '\'' | '`' | '<' | '>' => Some(char::REPLACEMENT_CHARACTER),
        other if other.is_whitespace() => Some(char::REPLACEMENT_CHARACTER),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced() {
        for (text, expected) in [
            ("&#104;ttps&colon;&sol;&sol;", "https://"),
            ("&#x68;&#X3A;&#x0000003a&#58x", "h:::x"),
            ("java&Tab;script&NewLine;&#10;&#13;:", "javascript:"),
            (
                "a&quot;b&#39;c&lt;d&nbsp;&#32;&gt;",
                "a\u{FFFD}b\u{FFFD}c\u{FFFD}d&nbsp;\u{FFFD}\u{FFFD}",
            ),
            (
                "&#0;&#xD800;&#x110000;&#99999999999999999999;",
                "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}",
            ),
            ("&amp;#58;", "&#58;"),
            ("ü&commat;ü&&colon;", "ü@ü&:"),
        ] {
            assert_eq!(decoded(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_texts_have_none() {
        for text in [
            "", "a & b", "&", "&&&", "&colon", "&Colon;", "&#;", "&#x;", "&#xg", "&eacute;", "&ü;",
        ] {
            assert_eq!(decoded(text), None, "{text}");
        }
    }
}
