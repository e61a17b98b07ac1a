//! Who is believed, over real HTTP. The table of tokens itself is tested beside the
//! code, against a clock of its own; here stands what a caller can see of it.

mod introspection;
mod issuer_keys;
mod issuer_trouble;
mod replay;

use crate::support::{Answer, Host, SAMPLE, token};

const CONFIG: &str = r#"
[assistants.jwt]
tenant = "t"
auth = { kind = "jwt", secrets = ["env:SECRET", "env:OLD_SECRET"] }

[assistants.strict]
tenant = "t"
auth = { kind = "jwt", secrets = ["env:SECRET"], require_exp = true, leeway = "0s" }

[assistants.stranger]
tenant = "t"
auth = { kind = "jwt", secrets = ["env:OLD_SECRET"] }

[assistants.basic]
tenant = "t"
auth = { kind = "basic", user = "assistant", password = "env:SECRET" }

[assistants.bearer]
tenant = "t"
auth = { kind = "bearer", secrets = ["env:SECRET"] }

[assistants.key]
tenant = "t"
auth = { kind = "api_key", header = "X-Api-Key", secrets = ["env:SECRET", "env:OLD_SECRET"] }

[assistants.open]
tenant = "t"
auth = { kind = "none" }
"#;

/// What a refused caller may see, without what differs in every answer.
#[track_caller]
fn refusal(answer: &Answer) -> (Vec<(String, String)>, serde_json::Value) {
    answer.is_problem(401, "the credentials are missing or wrong");
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| !matches!(name.as_str(), "x-request-id" | "date"));
    let mut body = answer.json();
    body["request_id"] = "".into();
    (headers, body)
}

#[track_caller]
fn accepted(answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.body, SAMPLE.as_bytes());
}

#[test]
fn a_signed_token_is_accepted_in_each_documented_form() {
    let host = Host::start(CONFIG);
    let token = token("no exp");
    for (name, value) in [
        ("authorization", token.clone()),
        ("authorization", format!("Bearer {token}")),
        ("Authorization", format!("bearer {token}")),
        ("authentication", token.clone()),
        ("Authentication", format!("Bearer {token}")),
    ] {
        accepted(&host.call("jwt").header(name, &value).send());
    }
}

#[test]
fn every_refusal_looks_the_same_and_says_its_reason_in_the_log_only() {
    let host = Host::start(CONFIG);
    let good = format!("Bearer {}", token("no exp"));
    let none = token("no exp")
        .split('.')
        .enumerate()
        // {"alg":"none"}
        .map(|(at, part)| if at == 0 { "eyJhbGciOiJub25lIn0" } else { part })
        .collect::<Vec<_>>()
        .join(".");
    let wrong = good.replace('.', ".e");
    let cases: [(&str, &str, Vec<&str>, &str); 11] = [
        (
            "jwt",
            "authorization",
            vec![],
            "the header with the credentials is missing",
        ),
        (
            "jwt",
            "authorization",
            vec![&good, &good],
            "several headers",
        ),
        ("jwt", "authorization", vec!["nonsense"], "malformed"),
        (
            "jwt",
            "authorization",
            vec![&none],
            "algorithm is not HS256",
        ),
        ("jwt", "authorization", vec!["Basic QTpC"], "malformed"),
        (
            "jwt",
            "authorization",
            vec![&wrong],
            "signature is wrong for every configured secret",
        ),
        (
            "strict",
            "authorization",
            vec![&good],
            "no `exp` and the configuration requires it",
        ),
        (
            "stranger",
            "authorization",
            vec![&good],
            "signature is wrong for every configured secret",
        ),
        (
            "basic",
            "authorization",
            vec!["Basic QTpC"],
            "the credentials are wrong",
        ),
        (
            "bearer",
            "authorization",
            vec!["Bearer purple"],
            "the credentials are wrong",
        ),
        (
            "key",
            "x-api-key",
            vec!["purple"],
            "the credentials are wrong",
        ),
    ];
    let unknown = refusal(&host.call("nobody").header("authorization", &good).send());
    host.logged(&["there is no assistant of this name", "reason=\"nobody\""]);
    for (assistant, header, values, reason) in cases {
        let mut call = host.call(assistant);
        for value in values {
            call = call.header(header, value);
        }
        assert_eq!(refusal(&call.send()), unknown, "{reason}");
        host.logged(&["refused", reason, &format!("assistant=\"{assistant}\"")]);
    }
    let both = host
        .call("jwt")
        .header("authorization", &good)
        .header("authentication", &good);
    assert_eq!(refusal(&both.send()), unknown);
    // The body does not matter, and neither does what it claims to be.
    let any = host
        .call("nobody")
        .without_headers()
        .body("nonsense")
        .send();
    assert_eq!(refusal(&any), unknown);
    let log = host.log();
    assert!(
        !log.contains("purple unicorn") && !log.contains(&token("no exp")),
        "{log}"
    );
}

#[test]
fn a_secret_can_be_changed_while_both_are_in_use() {
    let host = Host::start(CONFIG);
    let accepts = |secret: &str| host.call("key").header("x-api-key", secret).send().status;
    assert_eq!(accepts("purple unicorn"), 200);
    assert_eq!(accepts("old secret"), 200);
    assert_eq!(accepts("older secret"), 401);
}

#[test]
fn the_other_kinds_accept_what_they_are_configured_for() {
    let host = Host::start(CONFIG);
    // assistant:purple unicorn
    let pair = "Basic YXNzaXN0YW50OnB1cnBsZSB1bmljb3Ju";
    accepted(&host.call("basic").header("authorization", pair).send());
    accepted(
        &host
            .call("bearer")
            .header("authorization", "Bearer purple unicorn")
            .send(),
    );
    accepted(&host.call("open").send());
    host.logged(&[
        "WARN",
        "anybody can call this webhook",
        "assistant=\"open\"",
    ]);
}
