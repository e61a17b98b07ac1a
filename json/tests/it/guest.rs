//! What guests make of what they see.

use proptest::{prelude::*, sample::Index};
use retort_json::Kind;

use crate::{
    generate::{Json, plain_json},
    reference::{self, Reach},
};

/// How a guest changes a value: somewhere, in some way.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    place: Index,
    kind: Kind,
    value: Json,
}

pub(crate) fn changes() -> impl Strategy<Value = Vec<Change>> {
    let kinds = vec![Kind::Null, Kind::Array, Kind::Object, Kind::String];
    let change = (any::<Index>(), prop::sample::select(kinds), plain_json());
    let change = change.prop_map(|(place, kind, value)| Change { place, kind, value });
    prop::collection::vec(change, 0..4)
}

impl Change {
    /// Replaces, removes, inserts or renames, at one of all values.
    pub(crate) fn apply(&self, json: &mut Json) {
        let mut number = self.place.index(count(json));
        let Some(node) = nth(json, &mut number) else {
            return;
        };
        match (node, self.kind) {
            (Json::Array(elements), Kind::Array) => elements.push(self.value.clone()),
            (Json::Array(elements), Kind::Object) => drop(elements.pop()),
            (Json::Object(members), Kind::Array) => {
                members.push(("\"b\"".to_owned(), self.value.clone()));
            }
            (Json::Object(members), Kind::Object) => drop(members.pop()),
            (Json::Object(members), Kind::String) if !members.is_empty() => {
                members[0].0 = "\"new\"".to_owned();
            }
            (node, _) => *node = self.value.clone(),
        }
    }
}

fn count(json: &Json) -> usize {
    1 + match json {
        Json::Scalar(_) => 0,
        Json::Array(elements) => elements.iter().map(count).sum(),
        Json::Object(members) => members.iter().map(|(_, value)| count(value)).sum(),
    }
}

/// The value with this number, the containers before what is in them.
fn nth<'j>(json: &'j mut Json, number: &mut usize) -> Option<&'j mut Json> {
    if *number == 0 {
        return Some(json);
    }
    *number -= 1;
    match json {
        Json::Scalar(_) => None,
        Json::Array(elements) => elements.iter_mut().find_map(|child| nth(child, number)),
        Json::Object(members) => members.iter_mut().find_map(|(_, child)| nth(child, number)),
    }
}

/// The same value as a library would write it that parses everything: without
/// duplicates, other order, other spelling.
pub(crate) fn written_again(json: &Json) -> Json {
    match json {
        Json::Scalar(text) => Json::Scalar(match text.as_str() {
            "1" => "1.0".to_owned(),
            "1.0" => "10e-1".to_owned(),
            "1.50" => "1.5".to_owned(),
            "\"text\"" => "\"\\u0074ext\"".to_owned(),
            "\"\\ud800\"" => "\"\\uD800\"".to_owned(),
            _ => text.clone(),
        }),
        Json::Array(elements) => Json::Array(elements.iter().map(written_again).collect()),
        Json::Object(members) => {
            let mut again: Vec<(String, Json)> = Vec::new();
            for (key, value) in members.iter().rev() {
                let characters = reference::characters(key);
                let same = |(other, _): &(String, Json)| reference::characters(other) == characters;
                if !again.iter().any(same) {
                    again.push((key.clone(), written_again(value)));
                }
            }
            Json::Object(again)
        }
    }
}

/// Replaces each value within some places, and nothing else.
pub(crate) fn set_all(json: &Json, writes: &Reach, value: &str, path: &[String]) -> Json {
    if writes.within(path) {
        return Json::Scalar(value.to_owned());
    }
    let below = |step: String| [path, &[step]].concat();
    match json {
        Json::Scalar(_) => json.clone(),
        Json::Array(elements) => {
            let elements = elements.iter().enumerate();
            let set = |(index, element): (usize, &Json)| {
                set_all(element, writes, value, &below(index.to_string()))
            };
            Json::Array(elements.map(set).collect())
        }
        Json::Object(members) => {
            let set = |(key, child): &(String, Json)| {
                let path = below(reference::characters(key));
                (key.clone(), set_all(child, writes, value, &path))
            };
            Json::Object(members.iter().map(set).collect())
        }
    }
}
