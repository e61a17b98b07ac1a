//! The `retort` program: parse, dispatch, exit.

use clap::Parser;
use std::process::ExitCode;

/// The C library's own took 6% of a request's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    retort::cli::Command::parse().execute()
}
