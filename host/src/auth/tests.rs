//! The rules of the JWT as a table of cases, whose tokens another implementation
//! made (`tests/tokens/make_tokens.py`), and those of the other credentials.

use super::*;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;
use std::time::{Duration, UNIX_EPOCH};

#[derive(Deserialize)]
struct Case {
    name: String,
    secrets: Vec<String>,
    headers: Vec<(String, String)>,
    settings: Settings,
    now: u64,
    expect: String,
    #[serde(default = "yes")]
    sendable: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
struct Settings {
    require_exp: bool,
    max_age_seconds: Option<u64>,
    leeway_seconds: u64,
}

impl Case {
    fn run(&self) -> Result<(), Refusal> {
        let secrets: Vec<_> = self.secrets.iter().map(|s| s.as_str().into()).collect();
        let mut jwt = Jwt::new(&secrets);
        jwt.times = Times {
            leeway: Duration::from_secs(self.settings.leeway_seconds),
            require_exp: self.settings.require_exp,
            max_age: self.settings.max_age_seconds.map(Duration::from_secs),
        };
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            // What HTTP does to a field's value before anybody sees it (RFC 9110, 5.5).
            let value = value.trim_matches([' ', '\t']);
            headers.append(
                HeaderName::try_from(name).unwrap(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        let now = UNIX_EPOCH + Duration::from_secs(self.now);
        believed(&Auth::Jwt(Box::new(jwt)), &headers, now)
    }
}

/// What verifies without an issuer, and may come again.
fn believed(auth: &Auth, headers: &HeaderMap, now: SystemTime) -> Result<(), Refusal> {
    let verdict = auth.verify(headers, now)?;
    assert_eq!(verdict, Verdict::Believed(None));
    Ok(())
}

/// Tokens that are malformed too, which is seen first.
const TWICE_WRONG: [&str; 6] = [
    "exp twice, the last in the past",
    "header of 2,000 nested lists",
    "alg absent",
    "alg null",
    "alg a list",
    "alg twice, the last `none`",
];

/// The refusals that a reason of the table may show as.
fn fits(expected: &str, refusal: &Refusal) -> bool {
    use Refusal as R;
    match expected {
        "no token" => matches!(refusal, R::NoHeader | R::Malformed(_)),
        "more than one token" => matches!(refusal, R::SeveralHeaders),
        "token too long" => matches!(refusal, R::TooLong(_)),
        "not a token" => matches!(refusal, R::Malformed(_) | R::WrongSignature),
        "claim is not a number" => {
            matches!(refusal, R::Malformed(_) | R::ClaimOfWrongType { .. })
        }
        "another algorithm" => matches!(refusal, R::WrongAlgorithm(_)),
        "critical header not understood" => matches!(refusal, R::CriticalExtension),
        "wrong signature" => matches!(refusal, R::WrongSignature),
        "no exp claim" => matches!(refusal, R::MissingClaim("exp")),
        "expired" => matches!(refusal, R::Expired(_)),
        "not yet valid" => matches!(refusal, R::NotYetValid(_)),
        "no iat claim" => matches!(refusal, R::MissingClaim("iat")),
        "too old" => matches!(refusal, R::TooOld(_)),
        "issued in the future" => matches!(refusal, R::FromTheFuture(_)),
        other => panic!("the table has another reason: {other} ({refusal})"),
    }
}

#[test]
fn the_table_of_tokens_made_elsewhere() {
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("../../../tests/tokens/cases.json")).unwrap();
    assert!(cases.len() > 100);
    let mut wrong = Vec::new();
    for case in cases.iter().filter(|case| case.sendable) {
        let result = case.run();
        let right = match &result {
            Ok(()) => case.expect == "accepted",
            Err(refusal) if TWICE_WRONG.contains(&case.name.as_str()) => {
                matches!(refusal, Refusal::Malformed(_))
            }
            Err(refusal) => case.expect != "accepted" && fits(&case.expect, refusal),
        };
        if !right {
            wrong.push(format!(
                "{}: expected {}, got {result:?}",
                case.name, case.expect
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(
            HeaderName::try_from(*name).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    headers
}

fn verify(auth: &Auth, pairs: &[(&str, &str)]) -> Result<(), Refusal> {
    believed(auth, &headers(pairs), SystemTime::now())
}

#[test]
fn basic_takes_the_pair_and_nothing_else() {
    let auth = Auth::Basic(Basic::new("Aladdin", &"open sesame".into()));
    // The example of RFC 7617, 2.
    let right = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
    assert_eq!(verify(&auth, &[("authorization", right)]), Ok(()));
    let lower = right.replace("Basic", "basic");
    assert_eq!(verify(&auth, &[("authorization", &lower)]), Ok(()));
    assert_eq!(verify(&auth, &[]), Err(Refusal::NoHeader));
    let twice = [("authorization", right), ("authorization", right)];
    assert_eq!(verify(&auth, &twice), Err(Refusal::SeveralHeaders));
    let wrong = [("authorization", "Basic QWxhZGRpbjpvcGVu")];
    assert_eq!(verify(&auth, &wrong), Err(Refusal::WrongCredentials));
    for malformed in [
        "Basic",
        "Basic !",
        "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "QWxh",
    ] {
        let result = verify(&auth, &[("authorization", malformed)]);
        assert!(
            matches!(
                result,
                Err(Refusal::Malformed(_) | Refusal::WrongCredentials)
            ),
            "{malformed}: {result:?}"
        );
    }
}

#[test]
fn bearer_takes_any_of_its_tokens() {
    let auth = Auth::Bearer(Bearer::new(&["new".into(), "old".into()]));
    for token in ["Bearer new", "bearer old", "Bearer  new"] {
        assert_eq!(
            verify(&auth, &[("authorization", token)]),
            Ok(()),
            "{token}"
        );
    }
    for token in ["Bearer ne", "Bearer newer", "Bearer ", "Bearer \tnew"] {
        let result = verify(&auth, &[("authorization", token)]);
        assert_eq!(result, Err(Refusal::WrongCredentials), "{token}");
    }
    let raw = verify(&auth, &[("authorization", "new")]);
    assert!(matches!(raw, Err(Refusal::Malformed(_))));
}

#[test]
fn an_api_key_is_the_whole_value_of_its_header() {
    let name = HeaderName::from_static("x-api-key");
    let auth = Auth::ApiKey(ApiKey::new(name, &["k 1".into()]));
    assert_eq!(verify(&auth, &[("x-api-key", "k 1")]), Ok(()));
    assert_eq!(verify(&auth, &[("X-Api-Key", "k 1")]), Ok(()));
    assert_eq!(
        verify(&auth, &[("authorization", "k 1")]),
        Err(Refusal::NoHeader)
    );
    assert_eq!(
        verify(&auth, &[("x-api-key", "k")]),
        Err(Refusal::WrongCredentials)
    );
    let twice = [("x-api-key", "k 1"), ("x-api-key", "k 1")];
    assert_eq!(verify(&auth, &twice), Err(Refusal::SeveralHeaders));
}

#[test]
fn the_stand_in_for_unknown_assistants_refuses() {
    let token = "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjE4MDAwMDAwMzB9.Mv4Ew-oc6xaPq4wXHUBQ_r5UQ1YLpLOi85OCIF7VSmE";
    let result = verify(&Auth::refusing(), &[("authorization", token)]);
    assert_eq!(result, Err(Refusal::WrongSignature));
}

/// Found by fuzzing: the parser skips a claim that nobody reads, whatever its bytes are.
#[test]
fn a_token_whose_claims_are_not_utf8_is_malformed() {
    let key = jsonwebtoken::EncodingKey::from_secret(b"purple unicorn");
    let auth = Auth::Jwt(Box::new(Jwt::new(&["purple unicorn".into()])));
    let result = |claims: &[u8]| {
        let parts = [&br#"{"alg":"HS256"}"#[..], claims].map(|part| URL_SAFE_NO_PAD.encode(part));
        let message = parts.join(".");
        let algorithm = jsonwebtoken::Algorithm::HS256;
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm).unwrap();
        verify(
            &auth,
            &[("authorization", &format!("{message}.{signature}"))],
        )
    };
    assert_eq!(result("{\"x\":\"é\"}".as_bytes()), Ok(()));
    let refused = result(b"{\"x\":\"\xb0\"}");
    assert!(matches!(refused, Err(Refusal::Malformed(_))), "{refused:?}");
}

#[test]
fn no_secret_in_a_debug_print() {
    let secret = [secrecy::SecretString::from("purple unicorn")];
    let name = HeaderName::from_static("x-api-key");
    for auth in [
        Auth::Jwt(Box::new(Jwt::new(&secret))),
        Auth::Basic(Basic::new("user", &secret[0])),
        Auth::Bearer(Bearer::new(&secret)),
        Auth::ApiKey(ApiKey::new(name, &secret)),
    ] {
        let printed = format!("{auth:?}");
        assert!(!printed.contains("purple"), "{printed}");
        // As the numbers of its bytes, neither.
        assert!(!printed.contains("112, 117, 114"), "{printed}");
    }
}

#[test]
fn a_refusal_repeats_nothing_of_a_token() {
    use base64::Engine;
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .encode("{\"alg\":\"purple\\nunicorn\":\"JWT\"}");
    let auth = Auth::Jwt(Box::new(Jwt::new(&["x".into()])));
    let refusal = verify(&auth, &[("authorization", &format!("{header}.e30.AA"))]).unwrap_err();
    assert!(matches!(refusal, Refusal::Malformed(_)));
    assert!(!refusal.to_string().contains("unicorn"), "{refusal}");
}

#[test]
fn a_claim_of_the_wrong_type_is_named_with_what_it_is() {
    let auth = Auth::Jwt(Box::new(Jwt::new(&["x".into()])));
    let key = jsonwebtoken::EncodingKey::from_secret(b"x");
    let said = |claims: &str| {
        let claims: Value = serde_json::from_str(claims).unwrap();
        let token = jsonwebtoken::encode(&Default::default(), &claims, &key).unwrap();
        let refusal = verify(&auth, &[("authorization", &token)]).unwrap_err();
        assert_eq!(refusal.kind(), "wrong-claim");
        refusal.to_string()
    };
    for (claims, words) in [
        (
            r#"{"exp":"1795863149"}"#,
            "the token's `exp` is a string, and has to be a number of seconds",
        ),
        (
            r#"{"nbf":null}"#,
            "the token's `nbf` is null, and has to be a number of seconds",
        ),
        (
            r#"{"iat":[1]}"#,
            "the token's `iat` is an array, and has to be a number of seconds",
        ),
    ] {
        assert_eq!(said(claims), words);
    }
}

#[test]
fn another_scheme_is_named_where_it_is_a_known_one() {
    let auth = Auth::Jwt(Box::new(Jwt::new(&["x".into()])));
    let said = |value: &str| {
        let refusal = verify(&auth, &[("authorization", value)]).unwrap_err();
        refusal.to_string()
    };
    assert!(said("JWT a.b.c").ends_with("the scheme is not Bearer, it is JWT"));
    assert!(said("basic dTpw").ends_with("the scheme is not Bearer, it is Basic"));
    assert!(said("unicorn a.b.c").ends_with("the scheme is not Bearer"));
    assert!(said("nonsense").contains("not a JWT"));
}
