//! Five thousand connections that say little, beside the good tenant.

use super::beside::{GOOD, NICE, RATE, steady};
use super::drip::{Holding, IN_WORDS};
use super::level::Level;
use super::tally::Tally;
use super::tenants::House;
use super::{Measured, Usage, add, or_dash};
use crate::bodies::Size;
use crate::process;
use std::time::Duration;

const CONNECTIONS: usize = 5_000;

/// The most that they may add to the good tenant's p99, in milliseconds.
const AIM: f64 = 5.0;

/// How long it takes to make them all, and more.
const BEFORE: Duration = Duration::from_secs(3);

/// After it they have gone, and the server has noticed.
const AFTER: Duration = Duration::from_secs(2);

/// Measures it all.
pub(crate) fn run(quick: bool) -> Measured {
    // Longer than the server's own limits for heads and bodies, which are 10 s each.
    let duration = Duration::from_secs(if quick { 8 } else { 40 });
    let mut house = House::new("attack-slow")?;
    house.good(GOOD, 1);
    let server = house.serve()?;
    let good = steady(&house, &server, duration)?;
    let before = good.clone().run()?;
    let idle = Level::of(&server, None)?;

    eprintln!("bench-attack: beside {CONNECTIONS} connections that say little");
    let target = house.target(&server, GOOD, Size::Sample)?;
    let holding = Holding::start(&target, CONNECTIONS, NICE)?;
    std::thread::sleep(BEFORE);
    let filled = Level::of(&server, None)?;
    let usage = Usage::begin()?;
    let beside = good.clone().run()?;
    let generator = usage.percent()?;
    let late = Level::of(&server, None)?;
    let held = holding.stop()?;
    std::thread::sleep(AFTER);
    let left = Level::of(&server, None)?;
    let after = good.run()?;
    let alive = !process::has_ended(server.process());

    let mut text = format!(
        "{CONNECTIONS} connections: {IN_WORDS}. One that the server closes comes again. The \
         good tenant sends {RATE} requests a second as in *Beside an attack*, for {} s.\n\n\
         | good tenant | p50 ms | p99 ms | max ms | answers |\n|---|---|---|---|---|\n",
        duration.as_secs()
    );
    for (when, tally) in [
        ("alone", &before),
        ("beside them", &beside),
        ("alone again", &after),
    ] {
        add(&mut text, format_args!("| {when} | {} |", times(tally)));
    }
    text.push_str("\n| server | resident memory | threads | open files |\n|---|---|---|---|\n");
    for (when, level) in [
        ("before", &idle),
        ("with all of them", &filled),
        ("at the end of the measuring", &late),
        ("when they have gone", &left),
    ] {
        add(
            &mut text,
            format_args!(
                "| {when} | {} MiB | {} | {} |",
                level.resident >> 20,
                level.threads,
                level.files
            ),
        );
    }
    let p99 = |tally: &Tally| tally.quantile(990);
    let above = p99(&beside)
        .zip(p99(&before))
        .map(|(beside, alone)| beside - alone);
    let within = above.is_some_and(|above| above <= AIM) && beside.good() == beside.sent();
    add(
        &mut text,
        format_args!(
            "\nThe connections: {}. The generator used {generator:.0}% of one core. p99 above \
             alone: {} ms; the aim is at most {AIM} ms and every answer 200: {}. The server is \
             alive: {}.",
            held.in_words(),
            or_dash(above, 2),
            if within { "yes" } else { "**no**" },
            if alive { "yes" } else { "**no**" },
        ),
    );
    Ok((text, Ok(())))
}

fn times(tally: &Tally) -> String {
    format!(
        "{} | {} | {} | {}",
        or_dash(tally.quantile(500), 2),
        or_dash(tally.quantile(990), 2),
        or_dash(tally.quantile(1_000), 1),
        tally.in_words()
    )
}
