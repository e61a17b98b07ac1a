//! Compares Retort with other servers of the same webhook, over HTTP. `README.md`
//! tells what is compared and how to read it; `cargo xtask bench-peers` builds
//! everything and runs this. `cargo xtask bench-attack` runs it too, to measure Retort
//! under attack.

mod aims;
mod attack;
mod bodies;
mod check;
mod density;
mod grid;
mod load;
mod peers;
mod places;
mod process;
mod report;
mod retort;
mod server;

use std::process::ExitCode;

/// The error is a sentence for the person at the terminal.
type Result<T = ()> = std::result::Result<T, String>;

const HELP: &str = "\
cargo xtask bench-peers [peers | density] [--quick] [--without-wasmtime]

  peers               Retort beside the other servers (the default): at most 10 minutes
  density             what many plugins and many assistants cost Retort
  --quick             fewer sizes, connections and rounds: 2 to 3 minutes
  --without-wasmtime  spare the time that it takes to build `wasmtime serve`

Both print Markdown and keep it in target/peers.md.
";

fn main() -> ExitCode {
    let given: Vec<_> = std::env::args().skip(1).collect();
    let (tool, ended) = match given.split_first() {
        Some((first, rest)) if first == "attack" => ("bench-attack", attack::run(rest)),
        _ => ("bench-peers", run(given.into_iter())),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{tool}: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(given: impl Iterator<Item = String>) -> Result {
    Arguments::read(given)
        .ok_or_else(|| format!("these arguments mean nothing here.\n\n{HELP}"))?
        .run()
}

#[derive(Default)]
struct Arguments {
    density: bool,
    quick: bool,
    without_wasmtime: bool,
}

impl Arguments {
    /// None if there is one that does not exist.
    fn read(all: impl Iterator<Item = String>) -> Option<Self> {
        let mut arguments = Self::default();
        for argument in all {
            match argument.as_str() {
                "peers" => arguments.density = false,
                "density" => arguments.density = true,
                "--quick" => arguments.quick = true,
                "--without-wasmtime" => arguments.without_wasmtime = true,
                _ => return None,
            }
        }
        Some(arguments)
    }

    fn run(self) -> Result {
        let _until_the_end = places::lock()?;
        match (self.density, self.quick) {
            (false, false) => grid::run(&grid::Plan::FULL, !self.without_wasmtime),
            (false, true) => grid::run(&grid::Plan::QUICK, !self.without_wasmtime),
            (true, false) => density::run(&density::Plan::FULL),
            (true, true) => density::run(&density::Plan::QUICK),
        }
    }
}
