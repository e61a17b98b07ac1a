//! A translator with the Language Translator's interface, version 3, and a dictionary of
//! a few phrases in Spanish, French, German and English.

use super::{Asked, Reply, Service};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const PHRASES: &str = include_str!("phrases.json");

/// Every language with its phrases, and what they are in English.
type Dictionary = BTreeMap<String, BTreeMap<String, String>>;

/// A running translator, for whoever has its keys.
pub(crate) struct Translator {
    pub(crate) service: Service,
}

impl Translator {
    /// Starts one that takes these keys, as the password of the user `apikey`.
    pub(crate) fn start(keys: &[&str]) -> Self {
        let keys: Vec<_> = keys
            .iter()
            .map(|key| format!("Basic {}", STANDARD.encode(format!("apikey:{key}"))))
            .collect();
        let dictionary: Dictionary = serde_json::from_str(PHRASES).unwrap();
        let service = Service::start(move |asked| {
            let authorization = asked.header("authorization").unwrap_or_default();
            if !keys.iter().any(|key| key == authorization) {
                return error(401, "Unauthorized");
            }
            if asked.method != "POST" {
                return error(405, "Method Not Allowed");
            }
            if asked.query.get("version").is_none_or(String::is_empty) {
                return error(400, "Missing required query parameter: version");
            }
            match asked.path.as_str() {
                "/v3/identify" => identify(asked, &dictionary),
                "/v3/translate" => translate(asked, &dictionary),
                _ => error(404, "Not Found"),
            }
        });
        Self { service }
    }

    /// The bodies of all requests of a path's last part, such as `identify`.
    pub(crate) fn bodies(&self, operation: &str) -> Vec<String> {
        let asked = self.service.asked().into_iter();
        let of_it = asked.filter(|asked| asked.path == format!("/v3/{operation}"));
        of_it.map(|asked| asked.text()).collect()
    }
}

fn error(code: u16, words: &str) -> Reply {
    Reply::new(code).json(&json!({"code": code, "error": words}))
}

/// How much of a text's words are words of each language.
fn identify(asked: &Asked, dictionary: &Dictionary) -> Reply {
    let kind = asked.header("content-type").unwrap_or_default();
    let text = asked.text();
    if !kind.starts_with("text/plain") {
        return error(415, "Unsupported Media Type");
    }
    if text.trim().is_empty() {
        return error(400, "No text provided for language identification");
    }
    let said: BTreeSet<_> = words(&text).collect();
    let english = dictionary.values().flat_map(BTreeMap::values);
    let english = ("en", english.cloned().collect::<Vec<_>>());
    let others = dictionary
        .iter()
        .map(|(name, phrases)| (name.as_str(), phrases.keys().cloned().collect()));
    let mut languages: Vec<_> = others
        .chain([english])
        .map(|(language, phrases)| {
            let known: BTreeSet<_> = phrases.iter().flat_map(|phrase| words(phrase)).collect();
            let hits = said.intersection(&known).count();
            let share = f64::from(u32::try_from(hits).unwrap())
                / f64::from(u32::try_from(said.len().max(1)).unwrap());
            (language, share * 0.98)
        })
        .collect();
    languages.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let languages: Vec<_> = languages
        .iter()
        .map(|(language, confidence)| json!({"language": language, "confidence": confidence}))
        .collect();
    Reply::new(200).json(&json!({ "languages": languages }))
}

fn translate(asked: &Asked, dictionary: &Dictionary) -> Reply {
    let Ok(order) = serde_json::from_slice::<Value>(&asked.body) else {
        return error(400, "The request is not valid JSON");
    };
    let texts: Option<Vec<_>> = order["text"]
        .as_array()
        .map(|texts| texts.iter().filter_map(Value::as_str).collect());
    let Some(texts) = texts.filter(|texts| !texts.is_empty()) else {
        return error(400, "Missing text");
    };
    let (source, target) = (order["source"].as_str(), order["target"].as_str());
    let to_english = match (source, target) {
        (Some(other), Some("en")) if dictionary.contains_key(other) => true,
        (Some("en"), Some(other)) if dictionary.contains_key(other) => false,
        _ => return error(404, "Model not found for the languages specified"),
    };
    let other = if to_english { source } else { target };
    let phrases = &dictionary[other.unwrap_or_default()];
    let translations: Vec<_> = texts
        .iter()
        .map(|text| json!({"translation": in_other_words(text, phrases, to_english)}))
        .collect();
    let characters: usize = texts.iter().map(|text| text.chars().count()).sum();
    let count: usize = texts.iter().map(|text| words(text).count()).sum();
    Reply::new(200).json(&json!({
        "translations": translations,
        "word_count": count,
        "character_count": characters,
    }))
}

/// Translates what it knows, the longest phrases first, and leaves the rest.
fn in_other_words(text: &str, phrases: &BTreeMap<String, String>, to_english: bool) -> String {
    let mut pairs: Vec<_> = phrases
        .iter()
        .map(|(foreign, english)| match to_english {
            true => (foreign, english),
            false => (english, foreign),
        })
        .collect();
    pairs.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
    let mut made = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let at_border = !made.ends_with(char::is_alphanumeric);
        let known = pairs.iter().find(|(from, _)| {
            let after = rest.strip_prefix(from.as_str());
            at_border && after.is_some_and(|after| !after.starts_with(char::is_alphanumeric))
        });
        let taken = match known {
            Some((from, to)) => {
                made.push_str(to);
                from.len()
            }
            None => {
                let next = rest.chars().next().unwrap();
                made.push(next);
                next.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    made
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(|c: char| !c.is_alphabetic());
    parts.filter(|part| !part.is_empty()).map(str::to_lowercase)
}
