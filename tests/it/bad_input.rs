//! Whatever arrives over the network gets its answer, and neither the server nor the
//! next caller notices.

mod body;
mod head;

use crate::support::{Connection, Host, SAMPLE, post, post_body};

const PATH: &str = "/webhooks/a";

/// An assistant that anybody can call, without a plugin.
fn open_host() -> Host {
    Host::with_assistant("timeout = \"1s\"")
}

/// The next caller gets the own bytes back, and nothing has panicked.
#[track_caller]
fn still_serves(host: &Host) {
    let answer = host.call("a").send();
    assert_eq!((answer.status, answer.text().as_str()), (200, SAMPLE));
    let log = host.log();
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn a_caller_who_goes_away_within_the_body_is_forgotten() {
    let host = open_host();
    for sent in [0, 1, 100] {
        let bytes = post(PATH, "content-length: 1000", &SAMPLE[..sent]);
        drop(Connection::with(host.address, bytes));
    }
    drop(Connection::with(host.address, "POST /webho"));
    drop(Connection::open(host.address));
    still_serves(&host);
}

#[test]
fn a_caller_who_goes_away_takes_the_call_with_it() {
    let host = Host::start(
        r#"
        [sandbox]
        concurrency = 1
        wait = "100ms"

        [assistants.sleeps]
        tenant = "t"
        auth = { kind = "none" }
        timeout = "30s"
        pipeline = [{ plugin = "sleeps", limits = { timeout = "30s" } }]

        [assistants.loops]
        tenant = "t"
        auth = { kind = "none" }
        timeout = "30s"
        pipeline = [{ plugin = "loops-forever", limits = { timeout = "30s", fuel = 1_000_000_000_000 } }]

        [assistants.a]
        tenant = "t"
        auth = { kind = "none" }
        on_fault = "fail"
        pipeline = [{ plugin = "echo", settings = { as = "unchanged" } }]
        "#,
    );
    // Far fewer calls than fit into the 30 seconds that the occupant would stay.
    let until = |status: u16| {
        let answers = std::iter::repeat_with(|| host.call("a").send());
        let mut answers = answers.take(50).map(|answer| answer.status);
        assert!(answers.any(|other| other == status), "never {status}");
    };
    for name in ["sleeps", "loops"] {
        let bytes = post_body(&format!("/webhooks/{name}"), SAMPLE);
        let occupant = Connection::with(host.address, bytes);
        until(503);
        drop(occupant);
        until(200);
        host.logged(&[name, "the caller went away before its answer"]);
    }
    still_serves(&host);
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    let host = Host::with_assistant(
        "pipeline = [{ plugin = \"echo\", settings = { as = \"invocation\" } }]",
    );
    let requests: Vec<u8> = (1..=10)
        .flat_map(|n| {
            post(
                PATH,
                &format!("x-request-id: id-{n}\ncontent-length: {}", SAMPLE.len()),
                SAMPLE,
            )
        })
        .collect();
    let mut connection = Connection::with(host.address, requests);
    for n in 1..=10 {
        let answer = connection.answer();
        assert_eq!(answer.header("x-request-id"), format!("id-{n}"));
        assert_eq!(answer.json()["payload"]["request_id"], format!("id-{n}"));
    }
    // A good one is answered although the next is broken.
    let mut bytes = post_body(PATH, SAMPLE);
    bytes.extend_from_slice(b"nonsense\r\n\r\n");
    connection.send(bytes);
    assert_eq!(connection.answer().status, 200);
    assert_eq!(connection.answer().status, 400);
    connection.closed();
    assert!(!host.log().contains("panicked"), "{}", host.log());
}
