//! Builds whom Retort is compared with, and runs the comparison; see `bench/README.md`.

use crate::guests;
use crate::run::{Result, cargo, cargo_with, check, locked, root};
use std::process::Command;

const TARGET: [(&str, &str); 1] = [(
    "CARGO_TARGET_DIR",
    concat!(env!("CARGO_MANIFEST_DIR"), "/../target/peers"),
)];

pub(crate) fn bench_peers(arguments: &[String]) -> Result {
    guests::build_plugins()?;
    guests::build_peers()?;
    let release = |package| [&["build", "--release", "--package", package], locked()].concat();
    cargo(&root(), &release("retort"))?;
    let bench = root().join("bench");
    // One at a time: together they would share the features of their dependencies.
    let mut packages = vec!["native", "retort-peers"];
    if !arguments.iter().any(|given| given == "--without-wasmtime") {
        println!("xtask: `wasmtime serve` takes ten minutes and more to build the first time");
        packages.push("wasmtime-serve");
    }
    for package in packages {
        cargo_with(&bench, &release(package), &TARGET)?;
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund"])
        .current_dir(bench.join("peers"));
    check(npm).map_err(|reason| format!("{reason}\nThe peers need Node 20 or later, with npm."))?;
    let mut peers = Command::new(root().join("target/peers/release/retort-peers"));
    peers.args(arguments);
    check(peers)
}

/// Measures Retort under attack, which needs none of the peers.
pub(crate) fn bench_attack(arguments: &[String]) -> Result {
    guests::build_plugins()?;
    guests::build_test_guests()?;
    let release = |package| [&["build", "--release", "--package", package], locked()].concat();
    cargo(&root(), &release("retort"))?;
    cargo_with(&root().join("bench"), &release("retort-peers"), &TARGET)?;
    let mut attack = Command::new(root().join("target/peers/release/retort-peers"));
    attack.arg("attack").args(arguments);
    check(attack)
}

/// Runs cargo over the harness, without the peers that take long to build.
pub(crate) fn on_harness(arguments: &[&str]) -> Result {
    let (verb, rest) = arguments.split_at(arguments.len().min(1));
    let packages: &[&str] = &["--package", "retort-peers", "--package", "charm"];
    cargo_with(
        &root().join("bench"),
        &[verb, packages, rest].concat(),
        &TARGET,
    )
}
