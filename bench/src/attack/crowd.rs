//! Twice the requests that the machine can carry, of tenants that all mean well.

use super::client::Target;
use super::closed::Closed;
use super::steady::Steady;
use super::tally::{Tally, ratio};
use super::tenants::House;
use super::{Measured, Usage, add, or_dash};
use crate::Result;
use crate::bodies::Size;
use crate::process;
use crate::server::Server;
use std::time::{Duration, Instant};

/// Tenants with one assistant each. Each may use its share of the machine, and together
/// they want twice of it.
const TENANTS: usize = 4;

/// Stages of each assistant. With so many over a large body, the guests need most of the
/// machine, and the generator little.
const STAGES: usize = 8;

/// Connections that find the peak.
const PEAK_CONNECTIONS: usize = 64;

/// Connections of the crowd, at most. One that gets no free one waits for it.
const CROWD_CONNECTIONS: usize = 4_096;

/// The assistants' own timeout, which is the product's default.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What the offered load is in terms of the peak.
const TIMES: f64 = 2.0;

/// The least that the crowd leaves of the peak, in percent.
const AIM: f64 = 90.0;

/// Measures it all.
pub(crate) fn run(quick: bool) -> Measured {
    let (peak_duration, duration) = if quick { (4, 10) } else { (15, 60) };
    let mut house = House::new("attack-crowd")?;
    let names: Vec<_> = (0..TENANTS).map(|n| format!("crowd-{n}")).collect();
    for name in &names {
        house.good(name, STAGES);
    }
    let server = house.serve()?;
    let targets = names
        .iter()
        .map(|name| house.good_target(&server, name, STAGES, Size::Kb32))
        .collect::<Result<Vec<_>>>()?;

    eprintln!("bench-attack: looking for the peak");
    let before = peak(&server, &targets, peak_duration)?;
    let rate = before.per_second * TIMES;
    eprintln!("bench-attack: offering {rate:.0} requests a second for {duration} s");
    let usage = Usage::begin()?;
    let crowd = Steady {
        targets: targets.clone(),
        rate,
        duration: Duration::from_secs(duration),
        connections: CROWD_CONNECTIONS,
        patience: TIMEOUT + Duration::from_secs(2),
    }
    .run()?;
    let generator = usage.percent()?;
    let seconds = usage.since.elapsed().as_secs_f64();
    let after = peak(&server, &targets, peak_duration)?;
    let alive = !process::has_ended(server.process());
    Ok((
        report(&before, &after, rate, &crowd, seconds, generator, alive),
        Ok(()),
    ))
}

/// The most that the server answers, and what it costs to ask.
struct Peak {
    per_second: f64,
    /// In percent of one core.
    generator: f64,
    server: f64,
}

fn peak(server: &Server, targets: &[Target], seconds: u64) -> Result<Peak> {
    let load = || Closed {
        targets: targets.to_vec(),
        connections: PEAK_CONNECTIONS,
        rest: Duration::ZERO,
        refused: Duration::ZERO,
        nice: 0,
    };
    // The first second only warms up.
    let warm = load().start()?;
    std::thread::sleep(Duration::from_secs(1));
    warm.stop()?;
    let running = load().start()?;
    let (begun, usage) = (Instant::now(), Usage::begin()?);
    let used = process::cpu_time(server.process())?;
    std::thread::sleep(Duration::from_secs(seconds));
    let used = process::cpu_time(server.process())?.saturating_sub(used);
    let (took, generator) = (begun.elapsed().as_secs_f64(), usage.percent()?);
    let good: u64 = running.stop()?.iter().map(Tally::good).sum();
    if good == 0 {
        return Err("nothing was answered with 200 while looking for the peak".to_owned());
    }
    Ok(Peak {
        per_second: ratio(good, 1) / took,
        generator,
        server: used.as_secs_f64() / took * 100.0,
    })
}

fn report(
    before: &Peak,
    after: &Peak,
    rate: f64,
    crowd: &Tally,
    seconds: f64,
    generator: f64,
    alive: bool,
) -> String {
    use super::client::Answer::{BareRefusal, Status, Wrong};
    let bare = crowd.count(BareRefusal);
    let refused = crowd.count(Status(503)) + bare;
    let other = crowd.sent() - crowd.good() - refused - crowd.unanswered();
    let per_second = ratio(crowd.good(), 1) / seconds;
    let share = per_second / f64::midpoint(before.per_second, after.per_second) * 100.0;
    let p99 = crowd.quantile(990);
    let within = p99.is_some_and(|p99| p99 < TIMEOUT.as_secs_f64() * 1e3);
    let yes = |holds: bool| if holds { "yes" } else { "**no**" };
    let mut text = format!(
        "{TENANTS} tenants, each with an assistant of {STAGES} stages; bodies of 32 KB; the \
         default of every limit. The peak is a closed loop of {PEAK_CONNECTIONS} connections, \
         the crowd an open loop of {TIMES} times that, over at most {CROWD_CONNECTIONS} \
         connections; a request's time counts from when it was due. Generator and server share \
         the machine, so what is offered also costs the server some of it.\n\n\
         | what | figure | as it should be |\n|---|---|---|\n"
    );
    let mut row = |what: &str, figure: String, verdict: &str| {
        add(&mut text, format_args!("| {what} | {figure} | {verdict} |"));
    };
    for (when, peak) in [("before", before), ("after", after)] {
        row(
            &format!("peak {when}"),
            format!(
                "{:.0} a second; server {:.0}%, generator {:.0}% of one core",
                peak.per_second, peak.server, peak.generator
            ),
            "",
        );
    }
    row(
        "offered",
        format!(
            "{rate:.0} a second, {} in all; generator {generator:.0}% of one core, late by {} ms (p99)",
            crowd.sent(),
            or_dash(crowd.lateness(990), 1),
        ),
        "",
    );
    let percent = |count| format!("{count}, {:.2}%", crowd.share(count));
    row("answered with 200", percent(crowd.good()), "");
    row("refused with 503", percent(refused), "");
    row(
        "without Retry-After, among these",
        bare.to_string(),
        yes(bare == 0),
    );
    row("answered otherwise", percent(other), yes(other == 0));
    row(
        "with a wrong text, among these",
        crowd.count(Wrong).to_string(),
        yes(crowd.count(Wrong) == 0),
    );
    row(
        "without an answer",
        percent(crowd.unanswered()),
        yes(crowd.unanswered() == 0),
    );
    row(
        "time of a 200, which the assistant's timeout of 10 s bounds",
        format!(
            "p50 {} ms, p99 {} ms, max {} ms",
            or_dash(crowd.quantile(500), 0),
            or_dash(p99, 0),
            or_dash(crowd.quantile(1_000), 0)
        ),
        yes(within),
    );
    row(
        "answered a second",
        format!("{per_second:.0}, {share:.0}% of the peak"),
        yes(share >= AIM),
    );
    row("connections opened", crowd.connections.to_string(), "");
    row("the server is alive", String::new(), yes(alive));
    add(&mut text, format_args!("\nAll: {}.", crowd.in_words()));
    text
}
