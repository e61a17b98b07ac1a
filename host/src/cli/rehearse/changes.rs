//! What is different between two JSON texts, line by line.

use similar::{ChangeTag, TextDiff};
use std::time::Duration;

/// A difference that takes longer to find is found more coarsely.
const PATIENCE: Duration = Duration::from_secs(1);

/// Beyond this depth lines are no longer indented, so that nesting costs no room.
const DEEPEST: usize = 20;

/// The lines that are no longer there, after `-`, and those that are new, after `+`.
pub(super) fn changes(before: &str, after: &str) -> Vec<String> {
    if before == after {
        return Vec::new();
    }
    let (before, after) = (lines(before), lines(after));
    let diff = TextDiff::configure()
        .timeout(PATIENCE)
        .diff_lines(before.as_str(), after.as_str());
    diff.iter_all_changes()
        .filter(|change| change.tag() != ChangeTag::Equal)
        .map(|change| format!("{} {}", change.tag(), change.value().trim_end()))
        .collect()
}

/// A JSON text with each member and element in a line of its own, every other byte as it
/// was: numbers keep their digits, and objects their order.
fn lines(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut rest = json.char_indices().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth.min(DEEPEST)));
    };
    while let Some((start, char)) = rest.next() {
        match char {
            ' ' | '\t' | '\n' | '\r' => {}
            '"' => {
                let mut end = json.len();
                let mut escaped = false;
                for (at, char) in rest.by_ref() {
                    if char == '"' && !escaped {
                        end = at + 1;
                        break;
                    }
                    escaped = char == '\\' && !escaped;
                }
                out.push_str(json.get(start..end).unwrap_or_default());
            }
            '{' | '[' => {
                out.push(char);
                while rest
                    .next_if(|(_, next)| next.is_ascii_whitespace())
                    .is_some()
                {}
                // An empty one stays in its line.
                match rest.next_if(|(_, next)| matches!(next, '}' | ']')) {
                    Some((_, end)) => out.push(end),
                    None => {
                        depth += 1;
                        line(&mut out, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(char);
            }
            ',' => {
                out.push(',');
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            other => out.push(other),
        }
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_member_has_its_line_and_keeps_its_bytes() {
        let json = r#"{"b":1.0, "a" : [ ],"c":[{"x":"{,:\"]\\"},2e5],"d":{}}"#;
        let expected = [
            "{",
            "  \"b\": 1.0,",
            "  \"a\": [],",
            "  \"c\": [",
            "    {",
            "      \"x\": \"{,:\\\"]\\\\\"",
            "    },",
            "    2e5",
            "  ],",
            "  \"d\": {}",
            "}",
            "",
        ];
        assert_eq!(lines(json), expected.join("\n"));
    }

    #[test]
    fn only_what_changed_is_shown() {
        let before = r#"{"input":{"text":"Buenos días"},"n":1.0}"#;
        let after = r#"{ "input": {"text":"Good morning"}, "n": 1.0, "language":"es"}"#;
        let found = changes(before, after);
        assert_eq!(
            found,
            [
                "-     \"text\": \"Buenos días\"",
                "+     \"text\": \"Good morning\"",
                "-   \"n\": 1.0",
                "+   \"n\": 1.0,",
                "+   \"language\": \"es\"",
            ]
        );
        assert!(changes(before, before).is_empty());
        assert!(changes("{\"a\": 1}", "{\"a\":1}").is_empty());
    }

    #[test]
    fn depth_costs_neither_stack_nor_room() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(lines(&deep).len() < 10_000_000);
    }
}
