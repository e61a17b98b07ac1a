//! Access tokens about which the issuer is asked.

use super::issuer_keys::{call, crowd};
use super::issuer_trouble::unverifiable;
use super::{accepted, refusal};
use crate::support::{Host, Issuer, Say};
use std::time::Duration;

const ACTIVE: &str = r#"{"active":true,"iss":"https://issuer.example.com","aud":["retort","x"],"scope":"openid webhook"}"#;

fn active() -> Say {
    Say::Answer(200, ACTIVE.to_owned())
}

fn assistant(issuer: &Issuer, more: &str) -> String {
    format!(
        "[assistants.a]\ntenant = \"t\"\nauth = {{ kind = \"oauth\", introspection = {{ url = \"{}\", \
         client = \"re:tort\", secret = \"env:SECRET\" }}, ca = '{}', \
         issuer = \"https://issuer.example.com\", audience = \"retort\", scopes = [\"webhook\"], {more} }}\n",
        issuer.url(),
        issuer.ca().display()
    )
}

#[test]
fn a_token_that_the_issuer_knows_is_accepted_and_asked_about_once() {
    let issuer = Issuer::https(active());
    let host = Host::start(&assistant(&issuer, ""));
    for _ in 0..3 {
        accepted(&call(&host, "Bearer opaque+token/1=="));
    }
    let asked = issuer.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    let lower = asked[0].to_ascii_lowercase();
    assert!(lower.starts_with("post /path http/1.1\r\n"), "{lower}");
    assert!(lower.contains("content-type: application/x-www-form-urlencoded\r\n"));
    assert!(asked[0].ends_with("token=opaque%2Btoken%2F1%3D%3D&token_type_hint=access_token"));
    // re%3Atort:purple+unicorn (RFC 6749, 2.3.1)
    assert!(asked[0].contains("Basic cmUlM0F0b3J0OnB1cnBsZSt1bmljb3Ju\r\n"));
    accepted(&call(&host, "Bearer another"));
    assert_eq!(issuer.asked().len(), 2);
    let log = host.log();
    assert!(!log.contains("opaque") && !log.contains("purple"), "{log}");
}

#[test]
fn what_the_issuer_does_not_vouch_for_is_refused() {
    let issuer = Issuer::https(active());
    let host = Host::start(&assistant(&issuer, ""));
    let cases = [
        (r#"{"active":false}"#.to_owned(), "not active"),
        (ACTIVE.replace("issuer.example", "other.example"), "`iss`"),
        (ACTIVE.replace("\"retort\"", "\"other\""), "`aud`"),
        (ACTIVE.replace("webhook", "other"), "`scope`"),
        (
            ACTIVE.replace("\"active\"", "\"exp\":1700000000,\"active\""),
            "expired",
        ),
    ];
    for (at, (answer, reason)) in cases.into_iter().enumerate() {
        issuer.say(Say::Answer(200, answer));
        refusal(&call(&host, &format!("Bearer bad-{at}")));
        host.logged(&["refused", reason]);
    }
    let asked = issuer.asked().len();
    // This is known meanwhile, and of what can be no token the issuer hears nothing.
    refusal(&call(&host, "Bearer bad-0"));
    for value in ["Bearer a b", "Bearer \"a\"", "Basic YTpi", "Bearer a,b"] {
        refusal(&call(&host, value));
    }
    assert_eq!(issuer.asked().len(), asked);
}

#[test]
fn an_answer_holds_for_its_time_and_no_longer() {
    let issuer = Issuer::https(active());
    let host = Host::start(&assistant(&issuer, "cache = \"1s\""));
    accepted(&call(&host, "Bearer token"));
    issuer.say(Say::Answer(200, r#"{"active":false}"#.to_owned()));
    std::thread::sleep(Duration::from_millis(1_100));
    refusal(&call(&host, "Bearer token"));
    let never = Host::start(&assistant(&issuer, "cache = \"0s\""));
    let asked = issuer.asked().len();
    refusal(&call(&never, "Bearer token"));
    refusal(&call(&never, "Bearer token"));
    assert_eq!(issuer.asked().len(), asked + 2);
}

#[test]
fn the_word_about_one_token_is_no_trouble_of_the_issuers() {
    let issuer = Issuer::https(active());
    let host = Host::start(&assistant(&issuer, ""));
    accepted(&call(&host, "Bearer good"));
    let error = |error: &str| format!(r#"{{"error":"{error}"}}"#);
    for (status, error) in [
        (400, error("unsupported_token_type")),
        (400, error("invalid_request")),
        (400, "<html>".to_owned()),
        (413, String::new()),
        (422, "{}".to_owned()),
    ] {
        issuer.say(Say::Answer(status, error.clone()));
        let token = format!("Bearer about-{status}-{}", error.len());
        refusal(&call(&host, &token));
        host.logged(&["refused", &format!("answered with status {status}")]);
        // It is remembered like any other word.
        let asked = issuer.asked().len();
        refusal(&call(&host, &token));
        assert_eq!(issuer.asked().len(), asked);
    }
    accepted(&call(&host, "Bearer good"));
    for (at, (status, error)) in [
        (401, "{}".to_owned()),
        (403, "{}".to_owned()),
        (400, error("invalid_client")),
        (400, error("unauthorized_client")),
    ]
    .into_iter()
    .enumerate()
    {
        issuer.say(Say::Answer(status, error));
        unverifiable(&call(&host, &format!("Bearer ours-{at}")));
    }
    host.logged(&[
        "could not be asked",
        "status 400",
        "check `client` and `secret`",
    ]);
    for status in [404, 408, 429, 500, 503] {
        issuer.say(Say::Answer(status, error("unsupported_token_type")));
        unverifiable(&call(&host, &format!("Bearer gone-{status}")));
    }
    assert!(!host.log().contains("unsupported_token_type"));
}

#[test]
fn a_time_that_is_null_is_absent() {
    let issuer = Issuer::https(active());
    let host = Host::start(&assistant(&issuer, ""));
    let nulls = r#""exp":null,"nbf":null,"iat":null,"active":true"#;
    issuer.say(Say::Answer(200, ACTIVE.replace(r#""active":true"#, nulls)));
    accepted(&call(&host, "Bearer nulls"));
    let text = r#""exp":"tomorrow","active":true"#;
    issuer.say(Say::Answer(200, ACTIVE.replace(r#""active":true"#, text)));
    unverifiable(&call(&host, "Bearer text"));
}

#[test]
fn an_issuer_in_trouble_is_no_fault_of_the_callers() {
    let mut issuer = Issuer::https(active());
    let host = Host::start(&assistant(&issuer, "timeout = \"1s\""));
    let cases = [
        (Say::Answer(401, "{}".to_owned()), "status 401"),
        (Say::Answer(200, "{}".to_owned()), "RFC 7662"),
        (
            Say::Answer(200, r#"{"active":"true"}"#.to_owned()),
            "RFC 7662",
        ),
        (
            Say::Redirect("http://127.0.0.1:1/".to_owned()),
            "status 302",
        ),
        (Say::Garbage, "cannot be reached"),
        (Say::Silence, "within 1000 ms"),
        (
            Say::Answer(200, " ".repeat(100 << 10)),
            "larger than 65536 bytes",
        ),
    ];
    for (at, (say, reason)) in cases.into_iter().enumerate() {
        issuer.say(say);
        unverifiable(&call(&host, &format!("Bearer token-{at}")));
        host.logged(&["the issuer could not be asked", reason]);
    }
    issuer.say(active());
    accepted(&call(&host, "Bearer token-0"));
    issuer.stop();
    // What is known holds for its time.
    accepted(&call(&host, "Bearer token-0"));
    unverifiable(&call(&host, "Bearer token-1"));
}

#[test]
fn only_so_many_questions_are_on_their_way_at_once() {
    let issuer = Issuer::https(Say::Silence);
    let host = Host::start(
        &assistant(&issuer, "timeout = \"30s\"")
            .replace("tenant = \"t\"", "tenant = \"t\"\ntimeout = \"2s\""),
    );
    let statuses = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..24)
            .map(|at| {
                scope.spawn({
                    let host = &host;
                    move || crowd(host, 1, &format!("Bearer t{at}"))
                })
            })
            .collect();
        // Once the first have given up, the others may ask.
        std::thread::sleep(Duration::from_secs(1));
        assert!((1..=16).contains(&issuer.asked().len()));
        calls
            .into_iter()
            .flat_map(|call| call.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert_eq!(statuses, [503; 24]);
}
