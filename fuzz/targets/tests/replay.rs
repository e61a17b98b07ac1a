//! Every target over its corpus, and over mutations of it: what libFuzzer does better
//! with coverage and hours, on any toolchain and the same on every run.

mod mutate;

use mutate::Mutator;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// How many mutated inputs a target gets: some seconds' worth.
const INPUTS: usize = 25_000;

/// The files of a target's corpus, in the order of their names.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../corpus")
        .join(target);
    let files = std::fs::read_dir(&folder).unwrap();
    let mut files: Vec<_> = files
        .map(|file| file.unwrap().path())
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect();
    files.sort();
    assert!(files.len() > 10, "{} is nearly empty", folder.display());
    files
}

fn replay(target: &str, run: fn(&[u8])) {
    let files = corpus(target);
    for (path, input) in &files {
        check(run, input, &path.display().to_string());
    }
    let inputs: Vec<_> = files.into_iter().map(|(_, input)| input).collect();
    let mut mutator = Mutator::new(&inputs);
    for number in 0..INPUTS {
        check(run, &mutator.next(), &format!("mutated input {number}"));
    }
}

/// Runs a target and, where it panics, says over what.
fn check(run: fn(&[u8]), input: &[u8], name: &str) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(input))) {
        panic!(
            "{name}: {}\nb\"{}\"",
            message(&*panic),
            input.escape_ascii()
        );
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or_default()
}

#[test]
fn authorization() {
    replay("authorization", retort_fuzz_targets::authorization::run);
}

#[test]
fn body() {
    replay("body", retort_fuzz_targets::body::run);
}

#[test]
fn config() {
    replay("config", retort_fuzz_targets::config::run);
}

#[test]
fn outcome() {
    replay("outcome", retort_fuzz_targets::outcome::run);
}

#[test]
fn the_corpus_is_small() {
    let targets = ["authorization", "body", "config", "outcome"];
    let files = targets.iter().flat_map(|target| corpus(target));
    let bytes: usize = files.map(|(_, input)| input.len()).sum();
    assert!(bytes < 300 << 10, "the corpus has {bytes} bytes");
}
