//! The assistant's timeout, which is there for everything together.

use super::SOON;
use crate::support::{Connection, Host, SAMPLE, post_body};
use serde_json::json;
use std::time::{Duration, Instant};

/// An assistant with a second for everything, of which each of two stages needs more
/// than half.
fn short_of_time(on_fault: &str) -> Host {
    Host::with_assistant(&format!(
        r#"
        timeout = "1s"
        on_fault = "{on_fault}"
        pipeline = [
            {{ plugin = "echo", settings = {{ as = "replaced", value = '{{"first":true}}' }} }},
            {{ plugin = "sleeps", settings = {{ milliseconds = 700 }} }},
            {{ plugin = "sleeps", settings = {{ milliseconds = 700 }} }},
            {{ plugin = "echo", settings = {{ as = "merge-patch", value = '{{"last":true}}' }} }},
        ]
        "#
    ))
}

#[test]
fn an_assistants_timeout_covers_all_stages_together() {
    let host = short_of_time("fail");
    let answer = host.call("a").send();
    answer.is_problem(504, "the answer could not be transformed in time");
    let line = host.logged(&["fault=\"deadline-exceeded\""]);
    let limit = line.split("did not answer within the ").nth(1).unwrap();
    let limit: u64 = limit.split(' ').next().unwrap().parse().unwrap();
    assert!(limit <= 300, "the third stage had {limit} ms");
    assert!(!host.log().contains("MergePatch"), "the last stage ran");

    // What was done before the time was over is kept.
    let host = short_of_time("continue");
    let answer = host.call("a").send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["payload"], json!({ "first": true }));
}

#[test]
fn an_assistants_timeout_begins_when_the_request_arrives() {
    let host = Host::with_assistant(
        r#"
        timeout = "1s"
        on_fault = "fail"
        pipeline = [{ plugin = "echo", settings = { as = "invocation" } }]
        "#,
    );
    let bytes = post_body("/webhooks/a", SAMPLE);
    let (before, after) = bytes.split_at(bytes.len() - 1);
    let mut connection = Connection::with(host.address, before);
    let start = Instant::now();
    // The server waits for the caller, whose time it is.
    std::thread::sleep(Duration::from_millis(300));
    connection.send(after);
    let left = connection.answer().json()["payload"]["milliseconds_left"]
        .as_u64()
        .unwrap();
    assert!(
        left <= 850,
        "{left} ms were left after {:?}",
        start.elapsed()
    );
}

#[test]
fn a_stages_timeout_ends_before_the_assistants() {
    let host = Host::with_assistant(
        r#"
        timeout = "10s"
        pipeline = [
            { plugin = "sleeps", limits = { timeout = "100ms" } },
            { plugin = "echo", settings = { as = "merge-patch", value = '{"next":true}' } },
        ]
        "#,
    );
    let start = Instant::now();
    let answer = host.call("a").send();
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    assert_eq!(answer.json()["payload"]["next"], true);
    host.logged(&["fault=\"timed-out\"", "did not answer within 100 ms"]);
}
