//! The admin listener: metrics, health, and what is served.

use crate::support::{Call, Connection, Host, SAMPLE, post_body};

const CONFIG: &str = r#"
[admin]
listen = "127.0.0.1:0"

[quarantine]
faults = 3
pause = "1h"

[tenants.acme]
concurrency = 2
queue = 0
[tenants.other]

[assistants.lobby]
tenant = "acme"
auth = { kind = "none" }
on_fault = "fail"
pipeline = [{ plugin = "echo", settings = { as = "unchanged" } }, { plugin = "traps" }]

[assistants.good]
tenant = "other"
auth = { kind = "bearer", secrets = ["env:SECRET"] }
timeout = "7s"
pipeline = [{ plugin = "echo", settings = { as = "unchanged" }, limits = { memory = "8MiB" } }]

[assistants.slow]
tenant = "acme"
auth = { kind = "none" }
on_fault = "fail"
pipeline = [{ plugin = "sleeps", settings = { milliseconds = 3000 } }]
"#;

#[test]
fn metrics_count_what_happens() {
    let host = Host::start(CONFIG);
    for _ in 0..2 {
        assert_eq!(host.call("lobby").send().status, 500);
    }
    assert_eq!(host.call("good").send().status, 401);
    for (series, value) in [
        (
            r#"retort_requests_total{assistant="lobby",status="500"}"#,
            2.0,
        ),
        (
            r#"retort_requests_total{assistant="good",status="401"}"#,
            1.0,
        ),
        (
            r#"retort_calls_total{assistant="lobby",event="message_processed",stage="1",plugin="echo"}"#,
            2.0,
        ),
        (
            r#"retort_calls_total{assistant="lobby",event="message_processed",stage="2",plugin="traps"}"#,
            2.0,
        ),
        (
            r#"retort_faults_total{assistant="lobby",event="message_processed",stage="2",plugin="traps",fault="trapped"}"#,
            2.0,
        ),
        (
            r#"retort_call_duration_seconds_bucket{le="+Inf",assistant="lobby",event="message_processed",stage="1",plugin="echo"}"#,
            2.0,
        ),
        (
            r#"retort_call_fuel_units_count{assistant="lobby",event="message_processed",stage="1",plugin="echo"}"#,
            2.0,
        ),
        (
            r#"retort_call_memory_bytes_count{assistant="lobby",event="message_processed",stage="1",plugin="echo"}"#,
            2.0,
        ),
        (
            r#"retort_quarantined{assistant="lobby",event="message_processed",stage="2",plugin="traps"}"#,
            0.0,
        ),
        ("retort_slots_used", 0.0),
    ] {
        assert!((host.metric(series) - value).abs() < 0.1, "{series}");
    }
    let fuel = r#"retort_call_fuel_units_sum{assistant="lobby",event="message_processed",stage="1",plugin="echo"}"#;
    assert!(host.metric(fuel) > 100.0);
    assert!(host.metric("retort_slots") >= 4.0);
    host.call("lobby").send();
    host.logged(&["the stage is quarantined"]);
    let quarantined = r#"retort_quarantined{assistant="lobby",event="message_processed",stage="2",plugin="traps"}"#;
    assert!(host.metric(quarantined) > 0.5);
    let answer = host.admin_get("/metrics");
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(answer.header("content-type"), kind);
    assert!(answer.text().ends_with("# EOF\n"));
}

#[test]
fn slots_and_refusals_are_seen_while_they_are_there() {
    let host = Host::start(CONFIG);
    let request = post_body("/webhooks/slow", SAMPLE);
    let mut calls = [(); 2].map(|()| Connection::with(host.address, &request));
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(host.call("slow").send().status, 503);
    for (series, value) in [
        ("retort_slots_used", 2.0),
        (r#"retort_calls_running{tenant="acme"}"#, 2.0),
        (r#"retort_calls_waiting{tenant="acme"}"#, 0.0),
        (
            r#"retort_refusals_total{tenant="acme",reason="queue-full"}"#,
            1.0,
        ),
    ] {
        assert!((host.metric(series) - value).abs() < 0.1, "{series}");
    }
    for call in &mut calls {
        assert_eq!(call.answer().status, 200);
    }
    assert!(host.metric("retort_slots_used") < 0.1);
}

#[test]
fn a_stranger_cannot_make_a_label() {
    let host = Host::start(CONFIG);
    for n in 0..20 {
        assert_eq!(host.call(&format!("made-up-{n}")).send().status, 401);
        let path = format!("/elsewhere-{n}");
        assert_eq!(Call::post(host.address, &path).send().status, 404);
        let method = Call::post(host.address, "/webhooks/lobby").method("PATCH");
        assert_eq!(method.send().status, 405);
    }
    let text = host.admin_get("/metrics").text();
    assert!(!text.contains("made-up") && !text.contains("elsewhere"));
    for (series, value) in [
        (r#"retort_requests_total{assistant="",status="401"}"#, 20.0),
        (r#"retort_requests_total{assistant="",status="404"}"#, 20.0),
        (
            r#"retort_requests_total{assistant="lobby",status="405"}"#,
            20.0,
        ),
    ] {
        assert!((host.metric(series) - value).abs() < 0.1, "{series}");
    }
}

#[test]
fn a_caller_who_goes_away_is_counted() {
    let host = Host::start(CONFIG);
    let call = Connection::with(host.address, post_body("/webhooks/slow", SAMPLE));
    // Its request has to arrive before it goes.
    std::thread::sleep(std::time::Duration::from_millis(300));
    drop(call);
    host.logged(&["the caller went away before its answer"]);
    assert!(host.metric("retort_requests_abandoned_total") > 0.5);
}

#[test]
fn status_lists_what_is_served() {
    let host = Host::start(CONFIG);
    for _ in 0..3 {
        host.call("lobby").send();
    }
    host.logged(&["the stage is quarantined"]);
    let answer = host.admin_get("/status");
    assert_eq!(answer.header("content-type"), "application/json");
    let status = answer.json();
    assert_eq!(status["state"], "ready");
    assert_eq!(status["tenants"][0]["name"], "acme");
    assert_eq!(status["tenants"][0]["concurrency"], 2);
    assert_eq!(status["plugins"][0]["name"], "echo");
    assert_eq!(status["plugins"][0]["interfaces"][0], "transform-response");
    assert_eq!(status["plugins"][0]["sha256"].as_str().unwrap().len(), 64);
    let [good, lobby, _] = status["assistants"].as_array().unwrap().as_slice() else {
        panic!("{status}")
    };
    assert_eq!(good["tenant"], "other");
    assert_eq!(good["auth"], "bearer token");
    assert_eq!(good["timeout_milliseconds"], 7_000);
    assert_eq!(
        good["pipelines"]["message_processed"][0]["state"],
        "serving"
    );
    assert_eq!(
        good["pipelines"]["message_processed"][0]["on_fault"],
        "continue"
    );
    assert_eq!(
        good["pipelines"]["message_processed"][0]["limits"]["memory_bytes"],
        8 << 20
    );
    assert_eq!(
        lobby["pipelines"]["message_processed"][1]["plugin"],
        "traps"
    );
    assert_eq!(
        lobby["pipelines"]["message_processed"][1]["state"],
        "quarantined"
    );
    assert!(!answer.text().contains(crate::support::SECRET));
}

#[test]
fn it_has_nothing_else_and_changes_nothing() {
    let host = Host::start(CONFIG);
    for path in ["/metrics", "/status", "/healthz", "/readyz"] {
        assert_eq!(host.admin_get(path).status, 200);
        assert_eq!(Call::post(host.admin(), path).send().status, 405);
    }
    assert_eq!(host.admin_get("/").status, 404);
    assert_eq!(host.admin_get("/webhooks/lobby").status, 404);
    // Nor is any of it on the public port.
    for path in ["/metrics", "/status"] {
        let answer = Call::post(host.address, path).method("GET").send();
        assert_eq!(answer.status, 404);
    }
}

#[test]
fn it_is_there_and_not_ready_while_the_server_drains() {
    let mut host = Host::start(CONFIG);
    let mut call = Connection::with(host.address, post_body("/webhooks/slow", SAMPLE));
    std::thread::sleep(std::time::Duration::from_millis(300));
    host.signal("TERM");
    host.logged(&["stopping"]);
    let answer = host.admin_get("/readyz");
    assert_eq!((answer.status, answer.text().as_str()), (503, "stopping\n"));
    assert_eq!(host.admin_get("/healthz").status, 200);
    assert_eq!(call.answer().status, 200);
    assert_eq!(host.ended().code(), Some(0));
}
