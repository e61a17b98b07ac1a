use super::super::super::tests::parse;
use super::*;
use crate::event::EventKind;
use crate::limits::{HttpLimits, Limits};

fn plugin(lines: &str) -> String {
    format!("[plugins.p]\ncomponent = \"p.wasm\"\n{lines}\n")
}

#[track_caller]
fn rule(inside: &str) -> Arc<Http> {
    let config = parse(&plugin(&format!("grants.http = [{{ {inside} }}]"))).unwrap();
    Arc::clone(config.plugins["p"].grants.http.as_ref().unwrap())
}

/// What is wrong, with the hint.
#[track_caller]
fn wrong(inside: &str) -> String {
    let config = parse(&plugin(&format!("grants.http = [{{ {inside} }}]")));
    config.unwrap_err().to_string()
}

#[test]
fn an_origin_alone_takes_all_usual_methods_and_paths() {
    let http = rule("origin = \"https://api.example.com\"");
    let [rule] = http.rules.as_slice() else {
        panic!("one rule");
    };
    assert_eq!(rule.origin.to_string(), "https://api.example.com");
    assert_eq!(rule.methods, Rule::METHODS);
    assert!(rule.paths.is_empty() && rule.networks.is_empty());
    assert!(rule.headers.is_empty() && rule.tls.is_some());
}

#[test]
fn a_secret_header_has_four_forms() {
    let http = rule(
        "origin = \"https://api.example.com\", headers = { X-Api-Key = \"env:SECRET\", \
         a = { bearer = \"env:SECRET\" }, b = { basic = \"apikey\", password = \"env:SECRET\" }, \
         c = { prefix = \"Token \", secret = \"env:SECRET\" } }",
    );
    let mut headers: Vec<_> = http.rules[0]
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    headers.sort_unstable();
    assert_eq!(
        headers,
        [
            ("a", "Bearer purple unicorn"),
            ("b", "Basic YXBpa2V5OnB1cnBsZSB1bmljb3Ju"),
            ("c", "Token purple unicorn"),
            ("x-api-key", "purple unicorn"),
        ]
    );
    let printed = format!("{http:?}");
    assert!(
        !printed.contains("unicorn") && !printed.contains("YXBp"),
        "{printed}"
    );
}

#[test]
fn a_wrong_origin_says_what_is_wrong() {
    for (inside, words) in [
        ("", "`origin` is missing"),
        ("origin = 1", "must be a string"),
        (
            "origin = \"api.example.com\"",
            "begins with https:// or http://",
        ),
        ("origin = \"https://api.example.com/v3\"", "has no path"),
        ("origin = \"https://api.example.com?x\"", "has no query"),
        ("origin = \"https://api.example.com#x\"", "has no fragment"),
        (
            "origin = \"https://me:pw@api.example.com\"",
            "no user name or password",
        ),
        (
            "origin = \"https://a.*.example.com\"",
            "the names below a host",
        ),
        (
            "origin = \"http://127.0.0.1\"",
            "127.0.0.1 is not a public address (loopback)",
        ),
        (
            "origin = \"http://[::1]:80\", networks = [\"127.0.0.0/8\"]",
            "(loopback)",
        ),
        (
            "origin = \"https://a.example\", paths = [\"v3\"]",
            "begins with a slash",
        ),
        (
            "origin = \"https://a.example\", paths = [\"/a/../b\"]",
            "no `.` or `..` segments",
        ),
        (
            "origin = \"https://a.example\", paths = []",
            "the array is empty",
        ),
        (
            "origin = \"https://a.example\", methods = [\"get\"]",
            "not a method",
        ),
        (
            "origin = \"https://a.example\", methods = [\"TRACE\"]",
            "cannot be granted",
        ),
        (
            "origin = \"https://a.example\", methods = [\"CONNECT\"]",
            "cannot be granted",
        ),
        (
            "origin = \"https://a.example\", networks = [\"10.0.0.0/33\"]",
            "at most 32",
        ),
        (
            "origin = \"https://a.example\", networks = [\"10.0.0.1/8\"]",
            "the network is 10.0.0.0/8",
        ),
        (
            "origin = \"https://a.example\", networks = [\"10.0.0.1\"]",
            "192.168.1.1/32",
        ),
        (
            "origin = \"https://a.example\", ca = \"missing.pem\"",
            "cannot read",
        ),
        (
            "origin = \"https://a.example\", path = [\"/\"]",
            "did you mean `paths`",
        ),
    ] {
        let problem = wrong(inside);
        assert!(problem.contains(words), "{inside}: {problem}");
        assert!(problem.starts_with("retort.toml:3:"), "{problem}");
    }
}

#[test]
fn a_wrong_header_says_what_is_wrong() {
    for (header, words) in [
        ("host = \"env:SECRET\"", "Retort's own"),
        ("Transfer-Encoding = \"env:SECRET\"", "Retort's own"),
        ("content-length = \"env:SECRET\"", "Retort's own"),
        ("connection = \"env:SECRET\"", "Retort's own"),
        ("\"a b\" = \"env:SECRET\"", "cannot be a header's name"),
        ("a = \"purple unicorn\"", "its text must not stand here"),
        ("a = \"env:MISSING\"", "`MISSING` is not set"),
        (
            "a = { bearer = \"purple unicorn\" }",
            "its text must not stand here",
        ),
        (
            "a = { basic = \"u\" }",
            "not a way to write a secret header",
        ),
        (
            "a = { password = \"env:SECRET\" }",
            "not a way to write a secret header",
        ),
        (
            "a = { basic = \"u:v\", password = \"env:SECRET\" }",
            "cannot contain a colon",
        ),
        (
            "a = { bearer = \"env:SECRET\", prefix = \"x\" }",
            "not a way to write",
        ),
        (
            "a = { prefix = \" x\", secret = \"env:SECRET\" }",
            "a header cannot carry",
        ),
        (
            "a = { prefix = \"x\\n\", secret = \"env:SECRET\" }",
            "a header cannot carry",
        ),
        ("a = 1", "must be a table"),
    ] {
        let problem = wrong(&format!(
            "origin = \"https://a.example\", headers = {{ {header} }}"
        ));
        assert!(problem.contains(words), "{header}: {problem}");
        assert!(!problem.contains("unicorn"), "{problem}");
    }
}

#[test]
fn a_secret_is_not_sent_where_others_can_read_it() {
    let header = "headers = { a = \"env:SECRET\" }";
    let over_http = format!("origin = \"http://a.example\", {header}");
    assert!(wrong(&over_http).contains("only to networks that are granted"));
    rule(&format!("{over_http}, networks = [\"10.0.0.0/8\"]"));
    let wildcard =
        format!("origin = \"http://*.a.example\", {header}, networks = [\"10.0.0.0/8\"]");
    assert!(wrong(&wildcard).contains("only over https"));
    rule(&format!("origin = \"https://*.a.example\", {header}"));
}

#[test]
fn stages_share_their_plugins_grant_or_have_their_own() {
    let config = parse(&format!(
        "{}[tenants.t]\n[assistants.a]\ntenant = \"t\"\nauth = {{ kind = \"none\" }}\n\
         pipeline = [{{ plugin = \"p\" }}, {{ plugin = \"p\" }}, \
         {{ plugin = \"p\", grants = {{ http = [] }} }}]",
        plugin("grants.http = [{ origin = \"https://a.example\" }]")
    ))
    .unwrap();
    let http = |stage: usize| {
        config.assistants["a"].pipelines[&EventKind::MessageProcessed][stage]
            .grants
            .http
            .clone()
            .unwrap()
    };
    assert!(Arc::ptr_eq(&http(0), &http(1)));
    assert!(http(2).rules.is_empty());
}

#[test]
fn limits_of_http_have_defaults_and_ranges() {
    let limits = |lines: &str| {
        let config = parse(&plugin(lines)).ok()?;
        Some(Limits::DEFAULT.with(&config.plugins["p"].limits).http)
    };
    assert_eq!(limits("").unwrap(), HttpLimits::DEFAULT);
    let all = "limits.http = { requests = 1, at_once = 2, request = \"3KiB\", response = 4, timeout = \"5s\" }";
    assert_eq!(
        limits(all).unwrap(),
        HttpLimits {
            requests: 1,
            at_once: 2,
            request_bytes: 3 << 10,
            response_bytes: 4,
            timeout: std::time::Duration::from_secs(5),
        }
    );
    for (key, low, high, beyond) in [
        ("requests", "0", "1000", ["-1", "1001"]),
        ("at_once", "1", "100", ["0", "101"]),
        ("request", "0", "\"64MiB\"", ["-1", "67108865"]),
        ("response", "0", "\"64MiB\"", ["-1", "67108865"]),
        ("timeout", "\"1ms\"", "\"30s\"", ["\"0s\"", "\"31s\""]),
    ] {
        let good = |value: &str| limits(&format!("limits.http.{key} = {value}")).is_some();
        assert!(good(low) && good(high), "{key}");
        assert!(!beyond.into_iter().any(good), "{key}");
    }
}
