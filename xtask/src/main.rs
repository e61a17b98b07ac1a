//! The project's own verbs. `cargo xtask` lists them.
//!
//! Everything here needs only Rust, git and a C compiler: what else a verb
//! needs, it installs or builds first, and says so.

mod clients;
mod demo;
mod fuzz;
mod guests;
mod peers;
mod redis;
mod run;

use run::{Result, cargo, root};
use std::process::ExitCode;

const HELP: &str = "\
The verbs of this project:

  cargo xtask demo      set everything up, serve the example, play the assistant once
  cargo xtask test      build everything and run every test
  cargo xtask setup     only make sure that components can be built here
  cargo xtask clients   only make sure that the HTTP clients of the tests are there
  cargo xtask plugins   build the bundled plugins to target/components/
  cargo xtask guests    build the guests of the tests to target/test-components/
  cargo xtask build     build the host, target/debug/retort, and the bundled plugins
  cargo xtask lint      formatting, clippy and documentation, warnings denied
  cargo xtask bench     measure what the sandbox costs, as ratios to native code
  cargo xtask bench-peers
                        compare Retort with other servers over HTTP; see bench/README.md
  cargo xtask bench-attack
                        measure Retort under attack; `bench-attack soak` runs a mix for
                        ten minutes and fails if anything is left of it
  cargo xtask deny      licences, advisories and duplicates among the dependencies
  cargo xtask fuzz [TARGET] [--seconds N]
                        fuzz the targets of fuzz/, 60 s each; needs a nightly toolchain
                        and cargo-fuzz, and says how to get them
  cargo xtask ci        lint, deny, a little fuzzing, and test: what has to pass before a change lands

Components are built for wasm32-wasip2. Where that target is not installed, the
verbs run `rustup target add wasm32-wasip2`; where that fails too, they build
the target's standard library from the distribution's Rust sources (Debian and
its relatives). RETORT_GUEST_STD=distribution chooses that last way outright,
RETORT_GUEST_STD=rustup forbids it.
";

fn main() -> ExitCode {
    let verb = std::env::args().nth(1);
    match dispatch(verb.as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("xtask: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(verb: Option<&str>) -> Result {
    match verb {
        Some("demo") => demo::demo(),
        Some("test") => test(),
        Some("setup") => guests::Toolchain::set_up().map(drop),
        Some("clients") => clients::set_up(),
        Some("plugins") => guests::build_plugins(),
        Some("guests") => guests::build_test_guests(),
        Some("build") => build(),
        Some("lint") => lint(),
        Some("bench") => bench(),
        Some("bench-peers") => peers::bench_peers(&std::env::args().skip(2).collect::<Vec<_>>()),
        Some("bench-attack") => peers::bench_attack(&std::env::args().skip(2).collect::<Vec<_>>()),
        Some("deny") => deny(),
        Some("fuzz") => fuzz::fuzz(&std::env::args().skip(2).collect::<Vec<_>>()),
        // What `ci` does of it, for those who run its verbs one by one.
        Some("fuzz-smoke") => fuzz::smoke(),
        Some("ci") => ci(),
        None | Some("help" | "--help" | "-h") => {
            print!("{HELP}");
            Ok(())
        }
        Some(other) => Err(format!("there is no verb `{other}`.\n\n{HELP}")),
    }
}

fn build() -> Result {
    guests::build_plugins()?;
    cargo(&root(), &["build", "--workspace"])
}

/// The tests of the whole come last: theirs are the lines that a reader looks for.
fn test() -> Result {
    // Before the long work: a test that needs it fails without it.
    redis::set_up()?;
    clients::set_up()?;
    guests::build_plugins()?;
    guests::build_test_guests()?;
    guests::on_plugins_natively(&["test", "--workspace"])?;
    peers::on_harness(&["test"])?;
    let whole = |arguments: &[&str]| {
        let locked = run::locked().iter().copied();
        let arguments: Vec<_> = arguments.iter().copied().chain(locked).collect();
        cargo(&root(), &arguments)
    };
    whole(&["build", "--workspace"])?;
    whole(&["test", "--workspace", "--lib", "--bins"])?;
    whole(&["test", "--workspace", "--doc"])?;
    whole(&[
        "test",
        "--package",
        "retort-fuzz-targets",
        "--test",
        "replay",
    ])?;
    whole(&["test", "--workspace", "--test", "it"])
}

fn lint() -> Result {
    for workspace in [
        "",
        "plugins",
        "tests/guests",
        "bench",
        "bench/guests",
        "fuzz",
    ] {
        cargo(&root().join(workspace), &["fmt", "--all", "--check"])?;
    }
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ];
    cargo(&root(), &clippy)?;
    guests::on_plugins_natively(&clippy)?;
    peers::on_harness(&[
        "clippy",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ])?;
    let doc = ["doc", "--workspace", "--no-deps", "--locked"];
    cargo(&root(), &doc)?;
    guests::on_plugins_natively(&doc)
}

fn bench() -> Result {
    guests::build_plugins()?;
    cargo(&root(), &["bench", "--package", "retort-tests"])
}

/// Checks the dependencies. The advisory database is fetched from the network;
/// where it cannot be, that is said, and the other checks still decide.
fn deny() -> Result {
    if !run::succeeds("cargo", &["deny", "--version"]) {
        println!("xtask: installing cargo-deny (once, some minutes)");
        cargo(
            &root(),
            &["install", "--locked", "--debug", "cargo-deny@0.20.2"],
        )?;
    }
    // Against one table: what is part of a plugin is shipped like the host.
    let table = root().join("deny.toml");
    let config = table.to_string_lossy();
    let advisories = run::succeeds("cargo", &["deny", "fetch", "db"]);
    for workspace in [root(), root().join("plugins")] {
        let check = ["deny", "--config", &config, "check"];
        cargo(
            &workspace,
            &[&check[..], &["bans", "licenses", "sources"]].concat(),
        )?;
        if advisories {
            cargo(
                &workspace,
                &[&check[..], &["--disable-fetch", "advisories"]].concat(),
            )?;
        }
    }
    if !advisories {
        println!("xtask: NOT CHECKED: the advisory database cannot be reached from here");
    }
    Ok(())
}

fn ci() -> Result {
    lint()?;
    deny()?;
    fuzz::smoke()?;
    test()
}
