//! Connections that are used again: services close theirs whenever they like, and a plugin
//! does not notice.

use super::{fetch, granted, origin};
use crate::support::{Upstream, answer};
use serde_json::json;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::Duration;

/// A service that answers so many requests of a connection, and closes it over the next.
fn answers(times: usize) -> Upstream {
    let counts = Arc::<Mutex<HashMap<usize, usize>>>::default();
    Upstream::start(move |seen, out| {
        let count = {
            let mut counts = counts.lock().unwrap();
            let count = counts.entry(seen.connection).or_default();
            *count += 1;
            *count
        };
        assert!(
            count <= times,
            "the thread ends, and its connection with it"
        );
        answer(out, "200 OK", "", "hello");
    })
}

#[test]
fn what_may_be_sent_twice_is_sent_again_where_the_connection_was_closed() {
    let upstream = answers(1);
    let authority = upstream.address.to_string();
    let host = granted(
        &origin(&upstream, "methods = [\"GET\", \"HEAD\", \"DELETE\"]"),
        "",
    );
    let one = |method: &str| json!({ "authority": authority, "method": method });
    let fetched = fetch(
        &host,
        json!([one("GET"), one("GET"), one("DELETE"), one("HEAD")]),
    );
    for one in &fetched {
        assert_eq!(one["status"], 200, "{one}");
    }
    let connections: Vec<_> = upstream.seen().iter().map(|it| it.connection).collect();
    assert_eq!(connections, [0, 0, 1, 1, 2, 2, 3]);
    assert!(!host.log().contains("a plugin's request failed"));
}

#[test]
fn what_may_not_be_sent_twice_is_sent_once() {
    let upstream = answers(1);
    let authority = upstream.address.to_string();
    let host = granted(&origin(&upstream, ""), "");
    for body in [json!(null), json!(10)] {
        let post = json!({ "authority": authority, "method": "POST", "send": body });
        let before = upstream.seen().len();
        let get = json!({ "authority": authority });
        let fetched = fetch(&host, json!([get, post]));
        assert_eq!(fetched[0]["status"], 200);
        assert_eq!(fetched[1]["error"], "ErrorCode::ConnectionTerminated");
        let posts = upstream.seen()[before..]
            .iter()
            .filter(|seen| seen.head.starts_with("POST"))
            .count();
        assert_eq!(posts, 1);
    }
}

#[test]
fn a_connection_that_never_answered_is_not_tried_again() {
    let upstream = answers(0);
    let host = granted(&origin(&upstream, ""), "");
    let authority = upstream.address.to_string();
    let fetched = fetch(&host, json!([{ "authority": authority }]));
    assert_eq!(fetched[0]["error"], "ErrorCode::ConnectionTerminated");
    assert_eq!(upstream.seen().len(), 1);
}

#[test]
fn a_service_that_closes_idle_connections_is_no_trouble() {
    let idle = Duration::from_millis(200);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // It ends with the process.
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            std::thread::spawn(move || {
                let connection = connection.unwrap();
                connection.set_read_timeout(Some(idle)).unwrap();
                let mut reader = BufReader::new(connection);
                let mut line = String::new();
                while reader.read_line(&mut line).is_ok_and(|length| length > 0) {
                    if line == "\r\n" {
                        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                        reader.get_mut().write_all(answer).unwrap();
                    }
                    line.clear();
                }
            });
        }
    });
    let origin = format!("{{ origin = \"http://{address}\", networks = [\"127.0.0.0/8\"] }}");
    let host = granted(&origin, "");
    for step in 0..40 {
        let one = fetch(&host, json!([{ "authority": address.to_string() }])).remove(0);
        assert_eq!(one["status"], 200, "{one}");
        // About as long as the service waits, sometimes less and sometimes more.
        sleep(idle - Duration::from_millis(10) + Duration::from_micros(500 * step));
    }
}

#[test]
fn a_body_that_would_get_lost_is_an_error() {
    let upstream = Upstream::start(|_, out| answer(out, "200 OK", "", ""));
    let host = granted(
        &origin(&upstream, "methods = [\"GET\", \"HEAD\", \"DELETE\"]"),
        "",
    );
    let authority = upstream.address.to_string();
    let one =
        |method: &str, send: u64| json!({ "authority": authority, "method": method, "send": send });
    for method in ["GET", "HEAD"] {
        let fetched = fetch(&host, json!([one(method, 10), one(method, 100_000)]));
        for lost in &fetched {
            assert_eq!(lost["error"], "ErrorCode::HttpRequestLengthRequired");
        }
    }
    host.logged(&["a plugin's request was refused", "content-length"]);
    // One that is begun and stays empty is none.
    let mut with_length = one("GET", 10);
    with_length["length"] = json!(10);
    let before = upstream.seen().len();
    let requests = json!([
        one("GET", 0),
        one("HEAD", 0),
        with_length,
        one("DELETE", 10)
    ]);
    for good in fetch(&host, requests) {
        assert_eq!(good["status"], 200, "{good}");
    }
    let seen = upstream.seen().split_off(before);
    let bodies: Vec<_> = seen.iter().map(|seen| seen.body.len()).collect();
    assert_eq!(bodies, [0, 0, 10, 10]);
    for empty in &seen[..2] {
        assert!(
            empty.header("transfer-encoding").is_empty(),
            "{}",
            empty.head
        );
        assert!(empty.header("content-length").is_empty(), "{}", empty.head);
    }
}
