//! What a plugin may use of HTTP, and whose connections it uses.

use super::{call, fetch, granted, origin, results};
use crate::support::{Connection, Host, Upstream, answer, post_body};
use serde_json::json;
use std::io::Write;
use std::time::Duration;

#[test]
fn a_call_has_so_many_requests() {
    let upstream = Upstream::start(|_, out| answer(out, "200 OK", "", ""));
    let host = granted(
        &origin(&upstream, ""),
        "limits = { http = { requests = 3 } }",
    );
    let one = json!({ "authority": upstream.address.to_string() });
    // What was refused counts too.
    let denied = json!({ "authority": "other.test" });
    let fetched = fetch(&host, json!([one, denied, one, one, one]));
    assert_eq!(fetched[0]["status"], 200);
    assert_eq!(fetched[2]["status"], 200);
    for result in &fetched[3..] {
        assert_eq!(result["error"], "ErrorCode::HttpRequestDenied");
    }
    assert_eq!(upstream.seen().len(), 2);
    // The next call has them anew.
    assert_eq!(fetch(&host, json!([one]))[0]["status"], 200);
    // Two were beyond the limit, and one line says so. What another call is refused is
    // logged after both.
    fetch(&host, json!([{ "authority": "last.test" }]));
    host.logged(&["origin=http://last.test"]);
    let beyond = host.log().matches("one more than `http.requests`").count();
    assert_eq!(beyond, 1, "{}", host.log());
}

#[test]
fn and_so_many_of_them_at_once() {
    let upstream = Upstream::start(|_, out| answer(out, "200 OK", "", "unread"));
    let host = granted(
        &origin(&upstream, ""),
        "limits = { http = { at_once = 2 } }",
    );
    let one = json!({ "authority": upstream.address.to_string() });
    let requests = json!([one, one, one]);
    // An answer that was not read to its end goes on.
    for plan in [
        json!({ "requests": requests, "keep": true }),
        json!({ "requests": requests, "at_once": true }),
    ] {
        let fetched = results(&call(&host, &plan));
        assert_eq!(fetched[1]["status"], 200, "{fetched:?}");
        assert_eq!(fetched[2]["error"], "ErrorCode::ConnectionLimitReached");
    }
    for result in fetch(&host, requests) {
        assert_eq!(result["body"], "unread");
    }
}

#[test]
fn bodies_end_at_their_limits() {
    let chunked = |out: &mut dyn Write, length: usize| {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let body = "x".repeat(length);
        out.write_all(format!("{head}{length:x}\r\n{body}\r\n0\r\n\r\n").as_bytes())
            .unwrap();
    };
    let upstream = Upstream::start(move |seen, out| match seen.head.split(' ').nth(1) {
        Some("/fits") => answer(out, "200 OK", "", &"x".repeat(2000)),
        Some("/long") => answer(out, "200 OK", "", &"x".repeat(2001)),
        Some("/fits-chunked") => chunked(out, 2000),
        _ => chunked(out, 2001),
    });
    let limits = "limits = { http = { request = 1000, response = 2000 } }";
    let host = granted(&origin(&upstream, ""), limits);
    let request = |path: &str, method: &str, send: Option<u64>, length: Option<u64>| {
        let mut one = json!({ "authority": upstream.address.to_string(), "path": path });
        one["method"] = method.into();
        one["send"] = send.into();
        one["length"] = length.into();
        fetch(&host, json!([one])).remove(0)
    };
    for path in ["/fits", "/fits-chunked"] {
        let result = request(path, "GET", None, None);
        assert_eq!(
            (&result["bytes"], &result["error"]),
            (&json!(2000), &json!(null))
        );
    }
    for path in ["/long", "/long-chunked"] {
        let result = request(path, "GET", None, None);
        assert_eq!(
            result["error"], "ErrorCode::HttpResponseBodySize(Some(2000))",
            "{result}"
        );
    }
    // It has a length and no body.
    assert_eq!(request("/long", "HEAD", None, None)["error"], json!(null));
    for length in [None, Some(1000)] {
        assert_eq!(request("/fits", "POST", Some(1000), length)["status"], 200);
    }
    let before = upstream.seen().len();
    for length in [None, Some(1001)] {
        let result = request("/fits", "POST", Some(1001), length);
        assert_eq!(
            result["error"], "ErrorCode::HttpRequestBodySize(Some(1000))",
            "{result}"
        );
    }
    assert_eq!(upstream.seen().len(), before, "no whole request has come");
}

#[test]
fn a_head_has_its_limit_in_one_piece_too_and_no_answer_changes_the_protocol() {
    let upstream = Upstream::start(|seen, out| match seen.head.split(' ').nth(1) {
        Some("/upgrade") => {
            let head = b"HTTP/1.1 101 Such\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n";
            out.write_all(head).unwrap();
        }
        path => {
            let length = path.unwrap().trim_start_matches('/').parse().unwrap();
            let line = format!("x-long: {}\r\n", "x".repeat(length));
            answer(out, "200 OK", &line, "");
        }
    });
    let host = granted(&origin(&upstream, ""), "");
    let came = |path: &str| {
        let one = json!({ "authority": upstream.address.to_string(), "path": path });
        fetch(&host, json!([one])).remove(0)
    };
    assert_eq!(came("/60000")["status"], 200);
    for length in ["/65536", "/80000", "/100000"] {
        let error = came(length)["error"].to_string();
        assert!(error.contains("HttpResponseHeaderSectionSize"), "{error}");
    }
    let upgrade = came("/upgrade");
    assert_eq!(
        upgrade["error"], "ErrorCode::HttpUpgradeFailed",
        "{upgrade}"
    );
}

#[test]
fn a_call_that_ends_takes_its_connections_along() {
    let upstream = Upstream::start(|_, _| {});
    let host = granted(
        &origin(&upstream, ""),
        "limits = { timeout = \"300ms\", http = { timeout = \"30s\" } }",
    );
    let plan = json!({ "requests": [{ "authority": upstream.address.to_string() }] });
    let timed_out = call(&host, &plan);
    timed_out.is_problem(504, "");
    host.logged(&["timed-out", "did not answer within 300 ms"]);
    upstream.wait_closed(1);
    // So does one whose caller goes away.
    let host = granted(
        &origin(&upstream, ""),
        "limits = { timeout = \"30s\", http = { timeout = \"30s\" } }",
    );
    let event = format!(r#"{{"event":{{"name":"message_processed"}},"payload":{plan}}}"#);
    let caller = Connection::with(host.address, post_body("/webhooks/a", event));
    upstream.wait_seen(2);
    drop(caller);
    upstream.wait_closed(2);
}

#[test]
fn a_body_that_is_not_finished_does_not_look_as_if() {
    let upstream = Upstream::start(|_, out| answer(out, "200 OK", "", ""));
    let host = granted(&origin(&upstream, ""), "");
    let authority = upstream.address.to_string();
    // Fewer than would have the stage quarantined.
    for _ in 0..8 {
        // More than waits within the host, so that the service has some of it.
        let (method, send) = ("POST", 100_000);
        let request =
            json!({ "authority": authority, "method": method, "send": send, "traps": true });
        call(&host, &json!({ "requests": [request] })).is_problem(500, "failed");
        host.logged(&["trapped"]);
    }
    // What is on its way arrives in this time.
    std::thread::sleep(Duration::from_millis(300));
    assert!(upstream.opened() > 0);
    assert!(upstream.seen().is_empty(), "{:?}", upstream.seen());
    let whole = json!([{ "authority": authority, "method": "POST", "send": 10 }]);
    assert_eq!(fetch(&host, whole)[0]["status"], 200);
}

#[test]
fn tenants_do_not_share_connections() {
    let upstream = Upstream::start(|_, out| answer(out, "200 OK", "", ""));
    let stage = "pipeline = [{ plugin = \"fetches\" }]\nauth = { kind = \"none\" }";
    let host = Host::start(&format!(
        "[plugins.fetches]\ncomponent = '{}'\ngrants = {{ http = [{}] }}\n\
         [tenants.one]\n[tenants.two]\n\
         [assistants.a]\ntenant = \"one\"\n{stage}\n\
         [assistants.b]\ntenant = \"one\"\n{stage}\n\
         [assistants.c]\ntenant = \"two\"\n{stage}\n",
        super::component("fetches").display(),
        origin(&upstream, ""),
    ));
    for assistant in ["a", "b", "c", "a", "c"] {
        let headers = json!({ "x-from": assistant });
        let one = json!({ "authority": upstream.address.to_string(), "headers": headers });
        let plan = json!({ "requests": [one] }).to_string();
        let fetched = results(&host.call(assistant).payload(&plan).send());
        assert_eq!(fetched[0]["status"], 200, "{fetched:?}");
    }
    let seen = upstream.seen();
    let of = |from: &str| {
        let mine = seen.iter().filter(|seen| seen.header("x-from") == [from]);
        mine.map(|seen| seen.connection).collect::<Vec<_>>()
    };
    // Assistants of one tenant use one connection again and again.
    assert_eq!((of("a"), of("b")), (vec![0, 0], vec![0]), "{seen:?}");
    assert_eq!(of("c"), [1, 1]);
    assert_eq!(upstream.opened(), 2);
}
