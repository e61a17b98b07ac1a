//! Access tokens that a key of the issuer's verifies, which Retort fetches.

use super::issuer_trouble::unverifiable;
use super::{accepted, refusal};
use crate::support::{Answer, Host, Issuer, Say, Signer, retort};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// An assistant `a` whose tokens come from this issuer, with further keys of `auth`.
pub(super) fn assistant(issuer: &Issuer, more: &str) -> String {
    let ca = issuer.ca();
    let ca = if ca.exists() {
        format!("ca = '{}', ", ca.display())
    } else {
        String::new()
    };
    format!(
        "[assistants.a]\ntenant = \"t\"\nauth = {{ kind = \"oauth\", jwks = \"{}\", {ca}\
         issuer = \"https://issuer.example.com\", audience = \"retort\", scopes = [\"webhook\"], \
         algorithms = [\"ES256\"], {more} }}\n",
        issuer.url()
    )
}

pub(super) fn call(host: &Host, value: &str) -> Answer {
    host.call("a").header("authorization", value).send()
}

/// The statuses of many calls at once with this value.
pub(super) fn crowd(host: &Host, calls: usize, value: &str) -> Vec<u16> {
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..calls)
            .map(|_| scope.spawn(|| call(host, value).status))
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    })
}

#[test]
fn a_token_is_verified_with_keys_that_are_fetched_once() {
    let signer = Signer::new("one");
    let issuer = Issuer::https(Signer::set(&[&signer]));
    let host = Host::start(&assistant(&issuer, ""));
    for _ in 0..3 {
        accepted(&call(&host, &signer.bearer(json!({}))));
    }
    let unknown = host.call("nobody").header("authorization", "Bearer x");
    let unknown = refusal(&unknown.send());
    let hs256 = "Bearer eyJhbGciOiJIUzI1NiJ9.e30.AAAA";
    let cases: [(String, &str); 11] = [
        (
            signer.bearer(json!({"iss": "https://other.example.com"})),
            "`iss`",
        ),
        (signer.bearer(json!({"iss": Value::Null})), "`iss`"),
        (signer.bearer(json!({"aud": "other"})), "`aud`"),
        (signer.bearer(json!({"scope": "openid"})), "`scope`"),
        (signer.bearer(json!({"exp": Value::Null})), "no `exp`"),
        (signer.bearer(json!({"exp": 1_700_000_000})), "expired"),
        (
            signer.bearer(json!({"nbf": 4_000_000_000_u64})),
            "valid only in",
        ),
        (Signer::new("one").bearer(json!({})), "signature is wrong"),
        (hs256.to_owned(), "algorithm is not ES256"),
        (
            signer.bearer(json!({})).replace("Bearer ", ""),
            "scheme is not Bearer",
        ),
        ("Bearer nonsense".to_owned(), "not a JWT"),
    ];
    for (value, reason) in cases {
        assert_eq!(refusal(&call(&host, &value)), unknown, "{reason}");
        host.logged(&["refused", reason, "assistant=\"a\""]);
    }
    let asked = issuer.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].starts_with("GET /path HTTP/1.1\r\n"), "{asked:?}");
}

#[test]
fn a_new_key_is_fetched_when_a_token_names_it_and_an_old_one_is_forgotten() {
    let (old, new) = (Signer::new("old"), Signer::new("new"));
    let issuer = Issuer::https(Signer::set(&[&old]));
    let host = Host::start(&assistant(&issuer, "retry = \"100ms\""));
    accepted(&call(&host, &old.bearer(json!({}))));
    issuer.say(Signer::set(&[&new]));
    std::thread::sleep(Duration::from_millis(150));
    accepted(&call(&host, &new.bearer(json!({}))));
    assert_eq!(issuer.asked().len(), 2);
    std::thread::sleep(Duration::from_millis(150));
    refusal(&call(&host, &old.bearer(json!({}))));
    host.logged(&["refused", "no key of the issuer's fits"]);
}

#[test]
fn a_crowd_without_keys_makes_one_fetch_and_strangers_make_none() {
    let signer = Signer::new("one");
    let keys = Signer::json(&[&signer]);
    let issuer = Issuer::https(Say::Late(Duration::from_millis(500), 200, keys));
    let host = Host::start(&assistant(&issuer, "retry = \"5m\""));
    let statuses = crowd(&host, 20, &signer.bearer(json!({})));
    assert_eq!(statuses, [200; 20]);
    // Whether their key is a new one, nobody can tell so soon.
    let statuses = crowd(&host, 20, &Signer::new("other").bearer(json!({})));
    assert_eq!(statuses, [503; 20]);
    assert_eq!(issuer.asked().len(), 1);
    // What no key could make good is wrong at once.
    for claims in [json!({"aud": "other"}), json!({"exp": 1_700_000_000})] {
        refusal(&call(&host, &Signer::new("other").bearer(claims)));
    }
    assert_eq!(issuer.asked().len(), 1);
}

#[test]
fn keys_that_are_rotated_twice_are_fetched_twice_and_nobody_good_is_called_wrong() {
    let [first, second, third] = ["first", "second", "third"].map(Signer::new);
    let issuer = Issuer::https(Signer::set(&[&first]));
    let host = Host::start(&assistant(&issuer, "retry = \"2s\""));
    accepted(&call(&host, &first.bearer(json!({}))));
    for signer in [&second, &third] {
        issuer.say(Signer::set(&[signer]));
        // Two fetches have a tenth of `retry` between them. Until then: try again.
        let answers = std::iter::repeat_with(|| call(&host, &signer.bearer(json!({}))));
        let mut statuses = answers.map(|answer| {
            let status = answer.status;
            if status == 503 {
                unverifiable(&answer);
                std::thread::sleep(Duration::from_millis(50));
            }
            status
        });
        let status = statuses.by_ref().take(30).find(|status| *status != 503);
        assert_eq!(status, Some(200), "{}", host.log());
    }
    assert_eq!(issuer.asked().len(), 3);
}

#[test]
fn strangers_do_not_use_up_the_fetches_and_do_not_make_many() {
    let (old, new) = (Signer::new("old"), Signer::new("new"));
    let issuer = Issuer::https(Signer::set(&[&old]));
    let host = Host::start(&assistant(&issuer, "retry = \"3s\""));
    let start = Instant::now();
    accepted(&call(&host, &old.bearer(json!({}))));
    let stranger = || call(&host, &Signer::new("invented").bearer(json!({}))).status;
    // Some of them are told that they are wrong, most that nobody can tell.
    let flood: Vec<_> = (0..200).map(|_| stranger()).collect();
    assert!(flood.contains(&503), "{flood:?}");
    assert!(flood.iter().all(|status| matches!(status, 401 | 503)));
    issuer.say(Signer::set(&[&old, &new]));
    // A good caller with a new key is never called wrong, and gets in within `retry`.
    let good = || call(&host, &new.bearer(json!({}))).status;
    let mut asked = Vec::new();
    while start.elapsed() < Duration::from_secs(20) && asked.last() != Some(&200) {
        asked.push(good());
        asked.extend((asked.last() != Some(&200)).then(|| {
            stranger();
            std::thread::sleep(Duration::from_millis(50));
            503
        }));
    }
    assert_eq!(asked.last(), Some(&200));
    assert!(asked.iter().all(|status| matches!(status, 200 | 503)));
    // Three in advance, one in each three seconds, and the new set.
    let most = 5 + start.elapsed().as_secs() / 3;
    let made = issuer.asked().len() as u64;
    assert!(made <= most, "{made} fetches");
}

#[test]
fn every_algorithm_is_verified_with_keys_from_a_file_that_is_read_again() {
    let table: Value = serde_json::from_str(include_str!("../../tokens/oauth.json")).unwrap();
    let token = |name: &str| {
        let cases = table["cases"].as_array().unwrap();
        let case = cases.iter().find(|case| case["name"] == name).unwrap();
        format!("Bearer {}", case["token"].as_str().unwrap())
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    std::fs::write(&file, table["sets"]["all"].as_str().unwrap()).unwrap();
    let host = Host::start(&format!(
        "[server]\nwatch = \"50ms\"\n[assistants.a]\ntenant = \"t\"\n\
         auth = {{ kind = \"oauth\", jwks = '{}', issuer = \"https://issuer.example.com/\", \
         audience = \"retort\", algorithms = [\"RS256\", \"PS256\", \"ES256\"] }}\n",
        file.display()
    ));
    let names = ["RS256 for long", "PS256 for long", "ES256 for long"];
    for name in names {
        accepted(&call(&host, &token(name)));
    }
    // What is no set is not taken, what is one serves.
    std::fs::write(&file, table["sets"]["symmetric"].as_str().unwrap()).unwrap();
    host.logged(&["the new configuration is not used", "symmetric (`oct`)"]);
    accepted(&call(&host, &token(names[0])));
    std::fs::write(&file, Signer::json(&[&Signer::new("other")])).unwrap();
    host.logged(&["the new configuration serves"]);
    for name in names {
        refusal(&call(&host, &token(name)));
    }
}

#[test]
fn keys_that_were_fetched_outlive_a_reload_without_the_issuer() {
    let signer = Signer::new("one");
    let mut issuer = Issuer::https(Signer::set(&[&signer]));
    let host = Host::start(&assistant(&issuer, ""));
    accepted(&call(&host, &signer.bearer(json!({}))));
    issuer.stop();
    host.signal("HUP");
    host.logged(&["the new configuration serves"]);
    accepted(&call(&host, &signer.bearer(json!({}))));
}

#[test]
fn a_token_with_another_algorithm_is_taken_where_the_configuration_says_so() {
    let host = Host::start(
        "[assistants.a]\ntenant = \"t\"\n\
         auth = { kind = \"jwt\", secrets = [\"env:SECRET\"], algorithms = [\"HS384\", \"HS512\"] }\n\
         [assistants.usual]\ntenant = \"t\"\n\
         auth = { kind = \"jwt\", secrets = [\"env:SECRET\"] }\n",
    );
    for (algorithm, new, usual) in [
        ("HS256", 401, 200),
        ("HS384", 200, 401),
        ("HS512", 200, 401),
    ] {
        let arguments = ["token", "--secret", "env:SECRET", "--algorithm", algorithm];
        let output = retort().args(arguments).output().unwrap();
        let token = String::from_utf8(output.stdout).unwrap();
        let status = |assistant: &str| {
            let call = host.call(assistant).header("authorization", token.trim());
            call.send().status
        };
        assert_eq!((status("a"), status("usual")), (new, usual), "{algorithm}");
    }
    host.logged(&["algorithm is not HS384 or HS512"]);
}
