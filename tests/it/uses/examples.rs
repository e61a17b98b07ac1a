//! The configurations of `examples/`: each is good, and short enough to read. And what
//! the bundled plugins ask for: no more than what they use.

use crate::support::{component, repository, retort};

/// Each use with the plugins that it takes.
const EXAMPLES: [(&str, &[&str]); 3] = [
    ("translate.toml", &["identify-language", "translate"]),
    ("cms.toml", &["cms-answer"]),
    ("personal-data.toml", &["vault-pii", "restore-pii"]),
];

#[test]
fn every_use_takes_fewer_than_twenty_lines() {
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    for (example, plugins) in EXAMPLES {
        for plugin in plugins {
            // They are where the example looks for them.
            component(plugin);
        }
        let file = repository().join("examples").join(example);
        let checked = retort()
            .args(["check", "--config"])
            .arg(&file)
            .env("LOBBY_SECRET", "purple unicorn")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{example}: {said}");
        let text = std::fs::read_to_string(&file).unwrap();
        // README has all of it but the comment at its beginning.
        let (_, config) = text.split_once("\n\n").unwrap();
        assert!(
            readme.contains(config.trim_end()),
            "README differs from {example}"
        );
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let count = lines.count();
        assert!(count < 20, "{example} has {count} lines");
    }
}

#[test]
fn a_plugin_asks_only_for_what_it_uses() {
    let all = ["http", "keyvalue", "logging", "config", "sockets"];
    for (plugin, uses) in [
        ("canned-answer", &[][..]),
        ("identify-language", &["http"]),
        ("translate", &["http"]),
        ("cms-answer", &["http", "keyvalue", "logging"]),
        ("vault-pii", &["keyvalue"]),
        ("restore-pii", &["keyvalue"]),
    ] {
        let bytes = std::fs::read(component(plugin)).unwrap();
        let imports = |package: &&str| {
            let name = format!("wasi:{package}/");
            bytes
                .windows(name.len())
                .any(|part| part == name.as_bytes())
        };
        let found: Vec<_> = all.into_iter().filter(imports).collect();
        assert_eq!(found, uses, "{plugin}");
    }
}
