//! The rows of the 4xx: requests that no plugin ever sees.

use super::{open, problem};
use crate::support::{Call, Connection, Host, SAMPLE, post, token};

const SIGNED: &str = r#"
[assistants.signed]
tenant = "t"
auth = { kind = "jwt", secrets = ["env:SECRET"] }
"#;

#[test]
fn status_400_is_for_a_body_that_is_no_event() {
    let host = Host::with_stages("");
    let cases = [
        ("nonsense", "the body is not JSON: expected"),
        ("", "the body is not JSON: EOF"),
        ("[1]", "the body is not a webhook event"),
        ("{}", "`event` is missing"),
        (
            r#"{"event":{"name":"message_processed"}}"#,
            "`payload` is missing",
        ),
        (
            r#"{"event":{"name":"pre_run"},"payload":{}}"#,
            "the event `pre_run` is not served here; served: message_received, message_processed, message_logged, cdr_logged",
        ),
    ];
    for (body, words) in cases {
        problem(&host.call("a").body(body).send(), 400, words);
    }
}

#[test]
fn status_401_is_for_an_unknown_assistant_too() {
    let host = Host::start(SIGNED);
    let good = host
        .call("signed")
        .header("authorization", &token("no exp"));
    assert_eq!(good.send().status, 200);

    let refused = |assistant: &str, name: &str, value: &str| {
        let answer = host
            .call(assistant)
            .header(name, value)
            .header("x-request-id", "the-same")
            .send();
        problem(&answer, 401, "the credentials are missing or wrong");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        (answer.status, answer.headers.without_date(), answer.body)
    };
    let wrong = token("wrong secret");
    let expected = refused("signed", "authorization", &wrong);
    assert_eq!(refused("signed", "x-nothing", ""), expected);
    for unknown in ["nobody", "a%00b", "..", "%2e%2e", &"x".repeat(5_000)] {
        assert_eq!(refused(unknown, "authorization", &wrong), expected);
        assert_eq!(
            refused(unknown, "authorization", &token("no exp")),
            expected
        );
        assert_eq!(refused(unknown, "x-nothing", ""), expected);
    }
    // Not even by its other mistakes can a stranger tell them apart.
    for assistant in ["signed", "nobody"] {
        let call = host.call(assistant).without_headers().body("{");
        problem(
            &call.header("content-type", "text/plain").send(),
            401,
            "credentials",
        );
    }
    host.logged(&["refused", "there is no assistant of this name", "nobody"]);
    host.logged(&["refused", "the caller is not the assistant", "signed"]);
}

trait WithoutDate {
    fn without_date(self) -> Self;
}

impl WithoutDate for Vec<(String, String)> {
    fn without_date(mut self) -> Self {
        self.retain(|(name, _)| name != "date");
        self
    }
}

#[test]
fn status_404_is_for_a_path_that_means_nothing() {
    let host = Host::with_stages("");
    for path in ["/", "/webhooks", "/webhooks/", "/webhooks/a/", "/metrics"] {
        let answer = Call::post(host.address, path).send();
        problem(&answer, 404, "a webhook is at /webhooks/ASSISTANT");
    }
}

#[test]
fn status_405_names_the_methods_that_are_possible() {
    let host = Host::with_stages("");
    let cases = [
        (
            "/webhooks/a",
            "POST",
            &["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"][..],
        ),
        ("/webhooks/nobody", "POST", &["GET", "PUT"]),
        ("/healthz", "GET, HEAD", &["POST", "DELETE"]),
        ("/readyz", "GET, HEAD", &["POST", "DELETE"]),
    ];
    for (path, allowed, methods) in cases {
        for method in methods {
            let answer = Call::post(host.address, path).method(method).send();
            problem(&answer, 405, &format!("this path takes {allowed} only"));
            assert_eq!(answer.header("allow"), allowed);
        }
    }
}

#[test]
fn status_408_is_for_a_body_that_does_not_arrive() {
    let host = Host::with_assistant("timeout = \"1s\"");
    let bytes = post("/webhooks/a", "content-length: 100", "{\"event\":");
    let answer = Connection::with(host.address, bytes).answer();
    problem(&answer, 408, "the body did not arrive within 1000 ms");
}

#[test]
fn status_413_is_for_a_body_over_the_limit() {
    let host = Host::start(&("[server]\nbody = \"64KiB\"\n".to_owned() + &open("a", "")));
    let fits = format!("{SAMPLE}{}", " ".repeat((64 << 10) - SAMPLE.len()));
    assert_eq!(host.call("a").body(fits.clone()).send().text(), fits);

    let words = "the body is larger than 65536 bytes";
    problem(&host.call("a").body(format!("{fits} ")).send(), 413, words);
    problem(&host.call("a").body(vec![b' '; 3 << 20]).send(), 413, words);
    let mut chunked = Connection::with(
        host.address,
        post("/webhooks/a", "transfer-encoding: chunked", ""),
    );
    for _ in 0..20 {
        chunked.send(format!("1000\r\n{}\r\n", " ".repeat(0x1000)));
    }
    chunked.send("0\r\n\r\n");
    problem(&chunked.answer(), 413, words);
}

#[test]
fn status_415_is_for_anything_but_plain_json() {
    let host = Host::with_stages("");
    let call = |kind: &str| {
        let call = host.call("a").without_headers();
        call.header("content-type", kind).send()
    };
    for kind in [
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON ;charset=\"UTF-8\"",
    ] {
        assert_eq!(call(kind).status, 200, "{kind}");
    }
    let words = "the content type has to be application/json";
    for kind in [
        "text/plain",
        "application/jsonp",
        "application/x-www-form-urlencoded",
        "",
        "é",
    ] {
        problem(&call(kind), 415, words);
    }
    let twice = host.call("a").header("content-type", "text/plain");
    problem(&twice.send(), 415, words);
    // The client would add one by itself.
    let bytes = "POST /webhooks/a HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";
    problem(&Connection::with(host.address, bytes).answer(), 415, words);

    for coding in ["gzip", "identity", "", "br, gzip"] {
        let answer = host.call("a").header("content-encoding", coding).send();
        problem(&answer, 415, "a Content-Encoding is not understood");
    }
}

#[test]
fn status_431_is_for_a_head_over_the_limit() {
    let host = Host::start(&("[server]\nhead = \"8KiB\"\n".to_owned() + &open("a", "")));
    let fits = host.call("a").header("x-long", &"a".repeat(7_000));
    assert_eq!(fits.send().status, 200);
    let answer = host.call("a").header("x-long", &"a".repeat(9_000)).send();
    problem(
        &answer,
        431,
        "the head of the request is larger than 8192 bytes",
    );
    // A head that is far over it is not read to its end, so nobody knows of an id in it.
    let head = format!(
        "POST /webhooks/a HTTP/1.1\r\nx-request-id: id-1\r\nx-long: {}",
        "a".repeat(2 * 8192)
    );
    let mut connection = Connection::with(host.address, &head[..2 * 8192]);
    let answer = connection.answer();
    assert_eq!((answer.status, answer.text().as_str()), (431, ""));
    assert_eq!(answer.header("connection"), "close");
    connection.closed();
}
