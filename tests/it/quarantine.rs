//! A stage that faults over and over is skipped, probed, and called again when it works.

use crate::support::{Host, SAMPLE};
use std::time::Duration;

/// Its patch can be applied to [`GOOD`] only, so that it can recover.
const STAGE: &str = r#"{ plugin = "echo", settings = { as = "json-patch", value = '[{"op":"test","path":"/good","value":true}]' } }"#;

const GOOD: &str = r#"{"event":{"name":"message_processed"},"payload":{"good":true}}"#;

fn host(rule: &str) -> Host {
    Host::start(&format!(
        r#"
        [quarantine]
        faults = 3
        {rule}
        [tenants.t]
        [tenants.other]
        [assistants.strict]
        tenant = "t"
        auth = {{ kind = "none" }}
        on_fault = "fail"
        pipeline = [{STAGE}]
        [assistants.lenient]
        tenant = "t"
        auth = {{ kind = "none" }}
        pipeline = [{STAGE}]
        [assistants.other]
        tenant = "other"
        auth = {{ kind = "none" }}
        on_fault = "fail"
        pipeline = [{STAGE}]
        "#
    ))
}

const WORDS: &str = "a plugin of this assistant has failed too often; try again";

#[test]
fn a_stage_that_faults_over_and_over_is_skipped_for_a_while() {
    let host = host("pause = \"1h\"");
    for _ in 0..3 {
        assert_eq!(host.call("strict").send().status, 500);
        assert_eq!(host.call("lenient").send().status, 200);
    }
    let answer = host.call("strict").send();
    answer.is_problem(503, WORDS);
    assert!(answer.header("retry-after").parse::<u64>().unwrap() > 3_500);
    // Skipped is what a fault is: the policy says what it means.
    let lenient = host.call("lenient").send();
    assert_eq!((lenient.status, lenient.text().as_str()), (200, SAMPLE));
    // However good the input would be now.
    assert_eq!(host.call("strict").body(GOOD).send().status, 503);
    let line = host.logged(&["ERROR", "the stage is quarantined", "strict"]);
    for words in ["faults=3", "calls=3", "seconds=3600"] {
        assert!(line.contains(words), "{line}");
    }
    // The last of the six faults is the lenient one's third.
    host.logged(&["ERROR", "the stage is quarantined", "lenient"]);
    assert_eq!(host.log().matches("the stage is at fault").count(), 6);
    // It is of this assistant only, whoever else has the plugin.
    assert_eq!(host.call("other").body(GOOD).send().status, 200);
}

#[test]
fn a_probe_decides_whether_it_is_called_again() {
    let host = host("pause = \"200ms\"");
    let pause = || std::thread::sleep(Duration::from_millis(250));
    for _ in 0..3 {
        assert_eq!(host.call("strict").send().status, 500);
    }
    pause();
    assert_eq!(host.call("strict").send().status, 500);
    host.logged(&["WARN", "the stage stays quarantined", "seconds=0.4"]);
    assert_eq!(host.call("strict").send().status, 503);
    pause();
    pause();
    assert_eq!(host.call("strict").body(GOOD).send().status, 200);
    host.logged(&["INFO", "the stage is no longer quarantined"]);
    assert_eq!(host.call("strict").body(GOOD).send().status, 200);
    assert_eq!(host.call("strict").send().status, 500, "it is called");
}

#[test]
fn what_is_not_the_plugins_fault_does_not_count() {
    let host = Host::start(
        r#"
        [quarantine]
        faults = 2
        [tenants.t]
        [assistants.a]
        tenant = "t"
        auth = { kind = "none" }
        on_fault = "fail"
        pipeline = [{ plugin = "fails", settings = { how = "not-for-me" } }]
        "#,
    );
    for _ in 0..5 {
        assert_eq!(host.call("a").send().status, 500);
    }
    assert!(!host.log().contains("quarantined"));
}
