//! A disk without room: the tenant whose entries do not fit is told so, and the others
//! read and write on.

use super::{config, did, error};
use crate::support::Host;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const TERMS: &str = "quota = \"100MiB\", value = \"1MiB\"";

/// How long a test waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// What does not fit at the end, while small entries do.
const LARGE: usize = 400_000;

/// A store in this file, with time for a machine that has much to do.
fn store(file: &Path) -> String {
    let lines = super::in_file(file);
    config(&format!("{lines}\ntimeout = \"20s\""), TERMS)
}

/// Fills the disk with the entries of one tenant.
fn fill(host: &Host) {
    let start = Instant::now();
    for number in 0.. {
        let fill = json!([["fill", number.to_string(), LARGE]]);
        if did(host, "one-first", fill) == json!([error("the store is full")]) {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "it is not full");
    }
}

/// What a full disk does to each of two tenants while one of them goes on writing.
fn only_one_tenant_is_refused(host: &Host) {
    let mine = |operations: Value| did(host, "two-first", operations);
    assert_eq!(mine(json!([["set", "mine", "0"]])), json!([null]));
    fill(host);
    host.logged(&["ERROR", "the disk has no room for the key-value file"]);
    host.logged(&["the key-value file is open again"]);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut refused = 0;
            let start = Instant::now();
            // A bound, for where the other thread panics.
            while !done.load(Ordering::Relaxed) && start.elapsed() < PATIENCE {
                let written = did(host, "one-first", json!([["fill", "more", LARGE]]));
                refused += u32::from(written == json!([error("the store is full")]));
            }
            refused
        });
        for number in 1..=200 {
            let text = number.to_string();
            let got = mine(json!([["set", "mine", text], ["get", "mine"]]));
            assert_eq!(got, json!([null, text]), "{}", host.log());
            let theirs = did(host, "one-first", json!([["exists", "0"]]));
            assert_eq!(theirs, json!([true]), "{}", host.log());
            sleep(Duration::from_millis(10));
        }
        done.store(true, Ordering::Relaxed);
        assert!(writer.join().unwrap() > 10, "{}", host.log());
    });
    // What is removed makes room.
    sleep(Duration::from_millis(1_200));
    let freed = did(host, "one-first", json!([["delete", "0"]]));
    assert_eq!(freed, json!([null]), "{}", host.log());
    let start = Instant::now();
    while did(host, "one-first", json!([["fill", "new", LARGE]])) != json!([null]) {
        assert!(start.elapsed() < PATIENCE, "{}", host.log());
        sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_file_that_may_not_grow_refuses_only_the_tenant_that_makes_it_grow() {
    let folder = tempfile::tempdir().unwrap();
    let text = store(&folder.path().join("state"));
    let host = Host::start_with_file_limit(&text, 4 << 20);
    only_one_tenant_is_refused(&host);
}

/// A file system in memory of 3 MiB, which is gone after the test.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// Nothing where this process may not mount one.
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=3m", "retort-test"])
            .arg(folder.path())
            .output();
        let mounted = mounted.is_ok_and(|output| output.status.success());
        mounted.then(|| Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the program may still have a file open.
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

#[test]
fn a_full_disk_refuses_only_the_tenant_that_fills_it() {
    let Some(disk) = SmallDisk::new() else {
        eprintln!("SKIPPED: a full disk, because this process may not mount a small one");
        return;
    };
    let text = store(&disk.path().join("state"));
    let host = Host::start(&text);
    only_one_tenant_is_refused(&host);
    drop(host);
    // After a kill on the full disk nothing is lost.
    let host = Host::start(&text);
    let kept = did(&host, "two-first", json!([["get", "mine"]]));
    assert_eq!(kept, json!(["200"]));
}
