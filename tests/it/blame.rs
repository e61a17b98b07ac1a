//! A fault counts against the one who caused it, and what is known of a stage lives as
//! long as the stage.

use crate::support::{Connection, Host, SAMPLE, post_body};
use std::time::{Duration, Instant};

/// An assistant of tenant `t` that anybody can call.
fn assistant(name: &str, lines: &str) -> String {
    format!(
        "[assistants.{name}]\ntenant = \"t\"\nauth = {{ kind = \"none\" }}\non_fault = \"fail\"\n{lines}\n"
    )
}

const RULE: &str = "[admin]\nlisten = \"127.0.0.1:0\"\n[quarantine]\nfaults = 3\n";

fn series(metric: &str, assistant: &str, stage: usize, plugin: &str) -> String {
    format!(
        r#"{metric}{{assistant="{assistant}",event="message_processed",stage="{stage}",plugin="{plugin}"}}"#
    )
}

/// Waits until a metric has this value.
#[track_caller]
fn comes_to(host: &Host, series: &str, value: f64) {
    let start = Instant::now();
    while (host.metric(series) - value).abs() > 0.1 {
        let metrics = || host.admin_get("/metrics").text();
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{series} is not {value}\n{}\n{}",
            metrics(),
            host.log()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_stage_is_not_blamed_for_the_time_that_others_used() {
    let sleeps = |ms| format!(r#"{{ plugin = "sleeps", settings = {{ milliseconds = {ms} }} }}"#);
    let pipeline = format!("pipeline = [{}, {}]", sleeps(900), sleeps(500));
    let lines = format!("timeout = \"1s\"\n{pipeline}");
    let host = Host::start(&(RULE.to_owned() + &assistant("a", &lines)));
    for _ in 0..5 {
        assert_eq!(host.call("a").send().status, 504);
    }
    assert_eq!(host.log().matches("fault=\"deadline-exceeded\"").count(), 5);
    assert!(!host.log().contains("quarantined"), "{}", host.log());
}

#[test]
fn a_stage_that_uses_up_the_assistants_time_is_blamed() {
    let lines = "timeout = \"1s\"\npipeline = [{ plugin = \"sleeps\" }]";
    let host = Host::start(&(RULE.to_owned() + &assistant("a", lines)));
    for _ in 0..3 {
        assert_eq!(host.call("a").send().status, 504);
    }
    host.logged(&["ERROR", "the stage is quarantined", "faults=3"]);
}

#[test]
fn a_call_that_is_not_made_ends_no_quarantine() {
    let pipeline = r#"pipeline = [{ plugin = "text:lists-elsewhere" }]"#;
    let rule = format!("{RULE}pause = \"1s\"\n");
    let host = Host::start(&(rule + &assistant("a", pipeline)));
    for _ in 0..3 {
        assert_eq!(host.call("a").send().status, 500);
    }
    host.logged(&["the stage is quarantined", "faults=3"]);
    let start = Instant::now();
    // Without a text there is nothing to call it with. Soon the call may be made again.
    let tame = || host.call("a").payload(r#"{"tame":1}"#).send().status;
    while tame() == 503 {
        assert!(start.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(20));
    }
    let state = || {
        host.admin_get("/status").json()["assistants"][0]["pipelines"]["message_processed"][0]["state"].clone()
    };
    assert_eq!(state(), "quarantined");
    // The next call is the probe.
    assert_eq!(host.call("a").send().status, 500);
    host.logged(&["the stage stays quarantined"]);
    assert!(!host.log().contains("no longer quarantined"));
    let calls = series("retort_calls_total", "a", 1, "text-lists-elsewhere");
    comes_to(&host, &calls, 4.0);
}

#[test]
fn calls_that_are_not_made_do_not_thin_out_the_faults() {
    let pipeline = r#"pipeline = [{ plugin = "text:lists-elsewhere" }]"#;
    let host = Host::start(&(RULE.to_owned() + &assistant("a", pipeline)));
    for _ in 0..20 {
        assert_eq!(host.call("a").payload(r#"{"tame":1}"#).send().status, 200);
    }
    for _ in 0..3 {
        assert_eq!(host.call("a").send().status, 500);
    }
    host.logged(&["the stage is quarantined", "faults=3", "calls=3"]);
}

/// A guest that computes and one that waits in a call of the host.
#[test]
fn a_caller_who_hangs_up_pays_for_its_call() {
    let tenant = "[tenants.t]\nfuel_per_minute = 100_000_000\n[tenants.u]\n".to_owned();
    let limits = "limits = { timeout = \"30s\", fuel = 1_000_000_000_000 }";
    let loops =
        format!("timeout = \"30s\"\npipeline = [{{ plugin = \"loops-forever\", {limits} }}]");
    let sleeps = format!("timeout = \"30s\"\npipeline = [{{ plugin = \"sleeps\", {limits} }}]");
    let sleeper = assistant("sleeps", &sleeps).replace("\"t\"", "\"u\"");
    let host = Host::start(&(RULE.to_owned() + &tenant + &assistant("loops", &loops) + &sleeper));
    let hang_up = |assistant: &str| {
        let request = post_body(&format!("/webhooks/{assistant}"), SAMPLE);
        let connection = Connection::with(host.address, &request);
        // A loop uses its minute's fuel in a tenth of that.
        std::thread::sleep(Duration::from_secs(2));
        drop(connection);
    };
    hang_up("loops");
    let cancelled =
        |assistant, plugin| series("retort_calls_cancelled_total", assistant, 1, plugin);
    comes_to(&host, &cancelled("loops", "loops-forever"), 1.0);
    comes_to(
        &host,
        &series("retort_calls_total", "loops", 1, "loops-forever"),
        1.0,
    );
    let fuel = series("retort_call_fuel_units_sum", "loops", 1, "loops-forever");
    assert!(host.metric(&fuel) > 100e6, "{}", host.metric(&fuel));
    host.logged(&["the call was cancelled", "loops-forever"]);
    let answer = host.call("loops").send();
    answer.is_problem(503, "too many answers are being transformed; try again");
    host.logged(&["the tenant's fuel of 100000000 units a minute is used up"]);
    for _ in 0..4 {
        hang_up("sleeps");
    }
    comes_to(&host, &cancelled("sleeps", "sleeps"), 4.0);
    // Callers can hang up as often as they like.
    assert!(!host.log().contains("quarantined"), "{}", host.log());
}

/// A call that is stopped in a loop has written down what it used.
#[test]
fn a_call_that_is_stopped_in_a_loop_is_charged() {
    let limits = "limits = { timeout = \"500ms\", fuel = 1_000_000_000_000 }";
    let lines = format!("pipeline = [{{ plugin = \"loops-forever\", {limits} }}]");
    let host = Host::start(&(RULE.to_owned() + &assistant("a", &lines)));
    assert_eq!(host.call("a").send().status, 504);
    let fuel = series("retort_call_fuel_units_sum", "a", 1, "loops-forever");
    assert!(host.metric(&fuel) > 10e6, "{}", host.metric(&fuel));
}

#[test]
fn what_is_known_of_a_stage_lives_through_a_reload() {
    const TRAPS: &str = r#"{ plugin = "traps" }"#;
    let rule = RULE.replace("[quarantine]\n", "[quarantine]\npause = \"1h\"\n");
    let config = |stages: &str, more: &str| {
        format!(
            "{rule}{}{more}",
            assistant("a", &format!("pipeline = [{stages}]"))
        )
    };
    let reload = |host: &Host, config: &str, times| {
        host.configure(config);
        host.signal("HUP");
        host.logged_times("the new configuration serves", times);
    };
    let host = Host::start(&config(TRAPS, ""));
    for _ in 0..3 {
        assert_eq!(host.call("a").send().status, 500);
    }
    host.logged(&["the stage is quarantined"]);
    let quarantined = |stage| series("retort_quarantined", "a", stage, "traps");
    comes_to(&host, &quarantined(1), 1.0);
    // Somebody else is added.
    let other = assistant("b", "");
    reload(&host, &config(TRAPS, &other), 1);
    assert_eq!(host.call("a").send().status, 503);
    comes_to(&host, &quarantined(1), 1.0);
    // A stage comes before it, and its series goes with it.
    let echo = r#"{ plugin = "echo", settings = { as = "unchanged" } }"#;
    reload(&host, &config(&format!("{echo}, {TRAPS}"), &other), 2);
    assert_eq!(host.call("a").send().status, 503);
    comes_to(&host, &quarantined(2), 1.0);
    let metrics = host.admin_get("/metrics").text();
    assert!(!metrics.contains(&quarantined(1)), "{metrics}");
    let former = r#"assistant="a",event="message_processed",stage="1",plugin="traps""#;
    assert!(!metrics.contains(former), "{metrics}");
    // Another setting may be what mends it.
    let mended = r#"{ plugin = "traps", settings = { mended = true } }"#;
    reload(&host, &config(mended, &other), 3);
    assert_eq!(host.call("a").send().status, 500);
    comes_to(&host, &quarantined(1), 0.0);
}

/// A call that ends after a reload has taken its stage away leaves no series behind.
#[test]
fn a_removed_stage_leaves_no_series_behind() {
    let stage =
        r#"{ plugin = "sleeps", settings = { milliseconds = 2000 }, limits = { timeout = "1s" } }"#;
    let config = |lines: &str| format!("{RULE}{}", assistant("a", lines));
    let host = Host::start(&config(&format!("pipeline = [{stage}]")));
    let mut call = Connection::with(host.address, post_body("/webhooks/a", SAMPLE));
    comes_to(&host, "retort_slots_used", 1.0);
    host.configure(&config(""));
    host.signal("HUP");
    host.logged(&["the new configuration serves"]);
    assert_eq!(call.answer().status, 504);
    let metrics = host.admin_get("/metrics").text();
    assert!(!metrics.contains("plugin=\"sleeps\""), "{metrics}");
}

#[test]
fn the_places_of_logged_events_live_through_a_reload() {
    let observer = r#"{ plugin = "messages", settings = { milliseconds = 5000 } }"#;
    let lines = format!("timeout = \"10s\"\npipelines.message_logged = [{observer}]");
    let config = |more: &str| format!("{RULE}{}{more}", assistant("a", &lines));
    let host = Host::start(&config(""));
    let body = r#"{"event":{"name":"message_logged"},"payload":{}}"#;
    let log = || host.call("a").body(body).send().status;
    for _ in 0..64 {
        assert_eq!(log(), 202);
    }
    assert_eq!(log(), 503);
    host.configure(&config(&assistant("b", "")));
    host.signal("HUP");
    host.logged(&["the new configuration serves"]);
    assert_eq!(log(), 503);
}
