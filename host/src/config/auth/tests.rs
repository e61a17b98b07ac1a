//! What the keys of `auth` mean and what they default to.

use super::super::Config;
use crate::auth::{Auth, Source};
use crate::secret::Secrets;
use std::time::Duration;

const KEYS: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#;

/// What an assistant's `auth` is read as, or what is wrong with it. The folder has a key
/// set `keys.json`.
fn read(auth: &str) -> Result<(Auth, Config), String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("keys.json"), KEYS).unwrap();
    let oct = r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#;
    std::fs::write(folder.path().join("oct.json"), oct).unwrap();
    let environment = |name: &str| (name == "SECRET").then(|| "purple unicorn".to_owned());
    let text =
        format!("tenants.t = {{}}\nassistants.a = {{ tenant = \"t\", auth = {{ {auth} }} }}");
    let secrets = Secrets::Read(&environment);
    let mut config = Config::parse(&text, "retort.toml", folder.path(), secrets)
        .map_err(|problems| problems.to_string())?;
    let assistant = config.assistants.remove("a").unwrap();
    Ok((assistant.auth, config))
}

fn oauth(auth: &str) -> Result<crate::auth::Oauth, String> {
    let read = read(&format!("kind = \"oauth\", {auth}"))?;
    match read.0 {
        Auth::Oauth(oauth) => Ok(*oauth),
        other => panic!("not OAuth: {other:?}"),
    }
}

const NAMES: &str = "issuer = \"https://i.example.com\", audience = \"retort\"";

#[test]
fn a_key_set_from_a_url_has_the_documented_defaults() {
    let keys = "jwks = \"https://i.example.com/keys\"";
    let oauth = oauth(&format!("{keys}, {NAMES}")).unwrap();
    assert!(oauth.times.require_exp);
    assert_eq!(oauth.times.leeway, Duration::from_secs(60));
    assert_eq!((oauth.times.max_age, oauth.remember), (None, None));
    let Source::Jwks(jwks, algorithms) = oauth.source else {
        panic!("it is a URL");
    };
    assert_eq!(algorithms, [crate::auth::Algorithm::RS256]);
    assert_eq!(jwks.refresh, Duration::from_secs(600));
    assert_eq!(jwks.retry, Duration::from_secs(10));
    assert_eq!(jwks.stale, Duration::from_secs(86_400));
    assert_eq!(jwks.timeout, Duration::from_secs(5));
}

#[test]
fn a_key_set_from_a_file_is_one_of_the_files_that_are_watched() {
    let auth = format!("kind = \"oauth\", jwks = \"keys.json\", {NAMES}");
    let (_, config) = read(&auth).unwrap();
    let mut files = config.files.iter();
    assert!(files.any(|file| file.ends_with("keys.json")));
}

#[test]
fn a_secret_of_a_question_is_not_printed() {
    let question = "introspection = { url = \"https://i.example.com/\", client = \"c\", secret = \"env:SECRET\" }";
    let oauth = oauth(question).unwrap();
    assert!(!oauth.times.require_exp);
    // Basic credentials, in Base64 or as they are.
    let printed = format!("{oauth:?}");
    assert!(
        !printed.contains("purple") && !printed.contains("YzpwdX"),
        "{printed}"
    );
}

#[test]
fn a_replay_guard_remembers_as_many_tokens_as_documented() {
    let remember = |more: &str| {
        let auth = format!("kind = \"jwt\", secrets = [\"env:SECRET\"]{more}");
        read(&auth).map(|(auth, _)| auth.remember())
    };
    assert_eq!(remember(""), Ok(None));
    assert_eq!(remember(", replay = \"allow\""), Ok(None));
    assert_eq!(remember(", replay = \"refuse\""), Ok(Some(65_536)));
    let few = remember(", replay = \"refuse\", replay_tokens = 1");
    assert_eq!(few, Ok(Some(1)));
    for wrong in ["replay = true", "replay = \"no\"", "replay_tokens = 0"] {
        assert!(remember(&format!(", {wrong}")).is_err(), "{wrong}");
    }
}

#[test]
fn what_is_wrong_is_said() {
    let question = "url = \"https://i.example.com/\", client = \"c\", secret = \"env:SECRET\"";
    for (auth, words) in [
        (NAMES.to_owned(), "`jwks` is missing"),
        (
            "jwks = \"keys.json\", issuer = \"i\"".into(),
            "`audience` is missing",
        ),
        (
            "jwks = \"keys.json\", audience = \"a\"".into(),
            "`issuer` is missing",
        ),
        (
            "jwks = \"keys.json\", issuer = \"\", audience = \"a\"".to_owned(),
            "it is empty",
        ),
        (
            format!("jwks = \"none.json\", {NAMES}"),
            "none.json: No such file",
        ),
        (format!("jwks = \"oct.json\", {NAMES}"), "symmetric (`oct`)"),
        (
            format!("jwks = \"http://i.example.com/\", {NAMES}"),
            "has to be https",
        ),
        (
            format!("jwks = \"http://localhost/\", {NAMES}"),
            "has to be https",
        ),
        (
            format!("jwks = \"http://10.0.0.1/\", {NAMES}"),
            "has to be https",
        ),
        (
            format!("jwks = \"ftp://127.0.0.1/\", {NAMES}"),
            "has to be https",
        ),
        (format!("jwks = \"https://\", {NAMES}"), "not a URL"),
        (
            format!("jwks = \"https://u:p@i.example.com/\", {NAMES}"),
            "a user, a password",
        ),
        (
            format!("jwks = \"keys.json\", {NAMES}, algorithms = []"),
            "at least one algorithm",
        ),
        (
            format!("jwks = \"keys.json\", {NAMES}, algorithms = [\"HS256\"]"),
            "not known here",
        ),
        (
            format!("jwks = \"keys.json\", {NAMES}, algorithms = [\"none\"]"),
            "not known here",
        ),
        (
            format!("jwks = \"keys.json\", {NAMES}, scopes = [\"a b\"]"),
            "one word",
        ),
        (
            format!("jwks = \"keys.json\", {NAMES}, retry = \"1s\""),
            "unknown key `retry`",
        ),
        (
            format!("jwks = \"keys.json\", {NAMES}, require_exp = false"),
            "unknown key",
        ),
        (
            format!("jwks = \"https://i.example.com/\", {NAMES}, retry = \"0s\""),
            "out of range",
        ),
        (
            format!("jwks = \"https://i.example.com/\", {NAMES}, ca = \"none.pem\""),
            "none.pem",
        ),
        (
            format!("jwks = \"keys.json\", introspection = {{ {question} }}"),
            "in one way",
        ),
        (
            format!("introspection = {{ {question}, more = 1 }}"),
            "unknown key `more`",
        ),
        (
            format!("introspection = {{ {question} }}, replay = \"refuse\""),
            "unknown key `replay`",
        ),
        (
            "introspection = { client = \"c\", secret = \"s\" }".into(),
            "`url` is missing",
        ),
        (
            format!("introspection = {{ {question} }}, cache = \"10m\""),
            "out of range",
        ),
    ] {
        let said = oauth(&auth).map(|_| ()).unwrap_err();
        assert!(said.contains(words), "{auth}: {said}");
    }
    for good in [
        "jwks = \"http://127.0.0.1:8080/keys\"",
        "jwks = \"http://[::1]/keys\"",
        "jwks = \"keys.json\"",
    ] {
        assert!(oauth(&format!("{good}, {NAMES}")).is_ok(), "{good}");
    }
}
