//! Bodies that are no event, that never end, or that nobody wants.

use super::{PATH, open_host, still_serves};
use crate::support::{Connection, Host, SAMPLE, post, post_body};

/// An event with this payload.
fn event(payload: &str) -> String {
    format!(r#"{{"event":{{"name":"message_processed"}},"payload":{payload}}}"#)
}

#[test]
fn a_body_that_is_no_event_is_refused() {
    let host = open_host();
    let nested = "[".repeat(100_000);
    let cases: &[(&[u8], &str)] = &[
        (b"", "not JSON: EOF while parsing a value"),
        (b" ", "not JSON: EOF while parsing a value"),
        (b"\0", "not JSON: expected value"),
        (b"{", "not JSON: EOF while parsing an object"),
        (
            b"\xef\xbb\xbf{}",
            "not JSON: expected value at line 1 column 1",
        ),
        (
            b"{\"event\":\"\xff\"}",
            "not UTF-8: the first wrong byte is at offset 10",
        ),
        (b"{\"payload\":{\"a\":\"\xed\xa0\x80\"}}", "not UTF-8"),
        (
            b"\xff\xfe{\0}\0",
            "not UTF-8: the first wrong byte is at offset 0",
        ),
        (b"null", "not a webhook event"),
        (b"\"my secret words\"", "it is a string, not an object"),
        (b"{}", "`event` is missing"),
        (
            b"{\"event\":{\"name\":\"message_processed\"}}",
            "`payload` is missing",
        ),
        (br#"[{"name":"message_processed"},{},{}]"#, "it is an array"),
        (
            br#"{"event":["message_processed"],"payload":{}}"#,
            "`event` is not an object",
        ),
        (
            br#"{"event":{"name":"message_processed"},"payload":[]}"#,
            "`payload` is not an object",
        ),
        (
            br#"{"event":{"name":"message_processed"},"payload":{}}{}"#,
            "trailing characters",
        ),
        (
            br#"{"event":{"name":"message_processed"},"payload":{},}"#,
            "trailing comma",
        ),
        (
            br#"{"event":{"name":"message_processed"},"payload":{"a":01}}"#,
            "not JSON",
        ),
        (
            br#"{"event":{"name":"message_processed"},"payload":{"a":NaN}}"#,
            "not JSON",
        ),
        (
            br#"{"event":{"name":"\ud800"},"payload":{}}"#,
            "`event.name, a string,` is missing",
        ),
        (nested.as_bytes(), "not JSON: EOF while parsing"),
    ];
    for (body, words) in cases {
        let answer = host.call("a").body(*body).send();
        answer.is_problem(400, words);
        assert!(answer.body.len() < 1_000, "{}", answer.text());
        assert!(!answer.text().contains("secret"), "{}", answer.text());
        // The log has the reason too, under the same id.
        host.logged(&[
            answer.header("x-request-id"),
            "status=400",
            "reason=",
            words,
        ]);
    }
    still_serves(&host);
}

#[test]
fn a_duplicate_key_is_refused_in_the_envelope_and_kept_in_the_payload() {
    let host = open_host();
    for body in [
        r#"{"event":{"name":"message_processed"},"payload":{},"payload":{}}"#,
        r#"{"event":{"name":"message_processed"},"payload":{},"p\u0061yload":{}}"#,
        r#"{"event":{"name":"x"},"event":{"name":"message_processed"},"payload":{}}"#,
        r#"{"event":{"name":"message_processed"},"options":{},"options":{},"payload":{}}"#,
        r#"{"event":{"name":"x","name":"message_processed"},"payload":{}}"#,
    ] {
        let answer = host.call("a").body(body).send();
        answer.is_problem(400, "the body is not a webhook event");
    }
    let body = event(r#"{"a":1,"a":2,"\u0061":3}"#);
    assert_eq!(host.call("a").body(body.clone()).send().text(), body);
    still_serves(&host);
}

#[test]
fn depth_is_no_danger() {
    let host = Host::start(
        r#"
        [assistants.a]
        tenant = "t"
        auth = { kind = "none" }

        [assistants.unchanged]
        tenant = "t"
        auth = { kind = "none" }
        pipeline = [{ plugin = "echo", settings = { as = "unchanged" } }]

        [assistants.replaced]
        tenant = "t"
        auth = { kind = "none" }
        on_fault = "fail"
        pipeline = [{ plugin = "echo" }]
        "#,
    );
    let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
    let body = event(&format!(r#"{{"a":{open}{close}}}"#));
    for assistant in ["a", "unchanged", "replaced"] {
        let answer = host.call(assistant).body(body.clone()).send();
        assert!(answer.status == 200 && answer.text() == body, "{assistant}");
    }
    let objects = r#"{"a":"#.repeat(100_000) + "1" + &"}".repeat(100_000);
    let around = format!(
        r#"{{"x":{objects},"event":{{"x":{objects},"name":"message_processed"}},"options":{objects},"payload":{{}}}}"#
    );
    let answer = host.call("a").body(around.clone()).send();
    assert!(answer.status == 200 && answer.text() == around);
    let cut_off = body.split_once("]").unwrap().0;
    host.call("a")
        .body(cut_off)
        .send()
        .is_problem(400, "not JSON: EOF");
    still_serves(&host);
}

#[test]
fn a_body_that_breaks_off_is_refused() {
    let host = open_host();
    let chunk = format!("{:x}\r\n{SAMPLE}", SAMPLE.len() + 1);
    for (lines, body) in [
        ("content-length: 100000", SAMPLE),
        ("content-length: 1", ""),
        ("transfer-encoding: chunked", &chunk),
        ("transfer-encoding: chunked", ""),
        ("transfer-encoding: chunked", "nonsense\r\n"),
        ("transfer-encoding: chunked", "fffffffffffffffff\r\n"),
    ] {
        let mut connection = Connection::with(host.address, post(PATH, lines, body));
        connection.finish();
        connection
            .answer()
            .is_problem(400, "the body is incomplete");
        connection.closed();
    }
    still_serves(&host);
}

#[test]
fn a_refused_body_is_read_far_enough_for_the_answer_to_arrive() {
    let host = Host::start(
        r#"
        [server]
        body = "64KiB"

        [assistants.a]
        tenant = "t"
        auth = { kind = "none" }

        [assistants.signed]
        tenant = "t"
        auth = { kind = "jwt", secrets = ["env:SECRET"] }
        "#,
    );
    let body = "x".repeat(8 << 20);
    for (path, status) in [(PATH, 413), ("/webhooks/signed", 401), ("/nowhere", 404)] {
        let mut connection = Connection::with(host.address, post_body(path, &body));
        assert_eq!(connection.answer().status, status);
        // What is left of the body is not taken for a request.
        connection.send(post_body(PATH, SAMPLE));
        assert_eq!(connection.answer().text(), SAMPLE);
    }
    still_serves(&host);
}

#[test]
fn an_endless_body_is_not_read_forever() {
    let host = Host::start("[assistants.a]\ntenant = \"t\"\nauth = { kind = \"none\" }\n");
    let mut connection = Connection::with(
        host.address,
        post("/nowhere", "transfer-encoding: chunked", ""),
    );
    let chunk = format!("100000\r\n{}\r\n", "x".repeat(1 << 20));
    let taken = (0..64).take_while(|_| connection.send(&chunk)).count();
    assert!(taken < 64, "{taken} MiB were read");
    still_serves(&host);
}

#[test]
fn a_caller_who_asks_first_is_told_to_continue_or_not() {
    let host = Host::start(
        r#"
        [assistants.a]
        tenant = "t"
        auth = { kind = "none" }

        [assistants.signed]
        tenant = "t"
        auth = { kind = "jwt", secrets = ["env:SECRET"] }
        "#,
    );
    let ask = |path: &str, length: usize| {
        let lines = format!("expect: 100-continue\ncontent-length: {length}");
        Connection::with(host.address, post(path, &lines, ""))
    };
    let mut connection = ask(PATH, SAMPLE.len());
    assert_eq!(connection.answer().status, 100);
    connection.send(SAMPLE);
    assert_eq!(connection.answer().text(), SAMPLE);

    for (path, length, status) in [
        (PATH, 100 << 20, 413),
        ("/webhooks/signed", 10, 401),
        ("/nowhere", 10, 404),
    ] {
        let mut connection = ask(path, length);
        assert_eq!(connection.answer().status, status, "{path}");
        assert_eq!(connection.closed(), b"");
    }
    still_serves(&host);
}
