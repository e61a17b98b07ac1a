//! The rules of access tokens as a table of cases, whose tokens and key sets another
//! implementation made (`tests/tokens/make_oauth.py`).

use super::*;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde::Deserialize;
use std::collections::HashMap;
use std::str::FromStr;
use std::time::UNIX_EPOCH;

#[derive(Deserialize)]
struct Table {
    now: u64,
    issuer: String,
    audience: String,
    sets: HashMap<String, String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    set: String,
    algorithms: Vec<String>,
    token: String,
    expect: String,
}

fn table() -> Table {
    serde_json::from_str(include_str!("../../../../tests/tokens/oauth.json")).unwrap()
}

impl Table {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.now)
    }

    fn oauth(&self, set: &str, algorithms: &[String]) -> Oauth {
        let keys = KeySet::parse(self.sets[set].as_bytes()).unwrap();
        let algorithms = algorithms.iter().map(|it| Algorithm::from_str(it).unwrap());
        Oauth {
            source: Source::Keys(keys, algorithms.collect()),
            issuer: Some(self.issuer.clone()),
            audience: Some(self.audience.clone()),
            scopes: vec!["webhook".to_owned()],
            times: Times {
                require_exp: true,
                ..Times::default()
            },
            remember: None,
        }
    }

    fn case(&self, name: &str) -> &Case {
        self.cases.iter().find(|case| case.name == name).unwrap()
    }
}

fn verify(oauth: Oauth, value: &str, now: SystemTime) -> Result<(), Refusal> {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
    let auth = super::super::Auth::Oauth(Box::new(oauth));
    let verdict = auth.verify(&headers, now)?;
    assert_eq!(verdict, Verdict::Believed(None));
    Ok(())
}

fn fits(expected: &str, refusal: &Refusal) -> bool {
    use Refusal as R;
    match expected {
        "unknown key" => matches!(refusal, R::UnknownKey),
        "algorithm" => matches!(refusal, R::WrongAlgorithm(_)),
        "signature" => matches!(refusal, R::ForgedSignature),
        "crit" => matches!(refusal, R::CriticalExtension),
        "iss" | "aud" | "scope" => matches!(refusal, R::WrongClaim(claim) if *claim == expected),
        "no exp" => matches!(refusal, R::MissingClaim("exp")),
        "expired" => matches!(refusal, R::Expired(_)),
        "not yet valid" => matches!(refusal, R::NotYetValid(_)),
        "malformed" => matches!(refusal, R::Malformed(_) | R::ClaimOfWrongType { .. }),
        "too long" => matches!(refusal, R::TooLong(_)),
        other => panic!("the table has another reason: {other} ({refusal})"),
    }
}

#[test]
fn the_table_of_access_tokens_made_elsewhere() {
    let table = table();
    assert!(table.cases.len() > 60);
    let mut wrong = Vec::new();
    for case in &table.cases {
        let oauth = table.oauth(&case.set, &case.algorithms);
        let result = verify(oauth, &format!("Bearer {}", case.token), table.now());
        let right = match &result {
            Ok(()) => case.expect == "accepted",
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

#[test]
fn an_access_token_comes_after_bearer_and_nowhere_else() {
    let table = table();
    let RightCase { token, algorithms } = right(&table);
    let result = |value: &str| verify(table.oauth("all", &algorithms), value, table.now());
    assert_eq!(result(&format!("bearer {token}")), Ok(()));
    for value in [
        token.clone(),
        format!("Basic {token}"),
        "Bearer ".to_owned(),
        format!("Bearer {token} {token}"),
        format!("Bearer {token},"),
    ] {
        let refused = result(&value);
        assert!(matches!(refused, Err(Refusal::Malformed(_))), "{refused:?}");
    }
}

struct RightCase {
    token: String,
    algorithms: Vec<String>,
}

fn right(table: &Table) -> RightCase {
    let case = table.case("RS256");
    RightCase {
        token: case.token.clone(),
        algorithms: case.algorithms.clone(),
    }
}

#[test]
fn sets_without_a_key_that_can_be_used_are_refused_with_their_reasons() {
    let table = table();
    let error = |set: &str| KeySet::parse(table.sets[set].as_bytes()).unwrap_err();
    let words = error("symmetric").to_string();
    assert!(words.contains("symmetric (`oct`)"), "{words}");
    assert!(error("short").to_string().contains("1024 bits"));
    assert!(matches!(
        error("empty"),
        crate::auth::KeySetError::NoUsableKey(_)
    ));
    let odd = KeySet::parse(table.sets["odd"].as_bytes()).unwrap();
    assert_eq!(odd.count(), 5, "{}", odd.left_out());
}

#[test]
fn what_the_issuer_says_of_a_token_is_checked() {
    let table = table();
    let mut oauth = table.oauth("all", &["RS256".to_owned()]);
    oauth.times.require_exp = false;
    let judge = |answer: &str| {
        let answer = Answer::parse(answer.as_bytes()).expect("an answer");
        oauth.introspected(&answer, table.now())
    };
    let good = r#"{"active":true,"iss":"https://issuer.example.com/","aud":"retort","scope":"a webhook","exp":1800000300}"#;
    assert_eq!(judge(good), Ok(()));
    assert_eq!(judge(&good.replace(",\"exp\":1800000300", "")), Ok(()));
    let bare = r#"{"active":false,"iss":7}"#;
    assert_eq!(judge(bare), Err(Refusal::NotActive));
    assert_eq!(
        judge(&good.replace("1800000300", "1799999940")),
        Err(Refusal::Expired(60))
    );
    for (from, to, claim) in [
        ("example.com/", "example.com", "iss"),
        ("\"retort\"", "[\"other\"]", "aud"),
        ("webhook", "webhooks", "scope"),
        ("\"scope\"", "\"scopes\"", "scope"),
    ] {
        let refused = judge(&good.replace(from, to));
        assert_eq!(refused, Err(Refusal::WrongClaim(claim)));
    }
    for none in [
        "",
        "[]",
        "{}",
        "true",
        r#"{"active":"true"}"#,
        r#"{"active":1}"#,
        r#"{"active":true,"exp":"soon"}"#,
        r#"{"active":true,"active":true}"#,
    ] {
        assert!(Answer::parse(none.as_bytes()).is_none(), "{none}");
    }
}

#[test]
fn an_access_token_is_not_printed() {
    assert_eq!(format!("{:?}", AccessToken("purple")), "an access token");
}
