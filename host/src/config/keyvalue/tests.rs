use super::super::tests::parse;
use super::*;

const SECRETS: &str = "secrets = [\"env:KEY\"]";

fn store(keys: &str) -> Result<KeyValue, String> {
    match parse(&format!("[keyvalue]\n{keys}")) {
        Ok(config) => Ok(config.keyvalue.unwrap()),
        Err(problems) => Err(problems.to_string()),
    }
}

#[test]
fn there_is_no_store_without_its_table() {
    assert!(parse("").unwrap().keyvalue.is_none());
}

#[test]
fn a_file_or_a_server() {
    let file = store(&format!("file = \"state\"\n{SECRETS}")).unwrap();
    assert_eq!(
        file.place,
        Place::File {
            path: "folder/state".into(),
            size_bytes: 1 << 30
        }
    );
    assert_eq!(file.timeout, Duration::from_secs(2));
    let keys = "redis = { url = \"rediss://me@redis.example.com:7/3\", password = \"env:SECRET\" }\n\
         timeout = \"10ms\"\nsecrets = [\"env:KEY\", \"env:OLD_KEY\"]";
    let server = store(keys).unwrap();
    let Place::Redis(redis) = server.place else {
        panic!("it is a server");
    };
    assert_eq!(redis.url.as_str(), "rediss://me@redis.example.com:7/3");
    assert_eq!(redis.password.unwrap().expose_secret(), "purple unicorn");
    assert_eq!(server.secrets.len(), 2);
}

#[test]
fn says_what_is_wrong_with_it() {
    let file = "file = \"state\"";
    for (keys, message) in [
        (SECRETS.to_owned(), "it is not said where"),
        (file.to_owned(), "`secrets` is missing"),
        (format!("{file}\nsecrets = []"), "1 to 4 secrets"),
        (
            format!("{file}\nsecrets = [{}]", "\"env:KEY\", ".repeat(5)),
            "1 to 4 secrets",
        ),
        (format!("{file}\nsecrets = [\"env:SECRET\"]"), "too short"),
        (format!("{file}\nsecrets = [\"env:NONE\"]"), "is not set"),
        (
            format!("{file}\n{SECRETS}\nredis = {{ url = \"redis://a\" }}"),
            "both a file and a Redis",
        ),
        (
            format!("size = \"2MiB\"\n{SECRETS}\nredis = {{ url = \"redis://a\" }}"),
            "`size` is for a file",
        ),
        (
            format!("{file}\n{SECRETS}\nsize = \"1KiB\""),
            "out of range",
        ),
        (
            format!("{file}\n{SECRETS}\ntimeout = \"31s\""),
            "out of range",
        ),
        (
            format!("{file}\n{SECRETS}\nttl = \"1s\""),
            "unknown key `ttl`",
        ),
        (format!("file = \"\"\n{SECRETS}"), "not a file's name"),
        (format!("redis = {{}}\n{SECRETS}"), "`url` is missing"),
        (
            format!("redis = \"redis://a\"\n{SECRETS}"),
            "must be a table",
        ),
    ] {
        let problem = store(&keys).unwrap_err();
        assert!(problem.contains(message), "{keys}: {problem}");
    }
}

#[test]
fn refuses_urls_of_other_kinds_and_never_repeats_a_password() {
    for (url, message) in [
        ("redis://:hidden@a", "a password must not stand in the URL"),
        (
            "redis://u:hidden@a/0",
            "a password must not stand in the URL",
        ),
        (
            "redis+sentinel://:hidden@a:26379/mymaster",
            "Sentinel is not supported",
        ),
        ("rediss-sentinel://a", "Sentinel is not supported"),
        ("redis-cluster://u:hidden@a", "Cluster is not supported"),
        ("rediss+cluster://a", "Cluster is not supported"),
        ("valkeys://:hidden@a", "for Valkey too"),
        ("redis://u:hidden@a:1,b:2/0", "only one server can be named"),
        ("redis://a:1,b:2", "only one server can be named"),
        ("http://a", "redis or rediss"),
        ("unix:///run/redis.sock", "redis or rediss"),
        ("redis://", "not the address"),
        ("redis://a/b", "not the address"),
        ("redis://a/?protocol=resp3", "not the address"),
        ("hidden", "not a URL"),
    ] {
        let problem = store(&format!("redis = {{ url = \"{url}\" }}\n{SECRETS}")).unwrap_err();
        assert!(problem.contains(message), "{url}: {problem}");
        assert!(!problem.contains("hidden"), "{problem}");
    }
}

#[test]
fn tls_has_keys_of_its_own() {
    let redis = |keys: &str| store(&format!("redis = {{ {keys} }}\n{SECRETS}"));
    for (keys, message) in [
        (
            "url = \"redis://a\", ca = \"ca.pem\"",
            "`ca` is for a server with TLS",
        ),
        (
            "url = \"redis://a\", client = { certificate = \"c\", key = \"k\" }",
            "`client` is for a server with TLS",
        ),
        (
            "url = \"rediss://a\", ca = \"ca.pem\"",
            "cannot read folder/ca.pem",
        ),
        ("url = \"rediss://a\", ca = 7", "must be a string"),
        ("url = \"rediss://a\", client = \"c\"", "must be a table"),
        (
            "url = \"rediss://a\", client = { certificate = \"c.pem\" }",
            "`key` is missing",
        ),
        (
            "url = \"rediss://a\", client = { certificate = \"c.pem\", key = \"k.pem\" }",
            "cannot read folder/c.pem",
        ),
    ] {
        let problem = redis(keys).unwrap_err();
        assert!(problem.contains(message), "{keys}: {problem}");
    }
    assert!(redis("url = \"redis://a\"").is_ok());
}

#[test]
fn the_same_place_is_told_by_server_and_database_alone() {
    let place = |redis: &str| {
        let store = store(&format!("redis = {{ {redis} }}\n{SECRETS}"));
        store.unwrap().place
    };
    let one = place("url = \"redis://a:1/0\"");
    for same in [
        "url = \"redis://a:1\"",
        "url = \"redis://A:1/0\", password = \"env:SECRET\"",
        "url = \"redis://user@a:1/0\"",
    ] {
        assert!(one.is_where(&place(same)), "{same}");
    }
    for other in ["redis://b:1/0", "redis://a:2/0", "redis://a:1/1"] {
        assert!(!one.is_where(&place(&format!("url = \"{other}\""))));
    }
    assert_ne!(one, place("url = \"redis://user@a:1/0\""));
    let default = place("url = \"redis://a:6379\"");
    assert!(default.is_where(&place("url = \"redis://a/0\"")));
}

#[test]
fn a_grant_needs_a_store() {
    let text = "[plugins.p]\ncomponent = \"p.wasm\"\ngrants = { keyvalue = {} }\n\
         [tenants.t]\n[assistants.a]\ntenant = \"t\"\nauth = { kind = \"none\" }\n\
         pipeline = [{ plugin = \"p\", grants = { keyvalue = { ttl = \"2s\" } } }]";
    let problems = parse(text).unwrap_err().problems;
    let places: Vec<_> = problems.iter().map(|it| (it.line, it.column)).collect();
    assert_eq!(
        places,
        [(3, 23), (8, 51)],
        "each is reported at its own place"
    );
    for problem in problems {
        assert!(problem.message.contains("there is no store"), "{problem:?}");
        assert!(problem.hint.unwrap().contains("[keyvalue]"));
    }
}
