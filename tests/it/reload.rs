//! A new configuration takes the place of the one that serves, or does not, and nobody
//! who calls meanwhile notices.

mod changes;
mod healing;

use crate::support::{Connection, Host, SAMPLE, component, post_body};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const LISTEN: &str = "[admin]\nlisten = \"127.0.0.1:0\"\n";

/// Answers with this text in the payload's `said`.
fn says(text: &str, server: &str) -> String {
    format!(
        r#"
        {LISTEN}
        [server]
        {server}
        [assistants.a]
        tenant = "t"
        auth = {{ kind = "none" }}
        on_fault = "fail"
        pipeline = [{{ plugin = "echo", settings = {{ as = "merge-patch", value = '{{"said":"{text}"}}' }} }}]
        "#
    )
}

const NEVER: &str = "watch = \"0s\"";
const OFTEN: &str = "watch = \"50ms\"";

const SERVES: &str = "the new configuration serves";
const REFUSED: &str = "the new configuration is not used; the one before goes on";

#[track_caller]
fn said(host: &Host, text: &str) {
    let answer = host.call("a").send();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["payload"]["said"], text);
}

#[test]
fn a_signal_makes_it_read_the_configuration_again() {
    let host = Host::start(&says("one", NEVER));
    said(&host, "one");
    host.configure(&says("two", NEVER));
    std::thread::sleep(Duration::from_millis(300));
    said(&host, "one");
    host.signal("HUP");
    host.logged(&["reading the configuration again", "a signal"]);
    host.logged(&[SERVES]);
    said(&host, "two");
    assert!(host.metric(r#"retort_reloads_total{result="success"}"#) > 0.5);
}

#[test]
fn a_changed_file_does_the_same() {
    let host = Host::start(&says("one", OFTEN));
    host.configure(&says("two", OFTEN));
    host.logged(&["reading the configuration again", "a file has changed"]);
    host.logged(&[SERVES]);
    said(&host, "two");
}

#[test]
fn a_broken_file_leaves_the_one_before_serving_and_says_why() {
    let host = Host::start(&says("one", OFTEN));
    host.configure("[assistants.a]\ntenant = \"t\"\ncolour = \"red\"\n");
    let line = host.logged(&["ERROR", REFUSED, "unknown key `colour`"]);
    assert!(
        line.contains("retort.toml") && line.contains("line=3"),
        "{line}"
    );
    said(&host, "one");
    assert!(host.metric(r#"retort_reloads_total{result="failure"}"#) > 0.5);
    host.configure("this is no toml");
    host.logged(&["ERROR", REFUSED, "this is not TOML"]);
    said(&host, "one");
    std::fs::remove_file(host.folder().join("retort.toml")).unwrap();
    host.logged(&["ERROR", REFUSED, "cannot read the configuration"]);
    said(&host, "one");
    // And it finds its way back.
    host.configure(&says("two", OFTEN));
    host.logged(&[SERVES]);
    said(&host, "two");
}

#[test]
fn a_component_that_is_replaced_is_compiled_and_a_broken_one_is_not_used() {
    let config = |server: &str| {
        format!(
            "{}\n[plugins.echo]\ncomponent = \"mine.wasm\"\n",
            says("one", server)
        )
    };
    // It is not there at the first start, so that is one without the watch.
    let host = Host::start(&says("none", NEVER));
    let mine = host.folder().join("mine.wasm");
    let put = |bytes: &[u8]| {
        std::fs::write(host.folder().join("half"), bytes).unwrap();
        std::fs::rename(host.folder().join("half"), &mine).unwrap();
    };
    host.configure(&config(OFTEN));
    host.signal("HUP");
    host.logged(&["ERROR", REFUSED, "cannot read the component"]);
    said(&host, "none");
    put(&std::fs::read(component("echo")).unwrap());
    host.signal("HUP");
    host.logged(&[SERVES]);
    said(&host, "one");
    put(b"no component");
    host.logged(&["ERROR", REFUSED, "mine.wasm", "is not WebAssembly"]);
    said(&host, "one");
    put(&std::fs::read(component("traps")).unwrap());
    let start = std::time::Instant::now();
    while host.call("a").send().status != 500 {
        assert!(start.elapsed() < Duration::from_secs(20), "{}", host.log());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_secret_that_is_replaced_is_the_secret() {
    let config = format!(
        "[server]\n{OFTEN}\n[assistants.a]\ntenant = \"t\"\nauth = {{ kind = \"bearer\", secrets = [\"file:secret\"] }}\n"
    );
    let host = Host::start(&says("none", NEVER));
    std::fs::write(host.folder().join("secret"), "first").unwrap();
    host.configure(&config);
    host.signal("HUP");
    host.logged(&[SERVES]);
    let status = |secret: &str| {
        let call = host
            .call("a")
            .header("authorization", &format!("Bearer {secret}"));
        call.send().status
    };
    assert_eq!((status("first"), status("second")), (200, 401));
    std::fs::write(host.folder().join("secret"), "second").unwrap();
    host.logged(&["a file has changed"]);
    let start = std::time::Instant::now();
    while status("second") != 200 {
        assert!(start.elapsed() < Duration::from_secs(20), "{}", host.log());
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(status("first"), 401);
}

#[test]
fn requests_in_flight_keep_the_configuration_that_they_began_with() {
    let slow = format!(
        "{}pipeline = [{{ plugin = \"sleeps\", settings = {{ milliseconds = 2000 }} }}, {{ plugin = \"echo\", settings = {{ as = \"merge-patch\", value = '{{\"said\":\"old\"}}' }} }}]\n",
        says("", NEVER).split("pipeline").next().unwrap()
    );
    let host = Host::start(&slow);
    let mut call = Connection::with(host.address, post_body("/webhooks/a", SAMPLE));
    std::thread::sleep(Duration::from_millis(300));
    host.configure("[sandbox]\nconcurrency = 5\n[tenants.u]\n[assistants.b]\ntenant = \"u\"\nauth.kind = \"none\"\n");
    host.signal("HUP");
    host.logged(&[SERVES]);
    // The assistant, its tenant and its sandbox are gone.
    assert_eq!(host.call("a").send().status, 401);
    let answer = call.answer();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["payload"]["said"], "old");
}

#[test]
fn no_request_fails_because_of_a_reload() {
    let with_limit = |text: &str, memory: usize| {
        says(text, NEVER)
            + &format!(
                "\n[plugins.echo]\ncomponent = '{}'\nlimits = {{ memory = \"{memory}MiB\" }}\n",
                component("echo").display()
            )
    };
    let host = Host::start(&with_limit("0", 64));
    let done = AtomicBool::new(false);
    let count = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut count = 0;
                    while !done.load(Ordering::Relaxed) {
                        let answer = host.call("a").send();
                        assert_eq!(answer.status, 200, "{}", answer.text());
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        for n in 1..=6 {
            // Every other one needs a sandbox of another size.
            host.configure(&with_limit(&n.to_string(), 64 + n / 2));
            host.signal("HUP");
            let start = std::time::Instant::now();
            while host.log().matches(SERVES).count() < n {
                assert!(start.elapsed() < Duration::from_secs(60), "{}", host.log());
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        done.store(true, Ordering::Relaxed);
        callers
            .into_iter()
            .map(|it| it.join().unwrap())
            .sum::<usize>()
    });
    assert!(count > 100, "{count} calls are no load");
    said(&host, "6");
}

#[test]
fn what_is_gone_from_the_configuration_is_gone_from_the_metrics() {
    let host = Host::start(&says("one", NEVER));
    said(&host, "one");
    let gone = r#"retort_requests_total{assistant="a",status="200"}"#;
    assert!(host.metric(gone) > 0.5);
    host.configure(&says("one", NEVER).replace("[assistants.a]", "[assistants.b]"));
    host.signal("HUP");
    host.logged(&[SERVES]);
    assert!(
        !host
            .admin_get("/metrics")
            .text()
            .contains("assistant=\"a\"")
    );
}

#[test]
fn a_file_that_is_still_being_written_is_not_read() {
    let host = Host::start(&says("one", NEVER));
    let file = host.folder().join("retort.toml");
    let whole = std::fs::read_to_string(&file).unwrap();
    // Every part of it is good, the empty one among them.
    std::fs::write(&file, "").unwrap();
    host.signal("HUP");
    for line in 0..10 {
        std::thread::sleep(Duration::from_millis(60));
        std::fs::write(&file, format!("# {line}\n")).unwrap();
        said(&host, "one");
    }
    std::fs::write(&file, whole.replace("\"one\"", "\"two\"")).unwrap();
    host.logged(&[SERVES]);
    said(&host, "two");
    assert_eq!(host.log().matches(SERVES).count(), 1);
}
