//! The assistant's timeout, which is there for everything together.

use super::SOON;
use crate::support::{Connection, Host, SAMPLE, component_text, post_body, repository};
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

/// One instruction that fills two gigabytes takes about a second, and nothing stops it.
#[test]
fn an_answer_does_not_wait_for_an_instruction_that_fills_all_memory() {
    let text = std::fs::read_to_string(repository().join("tests/guests/text/fills-memory.wat"));
    let text = text.unwrap();
    let huge = text
        .replace("944", "32752")
        .replace("62914560", "2147000000");
    assert_ne!(huge, text);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fills-all.wasm");
    std::fs::write(&file, wat::parse_str(component_text(&huge)).unwrap()).unwrap();
    let host = Host::start(&format!(
        r#"
        [admin]
        listen = "127.0.0.1:0"
        [sandbox]
        concurrency = 2
        [plugins.fills-all]
        component = '{}'
        [plugins.fills-all.limits]
        memory = "2GiB"
        timeout = "100ms"
        fuel = 1_000_000_000_000
        [assistants.a]
        tenant = "t"
        auth = {{ kind = "none" }}
        on_fault = "fail"
        pipeline = [{{ plugin = "fills-all" }}]
        [assistants.b]
        tenant = "t"
        auth = {{ kind = "none" }}
        pipeline = []
        "#,
        file.display()
    ));
    let request = post_body("/webhooks/a", SAMPLE);
    let start = Instant::now();
    let mut calls = [(); 2].map(|()| Connection::with(host.address, &request));
    for call in &mut calls {
        let answer = call.answer();
        answer.is_problem(504, "the answer could not be transformed in time");
    }
    let took = start.elapsed();
    // The guests hold their slots until they have ended, and others are served meanwhile.
    assert!(
        host.metric("retort_slots_used") > 0.5,
        "they have ended after {took:?}"
    );
    assert_eq!(host.call("b").send().status, 200);
    host.wait("the guests have ended", || {
        host.metric("retort_slots_used") < 0.1
    });
    host.logged(&["fault=\"timed-out\"", "did not answer within 100 ms"]);
}
