//! The assistant in the middle: a file of rules.

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use std::path::Path;

/// Rules, of which the first that fits gives the answer.
#[derive(Debug)]
pub(super) struct Canned(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    /// In lower case; nothing fits always.
    when: Option<String>,
    says: Says,
}

#[derive(Debug)]
enum Says {
    /// One text, in which `{text}` stands for what the assistant got.
    Text(String),
    /// JSON text of an object: the `output` of a message response.
    Output(String),
}

/// What the assistant answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// Which rule it is, counted from 1; none where none fits.
    pub(super) rule: Option<usize>,
    /// JSON text of an object.
    pub(super) output: String,
}

impl Canned {
    /// Reads a file of rules.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.display();
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
        Self::parse(&text).with_context(|| format!("{name} is no file of rules"))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Raw {
            when: Option<String>,
            answer: Box<RawValue>,
        }
        let rules: Vec<Raw> = serde_json::from_str(text).context(
            "it has to be an array of objects with `answer` and perhaps `when`; --help has an example",
        )?;
        let rule = |(number, raw): (usize, Raw)| {
            let answer = raw.answer.get();
            let says = match answer.as_bytes().first() {
                Some(b'"') => {
                    let text = serde_json::from_str(answer)
                        .with_context(|| format!("the answer of rule {number}"))?;
                    Says::Text(text)
                }
                Some(b'{') => Says::Output(answer.to_owned()),
                _ => bail!("the answer of rule {number} is neither a text nor an `output` object"),
            };
            Ok(Rule {
                when: raw.when.map(|when| when.to_lowercase()),
                says,
            })
        };
        let rules: anyhow::Result<_> = (1..).zip(rules).map(rule).collect();
        Ok(Self(rules?))
    }

    /// What it answers to a text. Where no rule fits, that is an answer without items.
    pub(super) fn answer(&self, text: &str) -> Answer {
        let lower = text.to_lowercase();
        let fits = |rule: &Rule| rule.when.as_ref().is_none_or(|when| lower.contains(when));
        match (1..).zip(&self.0).find(|(_, rule)| fits(rule)) {
            Some((number, rule)) => Answer {
                rule: Some(number),
                output: rule.says.output(text),
            },
            None => Answer {
                rule: None,
                output: r#"{"generic":[]}"#.to_owned(),
            },
        }
    }
}

impl Says {
    fn output(&self, got: &str) -> String {
        match self {
            Self::Text(text) => {
                let text = text.replace("{text}", got);
                json!({"generic": [{"response_type": "text", "text": text}]}).to_string()
            }
            Self::Output(output) => output.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_fits_answers() {
        let rules = r#"[
            {"when": "Good MORNING", "answer": "Hello \"you\""},
            {"when": "map", "answer": {"generic": [], "n": 1.0}},
            {"when": "morning", "answer": "never"}
        ]"#;
        let canned = Canned::parse(rules).unwrap();
        let hello = canned.answer("well, good morning!");
        assert_eq!(hello.rule, Some(1));
        let text = r#"{"generic":[{"response_type":"text","text":"Hello \"you\""}]}"#;
        assert_eq!(hello.output, text);
        let map = canned.answer("A MAP");
        assert_eq!(map.output, r#"{"generic": [], "n": 1.0}"#);
        let nothing = canned.answer("x");
        assert_eq!(
            (nothing.rule, nothing.output.as_str()),
            (None, r#"{"generic":[]}"#)
        );
        let always = Canned::parse(r#"[{"answer": "You said {text}"}]"#).unwrap();
        let text = r#"{"generic":[{"response_type":"text","text":"You said \"A\""}]}"#;
        assert_eq!(always.answer("\"A\"").output, text);
    }

    #[test]
    fn what_is_no_file_of_rules_is_refused() {
        for (text, words) in [
            ("", "array of objects"),
            ("{}", "array of objects"),
            (r#"[{"when": "a"}]"#, "array of objects"),
            (r#"[{"answer": "a", "then": "b"}]"#, "array of objects"),
            (r#"[{"answer": "a"}, {"answer": 7}]"#, "rule 2 is neither"),
            (r#"[{"answer": ["a"]}]"#, "rule 1 is neither"),
        ] {
            let error = format!("{:#}", Canned::parse(text).unwrap_err());
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
