//! Tokens that may come only once.

use super::issuer_keys::{assistant, call, crowd};
use super::{accepted, refusal};
use crate::support::{Host, Issuer, SECRET, Signer};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

fn host(more: &str) -> Host {
    let assistant = |name: &str| {
        format!(
            "[assistants.{name}]\ntenant = \"t\"\n\
             auth = {{ kind = \"jwt\", secrets = [\"env:SECRET\"], replay = \"refuse\", {more} }}\n"
        )
    };
    Host::start(&(assistant("a") + &assistant("b")))
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

fn signed(claims: &Value, secret: &str) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).unwrap()
}

/// A token with these claims, good for a minute.
fn token(mut claims: Value) -> String {
    claims["exp"] = (now() + 60).into();
    signed(&claims, SECRET)
}

#[test]
fn a_token_comes_once() {
    let host = host("");
    for claims in [json!({"jti": "1"}), json!({"iat": now()})] {
        let token = token(claims);
        accepted(&call(&host, &token));
        refusal(&call(&host, &token));
        refusal(&call(&host, &format!("Bearer {token}")));
    }
    host.logged(&["refused", "the token was used before", "assistant=\"a\""]);
    // The same name in another token, and another name.
    refusal(&call(&host, &token(json!({"jti": "1", "sub": "x"}))));
    accepted(&call(&host, &token(json!({"jti": "2"}))));
    // Each assistant has a memory of its own.
    let value = token(json!({"jti": "1"}));
    accepted(&host.call("b").header("authorization", &value).send());
}

#[test]
fn of_many_at_once_one_is_taken() {
    let host = host("");
    let mut statuses = crowd(&host, 20, &token(json!({"jti": "1"})));
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200);
    assert_eq!(statuses[1..], [401; 19]);
}

#[test]
fn a_token_that_cannot_be_told_from_another_is_refused() {
    let host = host("");
    refusal(&call(&host, &token(json!({"sub": "x"}))));
    host.logged(&["refused", "neither `jti` nor `iat`"]);
    refusal(&call(&host, &signed(&json!({"jti": "1"}), SECRET)));
    host.logged(&["refused", "remember it forever"]);
}

#[test]
fn what_was_seen_outlives_a_reload() {
    let host = host("");
    let token = token(json!({"jti": "1"}));
    accepted(&call(&host, &token));
    host.signal("HUP");
    host.logged(&["the new configuration serves"]);
    refusal(&call(&host, &token));
}

#[test]
fn a_memory_that_is_full_refuses_and_forgets_nothing() {
    let host = host("replay_tokens = 2");
    // What is not verified takes no room.
    for jti in 0..5 {
        let claims = json!({"jti": jti.to_string(), "exp": now() + 60});
        refusal(&call(&host, &signed(&claims, "another secret")));
    }
    let tokens = ["1", "2", "3"].map(|jti| token(json!({"jti": jti})));
    accepted(&call(&host, &tokens[0]));
    accepted(&call(&host, &tokens[1]));
    let full = call(&host, &tokens[2]);
    full.is_problem(503, "the credentials cannot be verified now");
    // A minute, and the leeway.
    let seconds: u64 = full.header("retry-after").parse().unwrap();
    assert!((60..=122).contains(&seconds), "{seconds}");
    host.logged(&["the replay guard remembers 2 tokens", "assistant=\"a\""]);
    refusal(&call(&host, &tokens[0]));
}

#[test]
fn an_access_token_comes_once_too_where_the_configuration_says_so() {
    let signer = Signer::new("one");
    let issuer = Issuer::https(Signer::set(&[&signer]));
    let host = Host::start(&assistant(&issuer, "replay = \"refuse\""));
    let bearer = signer.bearer(json!({"jti": "1"}));
    accepted(&call(&host, &bearer));
    refusal(&call(&host, &bearer));
    // Signed again, and thus with another signature: it is known by its name.
    refusal(&call(&host, &signer.bearer(json!({"jti": "1"}))));
    accepted(&call(&host, &signer.bearer(json!({"jti": "2"}))));
}
