//! Plugins that send requests: what they reach, and what they do not, with a guest that
//! would send anything and real servers on the other end.

mod limits;
mod pooling;
mod secrets;
mod upstreams;

use crate::support::{Answer, Host, Upstream, answer, component, retort};
use serde_json::{Value, json};

/// Serves one assistant, `a`, whose plugin may send to these origins, each in braces.
fn granted(origins: &str, more: &str) -> Host {
    Host::with_stages(&format!(
        "{{ plugin = \"fetches\", on_fault = \"fail\", grants = {{ http = [{origins}] }}, {more} }}"
    ))
}

/// The origin of a service, which may be on the loopback.
fn origin(upstream: &Upstream, more: &str) -> String {
    let address = upstream.address;
    format!("{{ origin = \"http://{address}\", networks = [\"127.0.0.0/8\"], {more} }}")
}

/// Has the guest send, and returns the caller's answer.
fn call(host: &Host, plan: &Value) -> Answer {
    host.call("a").payload(&plan.to_string()).send()
}

/// Has the guest send these requests one after the other, and returns what came of each.
#[track_caller]
fn fetch(host: &Host, requests: Value) -> Vec<Value> {
    results(&call(host, &json!({ "requests": requests })))
}

#[track_caller]
fn results(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let results = answer.json()["payload"]["results"].take();
    results.as_array().unwrap().clone()
}

#[test]
pub(crate) fn fetches() {
    let upstream = Upstream::start(|_, out| answer(out, "200 OK", "x-tail: yes\r\n", "hello"));
    let host = granted(&origin(&upstream, ""), "");
    let authority = upstream.address.to_string();
    let fetched = fetch(
        &host,
        json!([
            { "authority": authority, "path": "/a?b=c", "headers": { "x-mine": "1" } },
            { "authority": authority, "method": "POST", "send": 10_000 },
            { "authority": authority, "method": "POST", "send": 3, "length": 3 },
        ]),
    );
    for one in &fetched {
        assert_eq!(
            (&one["status"], &one["body"]),
            (&json!(200), &json!("hello")),
            "{one}"
        );
        assert_eq!(one["headers"]["x-tail"], "yes");
    }
    let seen = upstream.seen();
    let [first, second, third] = &seen[..] else {
        panic!("{seen:?}");
    };
    assert!(
        first.head.starts_with("GET /a?b=c HTTP/1.1\r\n"),
        "{}",
        first.head
    );
    assert_eq!(first.header("host"), [&authority]);
    assert_eq!(first.header("x-mine"), ["1"]);
    assert_eq!((second.body.len(), third.body.len()), (10_000, 3));
    // The tame payload is for every guest.
    assert_eq!(host.call("a").payload(r#"{"tame":1}"#).send().status, 200);
}

/// Every way to write the address of a server that is not granted.
#[test]
fn what_is_not_granted_is_not_reached_in_any_form() {
    let upstream = Upstream::start(|_, out| answer(out, "200 OK", "", "reached"));
    let port = upstream.address.port();
    let other = Upstream::start(|_, out| answer(out, "200 OK", "", "reached"));
    let all = "networks = [\"0.0.0.0/0\", \"::/0\"]";
    // The networks are granted, so that it is the origin alone that refuses.
    let host = granted(
        &format!(
            "{{ origin = \"http://granted.test:{port}\", {all} }}, \
             {{ origin = \"https://127.0.0.1:{port}\", {all} }}, \
             {{ origin = \"http://127.0.0.1:{}\", {all} }}, \
             {{ origin = \"http://*.127.0.0.1.test:{port}\", {all} }}",
            other.address.port()
        ),
        "limits = { http = { requests = 100 } }",
    );
    let authorities = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0X7F.1",
        "017700000001",
        "0177.0.0.1",
        "127.0.0.01",
        "127.0.0.1.",
        "127.0.0.2",
        "127.255.255.254",
        "0.0.0.0",
        "0",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[::1%25lo]",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "x.localhost",
        "granted.test.",
        "x.granted.test",
        "127.0.0.1.test",
        "granted.test@127.0.0.1",
        "granted.test:80@127.0.0.1",
        "user:password@granted.test",
        "@granted.test",
        "granted.test%00.127.0.0.1",
        "127.0.0.1%2f.granted.test",
        "127%2e0%2e0%2e1",
        "１２７.0.0.1",
        "127。0。0。1",
    ];
    let requests: Vec<_> = authorities
        .iter()
        .map(|host| json!({ "authority": format!("{host}:{port}") }))
        .collect();
    let fetched = fetch(&host, requests.into());
    for (authority, result) in authorities.iter().zip(&fetched) {
        let error = result["error"]
            .as_str()
            .unwrap_or_else(|| panic!("{authority}: {result}"));
        let refused = error.contains("HttpRequestDenied")
            || error.contains("HttpRequestUriInvalid")
            || error == "not a request";
        assert!(refused, "{authority}: {error}");
    }
    let granted_but = fetch(
        &host,
        json!([
            { "authority": "" },
            { "authority": "granted.test" },
            { "authority": "granted.test:0" },
            { "authority": other.address.to_string(), "scheme": "https" },
            { "authority": other.address.to_string(), "scheme": "ftp" },
            { "authority": other.address.to_string(), "method": "CONNECT" },
            { "authority": other.address.to_string(), "method": "TRACE" },
            { "authority": other.address.to_string(), "method": "PROPFIND" },
            { "authority": other.address.to_string(), "headers": { "host": "127.0.0.1" } },
        ]),
    );
    for result in &granted_but {
        assert!(result["error"].is_string(), "{result}");
    }
    assert!(upstream.seen().is_empty() && other.seen().is_empty());
    assert_eq!((upstream.opened(), other.opened()), (0, 0));
    let line = host.logged(&[
        "a plugin's request was refused",
        "its origin is not granted",
    ]);
    assert!(line.contains("plugin=fetches tenant=t"), "{line}");
    // One of them is written in odd ways and is the granted one nevertheless.
    let odd = format!("0x7f.1:{}", other.address.port());
    let fetched = fetch(&host, json!([{ "authority": odd }]));
    assert_eq!(fetched[0]["body"], "reached", "{fetched:?}");
    assert_eq!(other.seen()[0].header("host"), [other.address.to_string()]);
}

#[test]
fn an_address_that_is_not_public_needs_its_network() {
    let upstream = Upstream::start(|_, out| answer(out, "200 OK", "", "reached"));
    let port = upstream.address.port();
    let authority = format!("localhost:{port}");
    let fetch_with = |networks: &str| {
        let host = granted(
            &format!("{{ origin = \"http://{authority}\"{networks} }}"),
            "",
        );
        let error = fetch(&host, json!([{ "authority": authority }])).remove(0);
        (host, error)
    };
    let (host, result) = fetch_with("");
    assert_eq!(result["error"], "ErrorCode::DestinationIpProhibited");
    host.logged(&[
        "a plugin's request was refused",
        "is not a public address (loopback)",
    ]);
    let (_, result) = fetch_with(", networks = [\"10.0.0.0/8\"]");
    assert_eq!(result["error"], "ErrorCode::DestinationIpProhibited");
    assert_eq!(upstream.opened(), 0);
    let (_, result) = fetch_with(", networks = [\"127.0.0.1/32\", \"::1/128\"]");
    assert_eq!(result["body"], "reached", "{result}");
}

#[test]
fn methods_and_paths_are_granted_too() {
    let upstream = Upstream::start(|_, out| answer(out, "200 OK", "", "reached"));
    let more = "methods = [\"POST\"], paths = [\"/v3\"]";
    let host = granted(
        &origin(&upstream, more),
        "limits = { http = { requests = 100 } }",
    );
    let authority = upstream.address.to_string();
    let request = |method: &str, path: &str| {
        let one = json!({ "authority": authority, "method": method, "path": path });
        fetch(&host, json!([one])).remove(0)
    };
    for path in ["/v3", "/v3/", "/v3/translate?to=../admin", "/v3?x"] {
        assert_eq!(request("POST", path)["status"], 200, "{path}");
    }
    let good = upstream.seen().len();
    for (method, path) in [
        ("GET", "/v3"),
        ("POST", "/"),
        ("POST", "/v30"),
        ("POST", ""),
        ("POST", "?/v3"),
        ("POST", "//v3"),
        ("POST", "/v3/../admin"),
        ("POST", "/v3/%2e%2e/admin"),
        ("POST", "/v3/.%2E/admin"),
        ("POST", "/v3/..%2fadmin"),
        ("POST", "/v3/..%5cadmin"),
        ("POST", "/v3/..;/admin"),
        ("POST", "/v3/%252e%252e/admin"),
        ("POST", "/v3/..\\admin"),
        ("POST", "/v3/\r\nx"),
        ("POST", "/v3/ü"),
    ] {
        let result = request(method, path);
        let error = result["error"]
            .as_str()
            .unwrap_or_else(|| panic!("{path}: {result}"));
        assert!(
            error.contains("Denied") || error == "not a request",
            "{path}: {error}"
        );
    }
    assert_eq!(upstream.seen().len(), good);
    host.logged(&["its method is not granted"]);
    host.logged(&["its path is not granted"]);
}

#[test]
fn a_redirect_is_the_plugins_own_matter() {
    let metadata = "location: http://169.254.169.254/latest/meta-data/\r\n";
    let upstream = Upstream::start(move |_, out| answer(out, "302 Found", metadata, ""));
    let host = granted(&origin(&upstream, ""), "");
    let authority = upstream.address.to_string();
    let fetched = fetch(
        &host,
        json!([{ "authority": authority }, { "authority": "169.254.169.254" }]),
    );
    assert_eq!(fetched[0]["status"], 302);
    assert_eq!(
        fetched[0]["headers"]["location"],
        "http://169.254.169.254/latest/meta-data/"
    );
    assert_eq!(fetched[1]["error"], "ErrorCode::HttpRequestDenied");
    assert_eq!(upstream.seen().len(), 1);
}

#[test]
fn a_plugin_without_the_grant_does_not_load() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("retort.toml");
    let config = format!(
        "[plugins.p]\ncomponent = '{}'\n",
        component("fetches").display()
    );
    std::fs::write(&file, config).unwrap();
    let check = retort()
        .args(["check", "--allow-empty", "--config"])
        .arg(&file)
        .output()
        .unwrap();
    assert_eq!(check.status.code(), Some(1));
    let text = String::from_utf8_lossy(&check.stderr);
    for words in [
        "retort.toml:2:",
        "wasi:http/outgoing-handler",
        "[plugins.p] grants = { http = [{ origin = \"https://api.example.com\" }] }",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}
