//! Issuers that are gone, slow, or say something else than keys.

use super::issuer_keys::{assistant, call, crowd};
use super::{accepted, refusal};
use crate::support::{Answer, Host, Issuer, Say, Signer};
use serde_json::json;
use std::time::{Duration, Instant};

/// What a caller sees whom nobody can verify: that it is not its fault.
#[track_caller]
pub(super) fn unverifiable(answer: &Answer) {
    answer.is_problem(503, "the credentials cannot be verified now");
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=300).contains(&seconds), "{seconds}");
    assert!(!answer.text().contains("127.0.0.1"), "{}", answer.text());
}

#[test]
fn an_issuer_that_is_gone_is_no_fault_of_the_callers() {
    let signer = Signer::new("one");
    let mut issuer = Issuer::https(Signer::set(&[&signer]));
    let host = Host::start(&assistant(&issuer, "retry = \"100ms\""));
    issuer.stop();
    unverifiable(&call(&host, &signer.bearer(json!({}))));
    host.logged(&["WARN", "the issuer's keys could not be fetched", "refused"]);
    host.logged(&[
        "nobody can tell whether the caller is the assistant",
        "assistant=\"a\"",
    ]);
    // What nobody's key could make good is refused all the same.
    refusal(&call(&host, "Bearer nonsense"));
    issuer.resume();
    std::thread::sleep(Duration::from_millis(150));
    accepted(&call(&host, &signer.bearer(json!({}))));
}

#[test]
fn keys_stay_in_use_while_the_issuer_is_gone_and_not_for_longer_than_configured() {
    let (signer, new) = (Signer::new("one"), Signer::new("new"));
    let mut issuer = Issuer::https(Signer::set(&[&signer]));
    let keys = "refresh = \"1s\", retry = \"100ms\"";
    let strict = assistant(&issuer, &format!("{keys}, stale = \"0s\""));
    let both = assistant(&issuer, keys) + &strict.replace("assistants.a", "assistants.strict");
    let host = Host::start(&both);
    let strictly = |host: &Host| {
        let bearer = signer.bearer(json!({}));
        host.call("strict").header("authorization", &bearer).send()
    };
    accepted(&call(&host, &signer.bearer(json!({}))));
    accepted(&strictly(&host));
    issuer.stop();
    std::thread::sleep(Duration::from_millis(2_500));
    accepted(&call(&host, &signer.bearer(json!({}))));
    unverifiable(&strictly(&host));
    // This one may be right: only the issuer could tell.
    unverifiable(&call(&host, &new.bearer(json!({}))));
    issuer.say(Signer::set(&[&new]));
    issuer.resume();
    std::thread::sleep(Duration::from_millis(150));
    accepted(&call(&host, &new.bearer(json!({}))));
    std::thread::sleep(Duration::from_millis(150));
    refusal(&call(&host, &signer.bearer(json!({}))));
}

#[test]
fn an_issuer_that_is_slow_costs_a_bounded_time() {
    let signer = Signer::new("one");
    let issuer = Issuer::https(Say::Silence);
    let short = assistant(&issuer, "timeout = \"300ms\", retry = \"100ms\"");
    let long = assistant(&issuer, "timeout = \"30s\"");
    let long = long.replace("assistants.a]", "assistants.b]\ntimeout = \"1s\"");
    let host = Host::start(&(short + &long));
    let start = Instant::now();
    unverifiable(&call(&host, &signer.bearer(json!({}))));
    host.logged(&["it did not answer within 300 ms"]);
    // The request's own time bounds the wait too, and whoever waits holds up nobody.
    let bearer = signer.bearer(json!({}));
    unverifiable(&host.call("b").header("authorization", &bearer).send());
    host.logged(&["it has not answered in time", "assistant=\"b\""]);
    assert!(start.elapsed() < Duration::from_secs(15));
    issuer.say(Signer::set(&[&signer]));
    std::thread::sleep(Duration::from_millis(150));
    assert_eq!(crowd(&host, 5, &bearer), [200; 5]);
}

#[test]
fn what_is_no_key_set_is_not_believed_and_said_in_the_log() {
    let signer = Signer::new("one");
    let issuer = Issuer::https(Say::Silence);
    // Its target would answer with the keys.
    let other = Issuer::http(Signer::set(&[&signer]));
    let many = format!("{{\"keys\":[{}]}}", ["{}"; 101].join(","));
    let huge = format!("{{\"keys\":[{}]}}", " ".repeat(300 << 10));
    let oct = r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#.to_owned();
    let cases = [
        (Say::Garbage, "cannot be reached"),
        (Say::Endless, "larger than"),
        (Say::Answer(200, huge), "larger than"),
        (Say::Answer(200, "<html>".to_owned()), "not a JSON object"),
        (
            Say::Answer(200, "{\"keys\":[]}".to_owned()),
            "none of its keys",
        ),
        (Say::Answer(200, oct), "symmetric (`oct`)"),
        (Say::Answer(200, many), "101 keys"),
        (Say::Answer(500, Signer::json(&[&signer])), "status 500"),
        (Say::Redirect(other.url()), "status 302"),
    ];
    let host = Host::start(&assistant(&issuer, "timeout = \"10s\", retry = \"100ms\""));
    for (say, reason) in cases {
        issuer.say(say);
        std::thread::sleep(Duration::from_millis(150));
        unverifiable(&call(&host, &signer.bearer(json!({}))));
        host.logged(&["the issuer's keys could not be fetched", reason]);
    }
    assert!(other.asked().is_empty());
    issuer.say(Signer::set(&[&signer]));
    std::thread::sleep(Duration::from_millis(150));
    accepted(&call(&host, &signer.bearer(json!({}))));
}

#[test]
fn an_issuer_whose_certificate_nobody_vouches_for_is_not_asked() {
    let signer = Signer::new("one");
    let issuer = Issuer::https(Signer::set(&[&signer]));
    let other = Issuer::https(Say::Silence);
    let config = assistant(&issuer, "");
    let trusting = |ca: &str| {
        let own = format!("ca = '{}', ", issuer.ca().display());
        assert!(config.contains(&own));
        Host::start(&config.replace(&own, ca))
    };
    for ca in [String::new(), format!("ca = '{}', ", other.ca().display())] {
        let host = trusting(&ca);
        unverifiable(&call(&host, &signer.bearer(json!({}))));
        host.logged(&["the issuer's keys could not be fetched", "certificate"]);
    }
    assert!(issuer.asked().is_empty());
}
