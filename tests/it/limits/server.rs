//! What the server takes from strangers, and what all calls share.

use super::SOON;
use crate::support::{Call, Connection, Host, SAMPLE, post, post_body};
use std::time::{Duration, Instant};

#[test]
fn body() {
    let host = Host::start(
        "[server]\nbody = 2000\n[assistants.a]\ntenant = \"t\"\nauth = { kind = \"none\" }",
    );
    let body = |length: usize| format!("{SAMPLE}{}", " ".repeat(length - SAMPLE.len()));
    assert_eq!(host.call("a").body(body(2000)).send().status, 200);
    let answer = host.call("a").body(body(2001)).send();
    answer.is_problem(413, "larger than 2000 bytes");
}

/// Two tenants, whose bodies together have a megabyte.
fn a_megabyte_for_bodies(lines: &str) -> Host {
    let assistant = |name: &str| {
        format!(
            "[tenants.{name}]\n[assistants.{name}]\ntenant = \"{name}\"\nauth = {{ kind = \"none\" }}\n"
        )
    };
    Host::start(&format!(
        "[admin]\nlisten = \"127.0.0.1:0\"\n[server]\nbody = \"256KiB\"\nbody_memory = \"1MiB\"\n{lines}{}{}",
        assistant("a"),
        assistant("b"),
    ))
}

/// A request for an assistant with a body of so many bytes, of which so many are sent.
fn unfinished(host: &Host, assistant: &str, length: usize, sent: usize) -> Connection {
    let lines = format!("content-length: {length}\n");
    let head = post(&format!("/webhooks/{assistant}"), &lines, "");
    Connection::with(host.address, [head, vec![b' '; sent]].concat())
}

#[test]
fn body_memory() {
    let host = a_megabyte_for_bodies("");
    let used = "retort_body_memory_used_bytes";
    let comes_to = |bytes: f64| host.wait("so much is used", || host.metric(used) >= bytes);
    const BODY: usize = 200_000;
    let mut bodies: Vec<_> = (0..2)
        .map(|_| unfinished(&host, "a", BODY, BODY - 1))
        .collect();
    comes_to(2.0 * 199_999.0);
    // It may have half of the megabyte.
    let mut refused = unfinished(&host, "a", BODY, BODY);
    let answer = refused.answer();
    answer.is_problem(503, "too many answers are being transformed; try again");
    assert_eq!(answer.header("retry-after"), "1");
    host.logged(&[
        "refused: try again",
        "have their 524288 bytes of memory already",
    ]);
    let refusals = r#"retort_refusals_total{tenant="a",reason="body-memory-full"}"#;
    assert!((host.metric(refusals) - 1.0).abs() < 0.1);
    // Small ones, and those of others, have room.
    assert_eq!(host.call("a").send().status, 200);
    assert_eq!(
        host.call("b")
            .body(format!("{SAMPLE}{}", " ".repeat(BODY)))
            .send()
            .status,
        200
    );
    // An answer keeps its memory until it is sent, and no longer.
    for body in &mut bodies {
        body.send("x");
        assert_eq!(body.answer().status, 400);
    }
    host.wait("all is given back", || host.metric(used) < 0.1);
    assert_eq!(
        host.call("a")
            .body(format!("{SAMPLE}{}", " ".repeat(BODY)))
            .send()
            .status,
        200
    );
}

#[test]
fn a_body_takes_memory_as_it_comes_and_not_as_it_is_declared() {
    let host = a_megabyte_for_bodies("");
    let few = 1_000;
    let bodies: Vec<_> = (0..30)
        .map(|_| unfinished(&host, "a", 200_000, few))
        .collect();
    let used = "retort_body_memory_used_bytes";
    host.wait("all have come", || host.metric(used) >= 30.0 * 1_000.0);
    assert!(
        host.metric(used) <= 30.0 * 16_384.0,
        "{}",
        host.metric(used)
    );
    assert_eq!(host.call("a").send().status, 200);
    drop(bodies);
    host.wait("all is given back", || host.metric(used) < 0.1);
}

#[test]
fn a_request_that_would_get_no_slot_is_refused_before_its_body() {
    let host = Host::start(
        r#"
        [tenants.t]
        concurrency = 1
        queue = 0
        [assistants.strict]
        tenant = "t"
        auth = { kind = "none" }
        on_fault = "fail"
        pipeline = [{ plugin = "sleeps", settings = { milliseconds = 3000 } }]
        [assistants.lenient]
        tenant = "t"
        auth = { kind = "none" }
        pipeline = [{ plugin = "sleeps", settings = { milliseconds = 3000 } }]
        [admin]
        listen = "127.0.0.1:0"
        "#,
    );
    let mut served = Connection::with(host.address, post_body("/webhooks/strict", SAMPLE));
    host.wait("it has the slot", || host.metric("retort_slots_used") > 0.5);
    let ask = |assistant: &str| {
        let lines = format!("content-length: {}\nexpect: 100-continue\n", SAMPLE.len());
        let path = format!("/webhooks/{assistant}");
        Connection::with(host.address, post(&path, &lines, ""))
    };
    // Nobody asks for its body.
    let answer = ask("strict").answer();
    answer.is_problem(503, "too many answers are being transformed; try again");
    host.logged(&[
        "refused: try again",
        "0 calls of the tenant are waiting already",
    ]);
    // The policy of this one wants its body back.
    let mut lenient = ask("lenient");
    assert_eq!(lenient.answer().status, 100);
    lenient.send(SAMPLE);
    assert_eq!(lenient.answer().text(), SAMPLE);
    assert_eq!(served.answer().status, 200);
}

#[test]
fn head() {
    let host = Host::start(
        "[server]\nhead = 10_000\n[assistants.a]\ntenant = \"t\"\nauth = { kind = \"none\" }",
    );
    let lines = format!("content-length: {}\nx-long: ", SAMPLE.len());
    let head = post("/webhooks/a", &lines, "").len();
    let status = |length: usize| {
        let lines = format!("{lines}{}", "x".repeat(length - head - 1));
        let bytes = post("/webhooks/a", &lines, SAMPLE);
        assert_eq!(bytes.len(), length + SAMPLE.len());
        Connection::with(host.address, bytes).answer().status
    };
    assert_eq!(status(10_000), 200);
    assert_eq!(status(10_001), 431);
    // The target is part of the head.
    let path = format!("/webhooks/a?{}", "x".repeat(10_000));
    let answer = Call::post(host.address, &path).send();
    answer.is_problem(431, "larger than 10000 bytes");
}

#[test]
fn head_timeout() {
    let host = Host::start(
        "[server]\nhead_timeout = \"200ms\"\nidle_timeout = \"200ms\"\n[assistants.a]\ntenant = \"t\"\nauth = { kind = \"none\" }",
    );
    let start = Instant::now();
    let silent = Connection::open(host.address);
    let mut silent_again = Connection::with(host.address, post_body("/webhooks/a", SAMPLE));
    assert_eq!(silent_again.answer().status, 200);
    for mut connection in [
        silent,
        silent_again,
        Connection::with(host.address, "PRI * HT"),
    ] {
        assert_eq!(connection.closed(), b"");
    }
    // Nor has a caller who speaks HTTP/2 and asks for nothing.
    Connection::with(
        host.address,
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    )
    .closed();
    // A head that arrives byte by byte has no more time than any other.
    let mut dripping = Connection::open(host.address);
    let head = b"POST /webhooks/a HTTP/1.1\r\nx-long: "
        .iter()
        .chain(&[b'x'; 2_000]);
    let sent = head
        .take_while(|byte| {
            std::thread::sleep(Duration::from_millis(2));
            dripping.send([**byte])
        })
        .count();
    assert!(sent < 1_000, "{sent} bytes were waited for");
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    assert_eq!(host.call("a").send().status, 200);
}

#[test]
fn drain_timeout() {
    let mut host = Host::start(
        r#"
        [server]
        drain_timeout = "200ms"

        [assistants.a]
        tenant = "t"
        auth = { kind = "none" }
        pipeline = [
            { plugin = "prints-endlessly", settings = { lines = 1 } },
            { plugin = "sleeps", settings = { milliseconds = 30_000 } },
        ]
        "#,
    );
    let mut connection = Connection::with(host.address, post_body("/webhooks/a", SAMPLE));
    host.logged(&["stdout line 1"]);
    let start = Instant::now();
    host.signal("TERM");
    assert_eq!(connection.closed(), b"");
    assert_eq!(host.ended().code(), Some(0));
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    host.logged(&["WARN", "cut off"]);
}

#[test]
fn concurrency_and_wait() {
    let host = |wait: &str, milliseconds: u32| {
        Host::start(&format!(
            r#"
            [sandbox]
            concurrency = 2
            wait = "{wait}"

            [assistants.a]
            tenant = "t"
            auth = {{ kind = "none" }}
            on_fault = "fail"
            pipeline = [{{ plugin = "sleeps", settings = {{ milliseconds = {milliseconds} }} }}]
            "#
        ))
    };
    let statuses = |host: &Host| {
        let calls: Vec<_> = (0..4)
            .map(|_| Connection::with(host.address, post_body("/webhooks/a", SAMPLE)))
            .collect();
        let mut statuses: Vec<_> = calls
            .into_iter()
            .map(|mut call| call.answer().status)
            .collect();
        statuses.sort_unstable();
        statuses
    };
    let patient = host("5s", 200);
    assert_eq!(statuses(&patient), [200, 200, 200, 200]);
    let impatient = host("50ms", 1_000);
    assert_eq!(statuses(&impatient), [200, 200, 503, 503]);
    impatient.logged(&["fault=\"unavailable\"", "no free slot within"]);
    assert_eq!(impatient.call("a").send().status, 200);
}
