//! `wasmtime serve` and nothing else of wasmtime's command line: the arguments are
//! those that follow `serve` there.

use clap::Parser;
use wasmtime_cli::commands::ServeCommand;

fn main() -> Result<(), String> {
    ServeCommand::parse()
        .execute()
        .map_err(|error| format!("{error:#}"))
}
