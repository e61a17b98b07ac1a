//! `cargo xtask bench-attack`: what a good tenant notices of bad ones, and whether
//! anything is left of them afterwards. `README.md` tells how to read it.

mod beside;
mod client;
mod closed;
mod crowd;
mod drip;
mod fleet;
mod level;
mod quit;
mod slow;
mod soak;
mod steady;
mod tally;
mod tenants;
mod threads;

use crate::{Result, places, report};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::time::{ClockId, clock_gettime};
use std::fmt::Write;
use std::time::{Duration, Instant};

const HELP: &str = "\
cargo xtask bench-attack [beside | crowd | fleet | slow | soak] [--quick] [--no-reload]

  beside    a good tenant beside others that loop, grow, sleep and print
  crowd     twice the requests that the machine can carry
  fleet     1,000 assistants with 200 distinct plugins
  slow      5,000 connections that say little, beside the good tenant
  soak      a mix of it all for 10 minutes; fails if anything is left afterwards
  --quick   the same for a shorter time
  --no-reload
            the soak sends no SIGHUP, for a Retort that it would end

Without a name, all but the soak: about 15 minutes, quickly about 4. It prints
Markdown and keeps it in target/attack.md.
";

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Beside,
    Crowd,
    Fleet,
    Slow,
    Soak,
}

/// Measures what the arguments name.
///
/// # Errors
/// What could not be measured; for a soak, also what did not come back to its level.
pub(crate) fn run(arguments: &[String]) -> Result {
    let (mut quick, mut reload) = (false, true);
    let mut parts = Vec::new();
    for argument in arguments {
        match argument.as_str() {
            "beside" => parts.push(Part::Beside),
            "crowd" => parts.push(Part::Crowd),
            "fleet" => parts.push(Part::Fleet),
            "slow" => parts.push(Part::Slow),
            "soak" => parts.push(Part::Soak),
            "--quick" => quick = true,
            "--no-reload" => reload = false,
            _ => return Err(format!("these arguments mean nothing here.\n\n{HELP}")),
        }
    }
    if parts.is_empty() {
        parts = vec![Part::Beside, Part::Crowd, Part::Fleet, Part::Slow];
    }
    allow_files()?;
    let _until_the_end = places::lock()?;
    for part in parts {
        let machine = report::machine_with("")?;
        let (title, measured) = match part {
            Part::Beside => ("Beside an attack", beside::run(quick)),
            Part::Crowd => ("A crowd", crowd::run(quick)),
            Part::Fleet => ("A fleet", fleet::run(quick)),
            Part::Slow => ("Slow senders", slow::run(quick)),
            Part::Soak => ("Soak", soak::run(quick, reload)),
        };
        let (text, verdict) = measured?;
        let shortened = if quick {
            " A quick run: too short for figures to cite."
        } else {
            ""
        };
        let text = format!("# {title}\n\n{machine}{shortened}\n\n{text}");
        println!("{text}");
        report::keep(&places::attack_report(), &text)?;
        verdict?;
    }
    Ok(())
}

/// A report, and whether what was measured has to be as it is.
type Measured = Result<(String, Result)>;

/// The files and connections that a process may have open, for the largest part.
const FILES: u64 = 8_192;

/// Raises the limit of open files as far as that goes; the server inherits it.
fn allow_files() -> Result {
    let failed = |error| format!("cannot set the limit of open files: {error}");
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).map_err(failed)?;
    if hard < FILES {
        return Err(format!(
            "a process may open only {hard} files here, and this takes {FILES}: raise it with \
             `ulimit -Hn {FILES}` as root, or with nofile in /etc/security/limits.conf"
        ));
    }
    if soft < hard {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard).map_err(failed)?;
    }
    Ok(())
}

/// What this process, which has all the generators, has used of one core meanwhile.
struct Usage {
    since: Instant,
    used: Duration,
}

impl Usage {
    fn begin() -> Result<Self> {
        Ok(Self {
            since: Instant::now(),
            used: own_cpu_time()?,
        })
    }

    /// In percent of one core.
    fn percent(&self) -> Result<f64> {
        let used = own_cpu_time()?.saturating_sub(self.used);
        Ok(used.as_secs_f64() / self.since.elapsed().as_secs_f64() * 100.0)
    }
}

fn own_cpu_time() -> Result<Duration> {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)
        .map(Duration::from)
        .map_err(|error| format!("cannot read the CPU time of this process: {error}"))
}

/// A figure with so many digits after the point, or a dash.
fn or_dash(figure: Option<f64>, digits: usize) -> String {
    figure.map_or_else(|| "–".to_owned(), |figure| format!("{figure:.digits$}"))
}

/// Adds lines to a report.
fn add(text: &mut String, lines: std::fmt::Arguments<'_>) {
    // Writing to a String does not fail.
    let _ = text.write_fmt(lines);
    text.push('\n');
}
