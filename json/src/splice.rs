//! Putting other strings into a text.

use std::ops::Range;

/// The text with other strings at some places: each edit is a place, in bytes, and
/// the characters of the JSON string that comes there. Everything else keeps its
/// bytes.
///
/// The places have to be in ascending order and must not overlap; an edit that does
/// not keep to that, or whose place is not one of this text, is left out.
#[must_use]
pub fn splice<'c, E>(json: &str, edits: E) -> String
where
    E: IntoIterator<Item = (Range<usize>, &'c str), IntoIter: Clone>,
{
    const QUOTES: usize = 2;
    let edits = edits.into_iter();
    let (mut less, mut more) = (0_usize, 0_usize);
    for (place, characters) in edits.clone() {
        less = less.saturating_add(place.len());
        // With some room for what has to be escaped.
        let room = characters.len() / 32 + QUOTES;
        more = more.saturating_add(characters.len()).saturating_add(room);
    }
    let size = json.len().saturating_add(more).saturating_sub(less);
    let mut out = String::with_capacity(size);
    let mut at = 0;
    for (place, characters) in edits {
        if place.start > place.end || !json.is_char_boundary(place.end) {
            continue;
        }
        if let Some(before) = json.get(at..place.start) {
            out.push_str(before);
            push_string(&mut out, characters);
            at = place.end;
        }
    }
    out.push_str(json.get(at..).unwrap_or_default());
    out
}

/// Appends a JSON string with these characters.
fn push_string(out: &mut String, characters: &str) {
    out.push('"');
    let mut rest = characters;
    while let Some((plain, special)) = first_special(rest).and_then(|at| rest.split_at_checked(at))
    {
        out.push_str(plain);
        let mut characters = special.chars();
        if let Some(character) = characters.next() {
            push_escaped(out, character);
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

/// Where the first character is that has to be escaped. Whole chunks are looked at
/// at once, because most have none.
fn first_special(text: &str) -> Option<usize> {
    const CHUNK: usize = 32;
    let is_special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    let (chunks, _) = text.as_bytes().as_chunks::<CHUNK>();
    let is_plain = |chunk: &&[u8; CHUNK]| {
        let any = |found, byte| found | is_special(byte);
        !chunk.iter().fold(false, any)
    };
    let plain = chunks.iter().take_while(is_plain).count() * CHUNK;
    let rest = text.as_bytes().get(plain..)?;
    Some(plain + rest.iter().position(is_special)?)
}

fn push_escaped(out: &mut String, character: char) {
    match character {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        _ => {
            out.push_str("\\u00");
            for shift in [4, 0] {
                let digit = char::from_digit((u32::from(character) >> shift) & 0xf, 16);
                out.extend(digit);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_written_as_serde_json_does() {
        let mut all: String = (0..0x180).filter_map(char::from_u32).collect();
        all.push_str(&"plain ".repeat(20));
        all.push_str("\u{1}\"");
        for from in 0..all.chars().count() {
            let text: String = all.chars().skip(from).collect();
            let mut out = String::new();
            push_string(&mut out, &text);
            assert_eq!(out, serde_json::to_string(&text).unwrap(), "{from}");
        }
    }

    #[test]
    fn what_is_between_keeps_its_bytes() {
        let json = r#" ["a" , "b\n",  "ü"]"#;
        let edits = [(2..5, "x\""), (8..13, ""), (16..20, "é")];
        assert_eq!(splice(json, edits), r#" ["x\"" , "",  "é"]"#);
        assert_eq!(splice(json, []), json);
    }

    #[test]
    fn an_edit_at_a_place_that_cannot_be_is_left_out() {
        let json = r#"["ü","b"]"#;
        #[expect(clippy::reversed_empty_ranges, reason = "this is about wrong ranges")]
        for wrong in [0..3, 3..5, 5..4, 10..11, 0..usize::MAX] {
            assert_eq!(splice(json, [(wrong.clone(), "x")]), json, "{wrong:?}");
        }
        assert_eq!(splice(json, [(6..9, "x"), (1..5, "y")]), r#"["ü","x"]"#);
    }
}
