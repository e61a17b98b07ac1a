//! Heads that are wrong, too large, or no HTTP at all.

use super::{PATH, open_host, still_serves};
use crate::support::{Answer, Call, Connection, Host, SAMPLE, post, post_body};

/// Sends bytes over a connection of their own and returns the one answer to them.
#[track_caller]
fn raw(host: &Host, bytes: impl AsRef<[u8]>) -> Answer {
    Connection::with(host.address, bytes).answer()
}

/// An answer of hyper's own, to what is not HTTP: a status and nothing else.
#[track_caller]
fn is_refused_and_closed(host: &Host, bytes: impl AsRef<[u8]>, status: u16) {
    let mut connection = Connection::with(host.address, &bytes);
    let answer = connection.answer();
    let sent = String::from_utf8_lossy(bytes.as_ref()).into_owned();
    assert_eq!(answer.status, status, "{sent:.100}");
    assert_eq!(answer.header("connection"), "close", "{sent:.100}");
    assert_eq!(connection.closed(), b"", "{sent:.100}");
}

#[test]
fn too_many_headers_are_refused() {
    let host = open_host();
    let call = |count: usize| {
        (0..count).fold(host.call("a"), |call, n| {
            call.header(&format!("x-{n}"), "1")
        })
    };
    assert_eq!(call(80).send().status, 200);
    assert_eq!(call(150).send().status, 431);
    still_serves(&host);
}

#[test]
fn a_path_is_taken_as_it_stands() {
    let host = open_host();
    let status = |target: &str| {
        let line = format!("POST {target} HTTP/1.1");
        let bytes = String::from_utf8(post_body(PATH, SAMPLE)).unwrap();
        raw(&host, bytes.replace("POST /webhooks/a HTTP/1.1", &line)).status
    };
    for (target, expected) in [
        ("/webhooks/a", 200),
        ("/webhooks/a?", 200),
        ("/webhooks/a?x=/../y#z", 200),
        ("http://other.example/webhooks/a", 200),
        ("/webhooks/a%2e", 401),
        ("/webhooks/%61", 401),
        ("/webhooks/A", 401),
        ("/webhooks/a;x=1", 401),
        ("/webhooks/..", 401),
        ("/webhooks/a%2Fb", 401),
        ("//webhooks/a", 404),
        ("/webhooks//a", 404),
        ("/webhooks/", 404),
        ("/webhooks", 404),
        ("/webhooks/a/", 404),
        ("/webhooks/a/b", 404),
        ("/x/../webhooks/a", 404),
        ("/Webhooks/a", 404),
        ("*", 404),
        ("webhooks/a", 400),
        ("/webhooks/\u{e9}", 401),
        ("/webhooks/a b", 400),
    ] {
        assert_eq!(status(target), expected, "{target}");
    }
    assert_eq!(status(&format!("/webhooks/{}", "a".repeat(60_000))), 401);
    assert_eq!(status(&format!("/webhooks/a?{}", "a".repeat(60_000))), 200);
    assert_eq!(status(&format!("/webhooks/{}", "a".repeat(66_000))), 414);
    assert!(
        !host.log().contains(&"a".repeat(65)),
        "a stranger fills the log"
    );
    still_serves(&host);
}

#[test]
fn a_method_that_does_not_exist_is_refused() {
    let host = open_host();
    for (line, status) in [
        ("BREW /webhooks/a HTTP/1.1", 405),
        ("post /webhooks/a HTTP/1.1", 405),
        ("TRACE /healthz HTTP/1.1", 405),
        ("OPTIONS * HTTP/1.1", 404),
        ("CONNECT localhost:80 HTTP/1.1", 404),
    ] {
        let answer = raw(&host, format!("{line}\r\nhost: localhost\r\n\r\n"));
        assert_eq!(answer.status, status, "{line}");
    }
    let answer = Call::post(host.address, PATH).method("HEAD").send();
    assert_eq!((answer.status, answer.body.len()), (405, 0));
    still_serves(&host);
}

#[test]
fn what_is_not_http_is_refused_and_closed() {
    let host = open_host();
    let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 as TLS begins\r\n\r\n";
    is_refused_and_closed(&host, hello, 400);
    for bytes in [
        "\r\nnonsense\r\n\r\n",
        "GET\r\n\r\n",
        "GET /healthz\r\n\r\n",
        "GET /healthz HTTP/9.9\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nno colon\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nx y: 1\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nx: \0\r\n\r\n",
        "{\"event\":{}}\r\n\r\n",
    ] {
        is_refused_and_closed(&host, bytes, 400);
    }
    still_serves(&host);
}

#[test]
fn a_body_has_one_length() {
    let host = open_host();
    for lines in [
        "content-length: 2\ncontent-length: 3",
        "content-length: -1",
        "content-length: +2",
        "content-length: 2, 3",
        "content-length: 99999999999999999999",
        "transfer-encoding: gzip",
        "transfer-encoding: chunked, gzip",
    ] {
        is_refused_and_closed(&host, post(PATH, lines, "{}"), 400);
    }
    is_refused_and_closed(
        &host,
        "POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n",
        400,
    );
    // Of a length and chunks, the chunks count; the connection is not used again, because
    // a proxy could have seen it the other way.
    let smuggled = "0\r\n\r\nGET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    for lines in [
        "content-length: 49\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\ncontent-length: 49",
    ] {
        let mut connection = Connection::with(host.address, post(PATH, lines, smuggled));
        connection.answer().is_problem(400, "not JSON: EOF");
        assert_eq!(String::from_utf8_lossy(&connection.closed()), "");
    }
    still_serves(&host);
}

#[test]
fn http_1_0_is_answered_and_closed() {
    let host = open_host();
    let bytes = String::from_utf8(post_body(PATH, SAMPLE)).unwrap();
    let mut connection = Connection::with(host.address, bytes.replace("HTTP/1.1", "HTTP/1.0"));
    let answer = connection.answer();
    assert_eq!((answer.status, answer.text().as_str()), (200, SAMPLE));
    assert_eq!(connection.closed(), b"");
    let bytes = "GET /healthz HTTP/1.0\r\n\r\n";
    assert_eq!(raw(&host, bytes).text(), "ok\n");
    still_serves(&host);
}
