//! What ARCHITECTURE.md says of the source: dependencies point one way, the leaves
//! know neither the sandbox nor the network, files stay small.

use crate::support::repository;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Which modules of the host each of them may use.
const MAY_USE: [(&str, &[&str]); 32] = [
    ("main", &["cli"]),
    (
        "cli",
        &[
            "admin",
            "auth",
            "config",
            "event",
            "fairness",
            "grant",
            "guard",
            "keyvalue",
            "limits",
            "metrics",
            "outcome",
            "pipeline",
            "plugin",
            "process",
            "quarantine",
            "reload",
            "respond",
            "secret",
            "server",
            "snapshot",
            "texts",
            "tls",
            "view",
        ],
    ),
    (
        "admin",
        &[
            "event", "fairness", "limits", "metrics", "pipeline", "plugin", "process", "server",
            "snapshot",
        ],
    ),
    (
        "reload",
        &["auth", "config", "process", "secret", "snapshot"],
    ),
    (
        "server",
        &[
            "config", "fairness", "ingress", "metrics", "process", "snapshot", "throttle", "tls",
        ],
    ),
    (
        "ingress",
        &[
            "event", "fairness", "gate", "metrics", "outcome", "pipeline", "respond", "snapshot",
            "throttle",
        ],
    ),
    ("respond", &["event", "fairness", "outcome"]),
    (
        "snapshot",
        &[
            "config",
            "event",
            "fairness",
            "gate",
            "keyvalue",
            "grant",
            "guard",
            "limits",
            "metrics",
            "pipeline",
            "plugin",
            "process",
            "quarantine",
        ],
    ),
    ("gate", &["auth", "issuer", "process", "replay"]),
    (
        "process",
        &[
            "fairness", "issuer", "keyvalue", "metrics", "plugin", "replay",
        ],
    ),
    ("issuer", &["auth", "throttle", "tls"]),
    ("replay", &[]),
    (
        "pipeline",
        &[
            "config",
            "event",
            "fairness",
            "grant",
            "guard",
            "limits",
            "metrics",
            "outcome",
            "plugin",
            "quarantine",
            "throttle",
            "view",
        ],
    ),
    (
        "plugin",
        &[
            "bindings",
            "capability",
            "config",
            "event",
            "fairness",
            "grant",
            "guard",
            "limits",
            "outcome",
            "texts",
            "view",
        ],
    ),
    ("capability", &["grant", "keyvalue", "limits"]),
    ("bindings", &[]),
    ("keyvalue", &["config", "grant"]),
    ("metrics", &["event", "fairness", "outcome"]),
    (
        "config",
        &[
            "auth",
            "event",
            "fairness",
            "grant",
            "guard",
            "limits",
            "quarantine",
            "secret",
            "tls",
            "view",
        ],
    ),
    ("auth", &[]),
    ("limits", &[]),
    ("texts", &["outcome", "view"]),
    ("outcome", &["event", "fairness", "guard", "view"]),
    ("fairness", &[]),
    ("grant", &[]),
    ("quarantine", &[]),
    ("guard", &[]),
    ("view", &[]),
    ("event", &[]),
    ("secret", &[]),
    ("throttle", &[]),
    ("tls", &[]),
];

/// Those that know neither wasmtime nor hyper.
const LEAVES: [&str; 13] = [
    "quarantine",
    "replay",
    "tls",
    "config",
    "auth",
    "event",
    "limits",
    "texts",
    "outcome",
    "guard",
    "grant",
    "view",
    "secret",
];

/// Where wasmtime may be named at all.
const SANDBOX: [&str; 4] = ["plugin", "capability", "bindings", "snapshot"];

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            rust_files(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

/// The host's modules, each with the text of all its files, tests and comments left out.
fn modules() -> BTreeMap<String, String> {
    let source = repository().join("host/src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    let mut modules = BTreeMap::<_, String>::new();
    for file in files {
        let relative = file.strip_prefix(&source).unwrap();
        if relative.ends_with("tests.rs") {
            continue;
        }
        let first = relative.iter().next().unwrap().to_string_lossy();
        let module = first.trim_end_matches(".rs").to_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        let lines = code.lines().filter(|line| !line.trim().starts_with("//"));
        modules
            .entry(module)
            .or_default()
            .extend(lines.flat_map(|line| [line, "\n"]));
    }
    modules.remove("lib");
    modules
}

#[test]
fn dependencies_point_one_way() {
    let modules = modules();
    let names: BTreeSet<_> = modules.keys().map(String::as_str).collect();
    let listed: BTreeSet<_> = MAY_USE.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, listed, "each module has its line in the table");
    for (module, may_use) in MAY_USE {
        let used: BTreeSet<_> = modules[module]
            .split("crate::")
            .skip(1)
            .map(|rest| {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
                &rest[..end.unwrap_or(rest.len())]
            })
            .filter(|used| *used != module)
            .collect();
        for used in used {
            assert!(may_use.contains(&used), "`{module}` may not use `{used}`");
        }
    }
}

#[test]
fn the_table_has_no_circle() {
    // Every module stands above all those that it may use, except that the command
    // line is the top and stands first anyway.
    let order: Vec<_> = MAY_USE.iter().map(|(name, _)| *name).collect();
    for (at, (module, may_use)) in MAY_USE.iter().enumerate() {
        for used in *may_use {
            let below = order.iter().position(|name| name == used).unwrap();
            assert!(
                below > at,
                "`{module}` uses `{used}`, which stands above it"
            );
        }
    }
}

#[test]
fn leaves_know_neither_sandbox_nor_network() {
    for (module, code) in modules() {
        if LEAVES.contains(&module.as_str()) {
            for foreign in ["wasmtime", "hyper", "tokio"] {
                assert!(!code.contains(foreign), "`{module}` knows {foreign}");
            }
        }
        if !SANDBOX.contains(&module.as_str()) {
            assert!(!code.contains("wasmtime"), "`{module}` knows wasmtime");
        }
    }
}

#[test]
fn files_stay_small() {
    let mut files = Vec::new();
    for folder in ["fuzz", "host", "json", "plugins", "tests", "xtask"] {
        rust_files(&repository().join(folder), &mut files);
    }
    assert!(files.len() > 50);
    for file in files {
        let lines = std::fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 400, "{} has {lines} lines", file.display());
    }
}

#[test]
fn nothing_is_left_unfinished() {
    let mut files = Vec::new();
    rust_files(&repository(), &mut files);
    for page in ["README", "ARCHITECTURE", "CHANGELOG", "CONTRIBUTING"] {
        files.push(repository().join(format!("{page}.md")));
    }
    for file in files.iter().filter(|file| !file.ends_with("tidy.rs")) {
        let text = std::fs::read_to_string(file).unwrap();
        for mark in ["TODO", "FIXME", "XXX", "todo!", "unimplemented!"] {
            assert!(!text.contains(mark), "{} has {mark}", file.display());
        }
    }
}
