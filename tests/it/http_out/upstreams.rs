//! Services that answer badly, for ever, or not at all.

use super::{call, fetch, granted, origin};
use crate::support::{Upstream, answer};
use serde_json::{Value, json};
use std::io::Write;
use std::net::TcpListener;
use std::thread::sleep;
use std::time::Duration;

/// Fetches once from a service that answers like this.
fn fetch_from(answer: impl Fn(&mut dyn Write) + Clone + Send + 'static) -> (Upstream, Value) {
    let upstream = Upstream::start(move |_, out| answer(out));
    let host = granted(
        &origin(&upstream, ""),
        "limits = { http = { timeout = \"700ms\" } }",
    );
    let one = json!({ "authority": upstream.address.to_string() });
    let result = fetch(&host, json!([one])).remove(0);
    host.logged(&["a plugin's request failed", &upstream.address.to_string()]);
    // Whatever it was, the connection does not outlive it.
    upstream.wait_closed(1);
    (upstream, result)
}

fn write_for_ever(out: &mut dyn Write, head: &str, part: &str) {
    let mut written = out.write_all(head.as_bytes());
    while written.is_ok() {
        written = out.write_all(part.as_bytes());
    }
}

#[test]
fn an_answer_of_10_gigabytes_is_not_waited_for() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n";
    let (_, result) = fetch_from(move |out| write_for_ever(out, head, &"x".repeat(100_000)));
    assert_eq!(
        result["error"],
        "ErrorCode::HttpResponseBodySize(Some(4194304))"
    );
    assert_eq!(result["status"], json!(null));
}

#[test]
fn an_answer_without_an_end_is_cut_off() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let (_, result) = fetch_from(move |out| write_for_ever(out, head, &chunk));
    assert_eq!(
        result["error"],
        "ErrorCode::HttpResponseBodySize(Some(4194304))"
    );
    assert_eq!(result["status"], 200);
    assert!(result["bytes"].as_u64().unwrap() <= 4 << 20);
}

#[test]
fn an_answer_that_drips_ends_with_its_time() {
    let (_, result) = fetch_from(|out| {
        let mut written = out.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
        while written.is_ok() {
            sleep(Duration::from_millis(50));
            written = out.write_all(b"x");
        }
    });
    assert_eq!(result["error"], "ErrorCode::HttpResponseTimeout");
    assert_eq!(result["status"], 200);
}

#[test]
fn no_answer_ends_with_its_time() {
    let (_, result) = fetch_from(|_| {});
    assert_eq!(result["error"], "ErrorCode::HttpResponseTimeout");
}

#[test]
fn what_is_no_http_is_an_error_of_the_protocol() {
    for garbage in [
        &b"\0\xff\x01garbage garbage\r\n\r\n"[..],
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    ] {
        let (_, result) = fetch_from(move |out| drop(out.write_all(garbage)));
        let text = String::from_utf8_lossy(garbage);
        assert_eq!(
            result["error"], "ErrorCode::HttpProtocolError",
            "{text}: {result}"
        );
    }
}

#[test]
fn headers_without_an_end_are_cut_off() {
    let head = "HTTP/1.1 200 OK\r\n";
    let line = "x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n";
    let (_, result) = fetch_from(move |out| write_for_ever(out, head, line));
    let error = result["error"].as_str().unwrap();
    assert!(
        error.starts_with("ErrorCode::HttpResponseHeaderSectionSize"),
        "{error}"
    );
    let (_, result) = fetch_from(move |out| write_for_ever(out, "HTTP/1.1 200 OK\r\nx: ", "y"));
    let error = result["error"].as_str().unwrap();
    assert!(
        error.starts_with("ErrorCode::HttpResponseHeaderSectionSize"),
        "{error}"
    );
}

#[test]
fn an_answer_that_breaks_off_is_incomplete() {
    let upstream = Upstream::start(|_, out| {
        let _ = out.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
        panic!("the thread ends, and its connection with it");
    });
    let host = granted(&origin(&upstream, ""), "");
    let one = json!({ "authority": upstream.address.to_string() });
    let result = fetch(&host, json!([one])).remove(0);
    assert_eq!(
        result["error"], "ErrorCode::HttpResponseIncomplete",
        "{result}"
    );
    assert_eq!(result["body"], "half");
}

#[test]
fn nobody_there_is_a_refused_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    drop(listener);
    // A label that is too long: no name server is asked for it.
    let nowhere = format!("{}.test", "a".repeat(64));
    let host = granted(
        &format!(
            "{{ origin = \"http://{authority}\", networks = [\"127.0.0.0/8\"] }}, \
             {{ origin = \"http://{nowhere}\" }}"
        ),
        "limits = { timeout = \"30s\", http = { timeout = \"20s\" } }",
    );
    let requests = json!([{ "authority": authority }, { "authority": nowhere }]);
    let fetched = fetch(&host, requests);
    assert_eq!(fetched[0]["error"], "ErrorCode::ConnectionRefused");
    let error = fetched[1]["error"].as_str().unwrap();
    assert!(error.starts_with("ErrorCode::DnsError"), "{error}");
}

#[test]
fn a_plugins_failure_is_its_stages_fault() {
    let upstream = Upstream::start(|_, out| answer(out, "200 OK", "", &"x".repeat(100)));
    let host = granted(
        &origin(&upstream, ""),
        "limits = { http = { response = 10 } }",
    );
    let one = json!({ "authority": upstream.address.to_string() });
    let failed = call(&host, &json!({ "requests": [one], "fail": true }));
    failed.is_problem(500, "");
    host.logged(&["failed", "HttpResponseBodySize"]);
}

#[test]
fn a_plugin_may_be_in_more_of_a_hurry() {
    let upstream = Upstream::start(|seen, out| {
        if seen.head.starts_with("GET /head") {
            let _ = out.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nx");
        }
    });
    let host = granted(
        &origin(&upstream, ""),
        "limits = { timeout = \"30s\", http = { timeout = \"30s\" } }",
    );
    let authority = upstream.address.to_string();
    let fetched = fetch(
        &host,
        json!([
            { "authority": authority, "first_byte": 100 },
            { "authority": authority, "path": "/head", "between_bytes": 100 },
        ]),
    );
    assert_eq!(fetched[0]["error"], "ErrorCode::HttpResponseTimeout");
    assert_eq!(fetched[1]["error"], "ErrorCode::ConnectionReadTimeout");
    assert_eq!(
        (&fetched[1]["status"], &fetched[1]["body"]),
        (&json!(200), &json!("x"))
    );
}
