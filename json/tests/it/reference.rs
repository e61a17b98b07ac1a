//! What views mean, said again: slowly, on trees, pattern by pattern.

use std::{fmt, ops::Range};

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, value::RawValue};

use crate::generate::Json;

/// The children of a container as texts, split by serde_json.
#[derive(Debug, PartialEq)]
pub(crate) enum Children<'t> {
    Array(Vec<&'t str>),
    Object(Vec<(&'t str, &'t str)>),
}

/// Splits a JSON text; nothing for scalars.
pub(crate) fn split(json: &str) -> Option<Children<'_>> {
    serde_json::Deserializer::from_str(json)
        .deserialize_any(Split)
        .ok()
}

struct Split;

impl<'t> Visitor<'t> for Split {
    type Value = Children<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut array: A) -> Result<Children<'t>, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = array.next_element::<&RawValue>()? {
            elements.push(element.get());
        }
        Ok(Children::Array(elements))
    }

    fn visit_map<A: MapAccess<'t>>(self, mut object: A) -> Result<Children<'t>, A::Error> {
        let mut members = Vec::new();
        while let Some((key, value)) = object.next_entry::<&RawValue, &RawValue>()? {
            members.push((key.get(), value.get()));
        }
        Ok(Children::Object(members))
    }
}

/// A text as a tree, duplicates, spelling and all.
pub(crate) fn parse(json: &str) -> Json {
    match split(json) {
        None => Json::Scalar(json.trim().to_owned()),
        Some(Children::Array(elements)) => Json::Array(elements.into_iter().map(parse).collect()),
        Some(Children::Object(members)) => {
            let member = |(key, value): (&str, &str)| (key.to_owned(), parse(value));
            Json::Object(members.into_iter().map(member).collect())
        }
    }
}

/// A key's characters; of those with half a surrogate pair, the text, since none of
/// them is written in two ways here.
pub(crate) fn characters(quoted: &str) -> String {
    serde_json::from_str(quoted).unwrap_or_else(|_| quoted.to_owned())
}

/// One step to a value: the token that a pattern would have, and whether it is an
/// index.
type Step = String;

fn tokens(pattern: &str) -> Vec<String> {
    let tokens = pattern.split('/').skip(1);
    tokens
        .map(|token| token.replace("~1", "/").replace("~0", "~"))
        .collect()
}

fn begins_with(pattern: &[String], path: &[Step]) -> bool {
    pattern.len() >= path.len()
        && path
            .iter()
            .zip(pattern)
            .all(|(step, token)| token == "*" || token == step)
}

/// What a set of patterns says of a path.
pub(crate) struct Reach(Vec<Vec<String>>);

impl Reach {
    pub(crate) fn of(patterns: &[String]) -> Self {
        Self(patterns.iter().map(|pattern| tokens(pattern)).collect())
    }

    /// The patterns that end exactly here.
    pub(crate) fn ending(&self, path: &[Step]) -> u64 {
        let ends = |tokens: &Vec<String>| tokens.len() == path.len() && begins_with(tokens, path);
        let bits = self.0.iter().enumerate();
        bits.fold(0, |bits, (bit, tokens)| {
            bits | (u64::from(ends(tokens)) << bit)
        })
    }

    /// The patterns that end here or above.
    pub(crate) fn naming(&self, path: &[Step]) -> u64 {
        let lengths = 0..=path.len();
        lengths.fold(0, |bits, length| bits | self.ending(&path[..length]))
    }

    pub(crate) fn within(&self, path: &[Step]) -> bool {
        self.naming(path) != 0
    }

    pub(crate) fn on_the_way(&self, path: &[Step]) -> bool {
        self.0.iter().any(|tokens| begins_with(tokens, path))
    }
}

fn below(path: &[Step], step: impl ToString) -> Vec<Step> {
    let mut path = path.to_vec();
    path.push(step.to_string());
    path
}

/// What is visible of a value; nothing if none of it is.
pub(crate) fn visible(json: &Json, reads: &Reach, path: &[Step]) -> Option<Json> {
    if reads.within(path) {
        return Some(json.clone());
    }
    if !reads.on_the_way(path) {
        return None;
    }
    match json {
        Json::Scalar(_) => None,
        Json::Array(elements) => {
            let elements = elements.iter().enumerate().map(|(index, element)| {
                let shown = visible(element, reads, &below(path, index));
                shown.unwrap_or_else(|| Json::Scalar("null".to_owned()))
            });
            Some(Json::Array(elements.collect()))
        }
        Json::Object(members) => {
            let members = members.iter().filter_map(|(key, value)| {
                let shown = visible(value, reads, &below(path, characters(key)))?;
                Some((key.clone(), shown))
            });
            Some(Json::Object(members.collect()))
        }
    }
}

/// The meaning of a value in one form: of duplicate keys the last, sorted, numbers
/// and strings in one spelling.
pub(crate) fn meaning(json: &Json) -> Value {
    without(json, &Reach(Vec::new()), &[]).unwrap_or_default()
}

/// The meaning of what is outside of some places; nothing for what is within.
pub(crate) fn without(json: &Json, places: &Reach, path: &[Step]) -> Option<Value> {
    if places.within(path) {
        return None;
    }
    Some(match json {
        Json::Scalar(text) => one_spelling(text),
        Json::Array(elements) => {
            let elements = elements.iter().enumerate();
            let mut elements: Vec<_> = elements
                .map(|(index, element)| without(element, places, &below(path, index)))
                .collect();
            // Elements within the places may come and go at the end.
            while elements.last() == Some(&None) {
                elements.pop();
            }
            let gap = || Value::String("a place".to_owned());
            let elements = elements
                .into_iter()
                .map(|element| element.unwrap_or_else(gap));
            Value::Array(elements.collect())
        }
        Json::Object(members) => {
            let mut object = serde_json::Map::new();
            for (key, value) in members {
                let key = characters(key);
                let path = below(path, &key);
                if let Some(value) = without(value, places, &path) {
                    object.insert(key, value);
                }
            }
            Value::Object(object)
        }
    })
}

fn one_spelling(scalar: &str) -> Value {
    match serde_json::from_str(scalar) {
        // Small numbers are the same if they are the same as floats.
        Ok(Value::Number(number)) if scalar.len() < 10 => number.as_f64().into(),
        Ok(Value::Number(_)) => Value::String(format!("as written: {scalar}")),
        // With half a surrogate pair, whose digits may be in either case.
        Err(_) => Value::String(format!("as written: {}", scalar.to_lowercase())),
        Ok(value) => value,
    }
}

/// Where in a text the outermost values are that are within some places.
pub(crate) fn spans(text: &str, places: &Reach) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    collect_spans(text, text, places, &[], &mut found);
    found
}

fn collect_spans(
    text: &str,
    part: &str,
    places: &Reach,
    path: &[Step],
    found: &mut Vec<Range<usize>>,
) {
    if places.within(path) {
        let start = part.as_ptr().addr() - text.as_ptr().addr();
        found.push(start..start + part.len());
        return;
    }
    match split(part) {
        None => {}
        Some(Children::Array(elements)) => {
            for (index, element) in elements.into_iter().enumerate() {
                collect_spans(text, element, places, &below(path, index), found);
            }
        }
        Some(Children::Object(members)) => {
            for (key, value) in members {
                collect_spans(text, value, places, &below(path, characters(key)), found);
            }
        }
    }
}

/// A text with something else at some places.
pub(crate) fn masked(text: &str, spans: &[Range<usize>]) -> String {
    let mut out = String::new();
    let mut at = 0;
    for span in spans {
        out.push_str(&text[at..span.start]);
        out.push('█');
        at = span.end;
    }
    out + &text[at..]
}

/// A string at a place or in one.
#[derive(Debug, PartialEq)]
pub(crate) struct Text {
    pub(crate) pointer: String,
    pub(crate) quoted: String,
    pub(crate) patterns: u64,
}

/// The strings at the places and in them, in order.
pub(crate) fn strings(json: &Json, places: &Reach, path: &[Step]) -> Vec<Text> {
    match json {
        Json::Scalar(quoted) if quoted.starts_with('"') && places.within(path) => {
            let escaped = |token: &Step| token.replace('~', "~0").replace('/', "~1");
            let pointer = path.iter().map(|token| format!("/{}", escaped(token)));
            vec![Text {
                // The only half of a surrogate pair that is in a key here.
                pointer: pointer
                    .collect::<String>()
                    .replace("\"\\ud800\"", "\u{FFFD}"),
                quoted: quoted.clone(),
                patterns: places.naming(path),
            }]
        }
        Json::Scalar(_) => Vec::new(),
        Json::Array(elements) => {
            let elements = elements.iter().enumerate();
            elements
                .flat_map(|(index, element)| strings(element, places, &below(path, index)))
                .collect()
        }
        Json::Object(members) => members
            .iter()
            .flat_map(|(key, value)| strings(value, places, &below(path, characters(key))))
            .collect(),
    }
}
