//! The `retort` program: parse, dispatch, exit.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    retort::cli::Command::parse().execute()
}
