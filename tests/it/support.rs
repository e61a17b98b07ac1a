//! What the tests stand on.

mod components;
mod connection;
mod host;
mod http;
mod issuer;
mod redis;
mod services;
mod upstream;

pub(crate) use components::{component, component_text, repository, text_guest};
pub(crate) use connection::{Connection, post, post_body};
pub(crate) use host::{Host, retort};
pub(crate) use http::{Answer, Call};
pub(crate) use issuer::{Issuer, Say, Signer};
pub(crate) use redis::Redis;
pub(crate) use services::{Asked, Cms, Mood, Translator};
pub(crate) use upstream::{Upstream, answer};

/// The secret of the vendor's page, and a token over it without an expiry, which
/// PyJWT made (`tests/tokens/cases.json`, "no exp").
pub(crate) const SECRET: &str = "purple unicorn";

/// The keys of two tenants for the translator, in `TRANSLATOR_KEY` and
/// `OTHER_TRANSLATOR_KEY`.
pub(crate) const TRANSLATOR_KEYS: [&str; 2] = ["first-tenants-key", "second-tenants-key"];

/// The vendor's sample body.
pub(crate) const SAMPLE: &str = include_str!("../payloads/sample.json");

/// A token of the table in `tests/tokens`.
pub(crate) fn token(name: &str) -> String {
    let cases: serde_json::Value =
        serde_json::from_str(include_str!("../tokens/cases.json")).unwrap();
    cases
        .as_array()
        .unwrap()
        .iter()
        .find(|case| case["name"] == name)
        .unwrap_or_else(|| panic!("there is no case {name}"))["headers"][0][1]
        .as_str()
        .unwrap()
        .to_owned()
}
