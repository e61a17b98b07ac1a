//! The fuzzer: libFuzzer, by way of cargo-fuzz, where there is a nightly toolchain.

use crate::run::{self, Result, check, root};
use std::process::Command;

/// The targets, `fuzz/fuzz_targets/NAME.rs`.
const TARGETS: [&str; 4] = ["authorization", "body", "config", "outcome"];

/// How long a target runs if nothing is said, in seconds.
const SECONDS: u32 = 60;

/// How long a target runs in CI, in seconds: whether it builds and starts well.
const SMOKE_SECONDS: u32 = 15;

/// `[TARGET] [--seconds N]`: one target, or one after the other.
pub(crate) fn fuzz(arguments: &[String]) -> Result {
    let mut targets = Vec::new();
    let mut seconds = SECONDS;
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--seconds" {
            seconds = arguments
                .next()
                .and_then(|number| number.parse().ok())
                .filter(|seconds| *seconds > 0)
                .ok_or("--seconds takes a whole number from 1")?;
        } else {
            let target = TARGETS.into_iter().find(|target| target == argument);
            targets.push(target.ok_or_else(|| {
                format!("there is no target `{argument}`: {}", TARGETS.join(", "))
            })?);
        }
    }
    if let Some(missing) = missing() {
        return Err(missing);
    }
    let targets = if targets.is_empty() {
        TARGETS.to_vec()
    } else {
        targets
    };
    targets
        .into_iter()
        .try_for_each(|target| run(target, seconds, &[]))
}

/// A short run of every target, where that can be; says so where it cannot.
pub(crate) fn smoke() -> Result {
    if let Some(missing) = missing() {
        println!(
            "xtask: NOT FUZZED: {missing}. The test `replay` has run the targets over their corpus."
        );
        return Ok(());
    }
    println!("xtask: fuzzing every target for {SMOKE_SECONDS} s");
    TARGETS
        .into_iter()
        // Optimising takes ten times as long as the whole run.
        .try_for_each(|target| run(target, SMOKE_SECONDS, &["--dev"]))
}

/// What the fuzzer needs and is not here.
fn missing() -> Option<String> {
    if !run::succeeds("cargo", &["+nightly", "--version"]) {
        let remedy = "`rustup toolchain install nightly --profile minimal`";
        return Some(format!("there is no nightly toolchain: {remedy}"));
    }
    if !run::succeeds("cargo", &["+nightly", "fuzz", "--version"]) {
        let remedy = "`cargo +nightly install --locked cargo-fuzz@0.13.2`";
        return Some(format!("there is no cargo-fuzz: {remedy}"));
    }
    None
}

/// What it finds anew goes to `fuzz/found`; the corpus has names and is kept by hand.
fn run(target: &str, seconds: u32, how: &[&str]) -> Result {
    let folder = root().join("fuzz");
    let found = format!("found/{target}");
    std::fs::create_dir_all(folder.join(&found))
        .map_err(|error| format!("cannot create fuzz/{found}: {error}"))?;
    let corpus = format!("corpus/{target}");
    let seconds = format!("-max_total_time={seconds}");
    let mut command = Command::new("cargo");
    command
        .current_dir(folder)
        .args(["+nightly", "fuzz", "run"])
        .args(how)
        // Without `unsafe` there is little that the address sanitizer could find, and it
        // takes twice the time.
        .args(["--sanitizer", "none", target, &found, &corpus])
        .args([
            "--",
            &seconds,
            "-max_len=4096",
            "-timeout=10",
            "-print_final_stats=1",
        ])
        // Cargo sets these for its children, and they choose another toolchain.
        .env_remove("CARGO")
        .env_remove("RUSTC")
        .env_remove("RUSTUP_TOOLCHAIN");
    check(command)
}
