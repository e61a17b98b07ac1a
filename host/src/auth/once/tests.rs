//! What a replay guard knows tokens by, against a fixed clock.

use crate::auth::{Auth, Jwt, Once, Refusal, Times, Verdict};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const NOW: u64 = 1_800_000_000;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn once(claims: &Value, max_age: Option<u64>) -> Result<Once, Refusal> {
    let mut jwt = Jwt::new(&["purple unicorn".into()]);
    jwt.times = Times {
        leeway: Duration::from_secs(60),
        require_exp: false,
        max_age: max_age.map(Duration::from_secs),
    };
    jwt.remember = Some(9);
    let key = EncodingKey::from_secret(b"purple unicorn");
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_str(&token).unwrap());
    match Auth::Jwt(Box::new(jwt)).verify(&headers, at(NOW))? {
        Verdict::Believed(Some(once)) => Ok(once),
        other => panic!("not guarded: {other:?}"),
    }
}

#[test]
fn a_token_is_known_by_its_issuer_and_jti() {
    let digest = |claims: Value| once(&claims, None).unwrap().digest;
    let one = digest(json!({"iss": "a", "jti": "1", "exp": NOW + 30}));
    // The rest may differ.
    assert_eq!(
        one,
        digest(json!({"iss": "a", "jti": "1", "exp": NOW + 31, "iat": NOW}))
    );
    for other in [
        json!({"iss": "a", "jti": "2", "exp": NOW + 30}),
        json!({"iss": "b", "jti": "1", "exp": NOW + 30}),
        json!({"iss": "", "jti": "a1", "exp": NOW + 30}),
        json!({"iss": "a1", "jti": "", "exp": NOW + 30}),
        json!({"jti": "1", "exp": NOW + 30}),
    ] {
        assert_ne!(one, digest(other.clone()), "{other}");
    }
}

#[test]
fn without_a_jti_it_is_known_by_all_that_is_signed() {
    let digest = |claims: Value| once(&claims, None).unwrap().digest;
    let claims = json!({"iat": NOW, "exp": NOW + 30});
    assert_eq!(digest(claims.clone()), digest(claims.clone()));
    assert_ne!(
        digest(claims),
        digest(json!({"iat": NOW - 1, "exp": NOW + 30}))
    );
}

#[test]
fn a_token_that_cannot_be_known_again_is_refused() {
    let refusal = |claims: Value, max_age| once(&claims, max_age).unwrap_err();
    assert_eq!(refusal(json!({"exp": NOW + 30}), None), Refusal::Nameless);
    assert_eq!(refusal(json!({"jti": "1"}), None), Refusal::Endless);
    assert_eq!(refusal(json!({"iat": NOW}), None), Refusal::Endless);
    assert_eq!(
        refusal(json!({"jti": "1", "exp": 1e300}), None),
        Refusal::Endless
    );
    for wrong in [json!(null), json!(1), json!(["1"])] {
        let refusal = refusal(json!({"jti": wrong, "exp": NOW + 30}), None);
        let of_type = |refusal: &Refusal| matches!(refusal, Refusal::ClaimOfWrongType { .. });
        assert!(of_type(&refusal), "{refusal}");
    }
}

#[test]
fn it_is_remembered_for_as_long_as_it_is_good() {
    let until = |claims: Value, max_age| once(&claims, max_age).unwrap().until;
    // The leeway, and some for fractions.
    let exp = json!({"jti": "1", "iat": NOW, "exp": NOW + 30});
    assert_eq!(until(exp.clone(), None), at(NOW + 30 + 60 + 2));
    assert_eq!(until(exp, Some(10)), at(NOW + 10 + 60 + 2));
    let endless = json!({"iat": NOW - 5});
    assert_eq!(until(endless, Some(300)), at(NOW + 295 + 60 + 2));
}
