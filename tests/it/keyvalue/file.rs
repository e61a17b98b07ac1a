//! A file of entries: what a kill, another process, damage and a full disk do to it.

use super::{config, did, error, in_file, retort, send};
use crate::support::{Host, component};
use serde_json::{Value, json};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[test]
fn what_was_answered_survives_a_kill_at_any_moment() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state");
    let text = config(&in_file(&file), "");
    let mut kept = 0;
    for round in 0..5_u64 {
        let host = Host::start(&text);
        for number in 0..kept {
            let key = number.to_string();
            let got = did(&host, "one-first", json!([["get", key]]));
            assert_eq!(got, json!([format!("value {key}")]), "round {round}");
        }
        let answered = AtomicUsize::new(kept);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // Until it is killed, which is then no answer.
                loop {
                    let number = answered.load(Ordering::Relaxed);
                    let operation = json!([["set", number.to_string(), format!("value {number}")]]);
                    let set = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        send(&host, "one-first", &operation).json()["payload"]["did"]
                            == json!([null])
                    }));
                    if !set.unwrap_or(false) {
                        return;
                    }
                    answered.store(number + 1, Ordering::Relaxed);
                }
            });
            let enough = kept + 3;
            while answered.load(Ordering::Relaxed) < enough {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_millis(round * 7));
            host.signal("KILL");
        });
        kept = answered.load(Ordering::Relaxed);
    }
    assert!(kept >= 15);
    let bytes = std::fs::read(&file).unwrap();
    let shows = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(!shows(b"value 1") && !shows(b"one-first") && shows(b"entries"));
}

/// What a server that does not start says.
fn refused(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("retort.toml");
    std::fs::write(&path, text).unwrap();
    let output = retort()
        .args(["serve", "--listen", "127.0.0.1:0", "--config"])
        .arg(&path)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_second_server_a_damaged_file_and_another_secret_are_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state");
    let text = config(&in_file(&file), "");
    let host = Host::start(&text);
    did(&host, "one-first", json!([["set", "k", "v"]]));
    let said = refused(&text);
    assert!(said.contains("in use by another process"), "{said}");
    // Whoever looks at the configuration beside the server is no second one.
    let path = host.folder().join("retort.toml");
    let checked = retort().args(["check", "--config"]).arg(&path).output();
    let checked = checked.unwrap();
    assert!(checked.status.success(), "{checked:?}");
    drop(host);
    let other = text.replace("env:STATE_SECRET", "env:OLD_STATE_SECRET");
    let said = refused(&other);
    assert!(said.contains("another secret"), "{said}");
    std::fs::write(&file, b"garbage ".repeat(9_000)).unwrap();
    let said = refused(&text);
    assert!(
        said.contains("is damaged") && said.contains("backup"),
        "{said}"
    );
    let said = refused(&config(&in_file(&folder.path().join("none/state")), ""));
    assert!(said.contains("its folder has to exist"), "{said}");
    for said in [&said, &other] {
        assert!(!said.contains(&"s".repeat(32)));
    }
}

#[test]
fn a_configuration_that_names_another_file_begins_anew_there() {
    let folder = tempfile::tempdir().unwrap();
    let text = |name: &str| config(&in_file(&folder.path().join(name)), "");
    let host = Host::start(&text("a"));
    did(&host, "one-first", json!([["set", "k", "v"]]));
    let get = || did(&host, "one-first", json!([["get", "k"]]));
    host.signal("HUP");
    host.logged_times("the new configuration serves", 1);
    assert_eq!(get(), json!(["v"]));
    host.configure(&text("b"));
    host.signal("HUP");
    host.logged_times("the new configuration serves", 2);
    host.logged(&["WARN", "[keyvalue] names another place"]);
    assert_eq!(get(), json!([null]));
    host.configure(&text("none/b"));
    host.signal("HUP");
    host.logged(&["ERROR", "its folder has to exist", "the one before goes on"]);
    assert_eq!(get(), json!([null]));
    host.configure(&text("a"));
    host.signal("HUP");
    host.logged_times("the new configuration serves", 3);
    assert_eq!(get(), json!(["v"]));
}

#[test]
fn a_disk_that_is_full_is_an_error_and_what_is_kept_stays() {
    let folder = tempfile::tempdir().unwrap();
    let text = config(
        &in_file(&folder.path().join("state")),
        "quota = \"100MiB\", value = \"1MiB\"",
    );
    // No file of the process may have more than 8 MiB, as if the disk had no more.
    let host = Host::start_with_file_limit(&text, 8 << 20);
    did(&host, "one-first", json!([["set", "kept", "v"]]));
    let full = (0..40).find_map(|number| {
        let fill = did(
            &host,
            "one-first",
            json!([["fill", number.to_string(), 900_000]]),
        );
        fill[0].get("error").cloned()
    });
    assert_eq!(full, Some(json!("the store is full")));
    // It opens again by itself.
    let start = std::time::Instant::now();
    loop {
        let kept = did(&host, "one-first", json!([["get", "kept"]]));
        if kept == json!(["v"]) {
            break;
        }
        assert_eq!(kept, json!([error("the store is gone")]));
        assert!(start.elapsed() < Duration::from_secs(20), "{}", host.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    host.logged(&["the key-value file is open again"]);
}

#[test]
pub(crate) fn keeps() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state");
    let text = config(&in_file(&file), "");
    let host = Host::start(&text);
    let done = did(
        &host,
        "one-first",
        json!([["open", ""], ["open", "other"], ["hoard"]]),
    );
    assert_eq!(done[0], Value::Null);
    assert_eq!(done[1], error("no such store"));
    assert_eq!(done[2]["error"], "too many buckets are open");
    assert!(done[2]["opened"].as_u64().unwrap() <= 1_000);
    // A call whose time is over waits for nothing, and is nobody's loss.
    let short = text.replace("timeout = \"25s\"", "timeout = \"300ms\"");
    host.configure(&short);
    host.signal("HUP");
    host.logged(&["the new configuration serves"]);
    assert_eq!(send(&host, "one-first", &json!([["linger"]])).status, 504);
    assert_eq!(did(&host, "one-first", json!([["get", "k"]])), json!(["v"]));
    let tame = host
        .call("one-first")
        .body(r#"{"event":{"name":"message_processed"},"payload":{"tame":1}}"#);
    assert_eq!(tame.send().status, 200);
}

#[test]
fn without_a_grant_it_does_not_load_and_check_says_what_a_stage_gets() {
    let folder = tempfile::tempdir().unwrap();
    let text = config(&in_file(&folder.path().join("state")), "ttl = \"90s\"");
    let said = Host::check(&text.replace("grants.keyvalue = { ttl = \"90s\" }", ""));
    for words in ["wasi:keyvalue/store", "keyvalue = {", "`first`"] {
        assert!(said.contains(words), "{said}");
    }
    let path = folder.path().join("retort.toml");
    std::fs::write(&path, &text).unwrap();
    let output = retort().args(["check", "--config"]).arg(&path).output();
    let said = String::from_utf8(output.unwrap().stdout).unwrap();
    assert!(
        said.contains(
            "asks for wasi:keyvalue/store: gets a bucket of its own for the tenant, for 1m 30s"
        ),
        "{said}"
    );
    assert!(
        said.contains("gets the bucket `together` of the tenant, for 1h"),
        "{said}"
    );
    // Nothing was opened.
    assert!(!folder.path().join("state").exists());
}

#[test]
fn invoke_keeps_in_memory_and_leaves_the_servers_file_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = config(&in_file(&folder.path().join("state")), "");
    let path = folder.path().join("retort.toml");
    std::fs::write(&path, &text).unwrap();
    let input = folder.path().join("input.json");
    let operations = json!({ "do": [["set", "k", "v"], ["get", "k"]] });
    std::fs::write(&input, operations.to_string()).unwrap();
    let run = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer, json!({ "did": [null, "v"] }));
        String::from_utf8(output.stderr).unwrap()
    };
    let mut of_assistant = retort();
    of_assistant
        .env_remove("STATE_SECRET")
        .args(["invoke", "--config"]);
    of_assistant
        .arg(&path)
        .args(["--assistant", "one-first"])
        .arg(&input);
    let said = run(&mut of_assistant);
    assert!(said.contains("kept in memory"), "{said}");
    run(retort().arg("invoke").arg(component("keeps")).arg(&input));
    assert!(!folder.path().join("state").exists());
}
