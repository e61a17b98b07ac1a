//! What a start leaves for the next one, however it ended and whatever became of it.

use crate::support::{Host, component};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// Two components with compiled code in this folder.
fn config(cache: &Path) -> String {
    format!(
        r#"
        [sandbox]
        cache = '{}'
        [assistants.a]
        tenant = "t"
        auth = {{ kind = "none" }}
        on_fault = "fail"
        pipeline = [{{ plugin = "echo", settings = {{ as = "unchanged" }} }}]
        [assistants.b]
        tenant = "t"
        auth = {{ kind = "none" }}
        on_fault = "fail"
        pipeline = [{{ plugin = "fails" }}]
        "#,
        cache.display()
    )
}

/// Starts, is used, and says whether it found damage.
fn start(cache: &Path) -> bool {
    let host = Host::start(&config(cache));
    assert_eq!(host.call("a").send().status, 200);
    assert_eq!(host.call("b").send().status, 500);
    host.logged(&["said that it failed"]);
    host.log().contains("kept code is damaged")
}

/// The kept code of components in a folder for it.
fn entries(cache: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![cache.join("wasmtime/modules")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none() {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn filled() -> (TempDir, Vec<(PathBuf, Vec<u8>)>) {
    let cache = tempfile::tempdir().unwrap();
    assert!(!start(cache.path()));
    let entries = entries(cache.path()).into_iter();
    let entries: Vec<_> = entries
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    assert_eq!(entries.len(), 2);
    (cache, entries)
}

#[test]
fn a_single_wrong_bit_of_kept_code_is_found() {
    let (cache, entries) = filled();
    for part in 1..8 {
        for (path, good) in &entries {
            let mut bad = good.clone();
            let at = bad.len() * part / 8;
            bad[at] ^= 1;
            fs::write(path, bad).unwrap();
        }
        assert!(start(cache.path()), "part {part}");
        for (path, good) in &entries {
            assert!(fs::read(path).unwrap() == *good, "it is compiled again");
        }
    }
    assert!(!start(cache.path()));
}

#[test]
fn code_of_another_component_is_not_taken() {
    let (cache, entries) = filled();
    fs::write(&entries[0].0, &entries[1].1).unwrap();
    fs::write(&entries[1].0, &entries[0].1).unwrap();
    assert!(start(cache.path()));
}

#[test]
fn code_that_nobody_has_written_down_is_not_taken() {
    let (cache, entries) = filled();
    fs::remove_file(cache.path().join("sha256sums")).unwrap();
    for (path, _) in &entries {
        fs::write(path, "nonsense").unwrap();
    }
    assert!(!start(cache.path()), "it is unknown, which is no damage");
    for (path, good) in &entries {
        assert!(fs::read(path).unwrap() == *good);
    }
}

#[test]
fn a_process_that_is_killed_leaves_what_the_next_start_can_use() {
    let cache = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("retort.toml");
    let plugin = |name: &str| {
        let path = component(name);
        format!("[plugins.{name}]\ncomponent = '{}'\n", path.display())
    };
    let plugins = plugin("echo") + &plugin("fails");
    fs::write(&file, config(cache.path()) + "[tenants.t]\n" + &plugins).unwrap();
    for milliseconds in [0, 5, 20, 50, 100, 200, 400] {
        let mut child = crate::support::retort()
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(&file)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!start_after_kill(cache.path()), "{milliseconds} ms");
    }
}

/// A copy of what a killed process has left is enough to start from.
fn start_after_kill(cache: &Path) -> bool {
    let copy = tempfile::tempdir().unwrap();
    let status = std::process::Command::new("cp")
        .arg("-a")
        .arg(cache.join("."))
        .arg(copy.path())
        .status();
    assert!(status.unwrap().success());
    start(copy.path())
}

#[test]
fn compiled_code_is_used_again_and_rebuilt_where_it_is_damaged() {
    let (cache, before) = filled();
    let written = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    let first: Vec<_> = before.iter().map(|(path, _)| written(path)).collect();
    assert!(!start(cache.path()));
    for ((path, _), first) in before.iter().zip(first) {
        assert_eq!(written(path), first, "it was used and not written again");
    }
    for damaged in [b"", &b"nonsense"[..]] {
        for (path, _) in &before {
            fs::write(path, damaged).unwrap();
        }
        assert!(start(cache.path()));
        for (path, good) in &before {
            assert_eq!(fs::read(path).unwrap().len(), good.len());
        }
    }
    assert_eq!(entries(cache.path()).len(), 2);
}
