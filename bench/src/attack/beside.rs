//! A good tenant at a hundred requests a second, alone and beside a tenant whose plugin
//! does one bad thing for as long as it may.

use super::closed::Closed;
use super::steady::Steady;
use super::tally::{Tally, ratio};
use super::tenants::House;
use super::{Measured, Usage, add, or_dash};
use crate::Result;
use crate::bodies::Size;
use crate::report::median;
use crate::server::Server;
use std::time::Duration;

/// What the good tenant sends, each second.
pub(crate) const RATE: f64 = 100.0;

/// The good tenant.
pub(crate) const GOOD: &str = "good";

/// The most that an attack may add to the good tenant's p99, in milliseconds.
const AIM: f64 = 5.0;

/// How many requests the attackers have in flight, and how long a refused one waits
/// before it comes again. `Retry-After` says a second; the last do not care.
const CROWDS: [(usize, Duration); 4] = [
    (8, POLITE),
    (64, POLITE),
    (512, POLITE),
    (512, Duration::ZERO),
];

const POLITE: Duration = Duration::from_secs(1);

/// How much less of the machine the attackers get than the server, where both want it.
/// In the world they would be on another machine.
pub(crate) const NICE: i32 = 10;

/// An attack goes on for so long before it is measured what it does.
const BEFORE: Duration = Duration::from_secs(1);

/// What the bad tenants do: in words, and the guests. Each guest has a tenant of its own,
/// and the requests at once are divided among them.
const ATTACKS: [(&str, &[&str]); 5] = [
    ("loops forever", &["loops-forever"]),
    ("grows memory", &["grows-memory"]),
    ("sleeps in a host call", &["sleeps"]),
    ("floods the log", &["prints-endlessly"]),
    (
        "all four",
        &[
            "loops-forever",
            "grows-memory",
            "sleeps",
            "prints-endlessly",
        ],
    ),
];

/// Quantiles of the good tenant's times, in thousandths.
const QUANTILES: [(&str, usize); 4] = [("p50", 500), ("p99", 990), ("p99.9", 999), ("max", 1_000)];

/// One line of the tables.
struct Cell {
    /// What the attackers do, over how many connections; none where there are none.
    attack: Option<(&'static str, usize, Duration)>,
    good: Tally,
    attackers: Tally,
    /// In percent of one core.
    generator: f64,
    seconds: f64,
}

/// Measures it all.
pub(crate) fn run(quick: bool) -> Measured {
    let duration = Duration::from_secs(if quick { 4 } else { 10 });
    let mut house = House::new("attack-beside")?;
    // Whoever is skipped is no attacker.
    house.config.add("[quarantine]\nfaults = 0\n");
    house.good(GOOD, 1);
    // The last of them has all.
    for guest in ATTACKS.last().map_or(&[][..], |(_, guests)| guests) {
        house.hostile(guest, guest, "{}")?;
    }
    let server = house.serve()?;
    let good = steady(&house, &server, duration)?;
    // So that the first cell does not pay for what is done once.
    good.clone().run()?;
    let noise = Steady {
        targets: vec![house.health(&server)?],
        ..good.clone()
    };
    let noise = noise.run()?;
    let mut cells = Vec::new();
    for (words, guests) in ATTACKS {
        cells.push(alone(&good)?);
        for (connections, refused) in CROWDS {
            eprintln!("bench-attack: beside {connections} requests of a tenant that {words}");
            let targets = guests
                .iter()
                .map(|guest| house.target(&server, guest, Size::Sample));
            let attackers = Closed {
                targets: targets.collect::<Result<_>>()?,
                connections,
                rest: Duration::ZERO,
                refused,
                nice: NICE,
            };
            cells.push(beside(&good, attackers, words)?);
            // What the attackers left goes with their connections.
            std::thread::sleep(BEFORE);
        }
    }
    cells.push(alone(&good)?);
    Ok((report(&noise, &cells), Ok(())))
}

/// The good tenant's requests.
pub(crate) fn steady(house: &House, server: &Server, duration: Duration) -> Result<Steady> {
    Ok(Steady {
        targets: vec![house.good_target(server, GOOD, 1, Size::Sample)?],
        rate: RATE,
        duration,
        connections: 1_024,
        patience: Duration::from_secs(12),
    })
}

fn alone(good: &Steady) -> Result<Cell> {
    let usage = Usage::begin()?;
    Ok(Cell {
        attack: None,
        good: good.clone().run()?,
        attackers: Tally::default(),
        generator: usage.percent()?,
        seconds: 0.0,
    })
}

fn beside(good: &Steady, attackers: Closed, words: &'static str) -> Result<Cell> {
    let (connections, refused) = (attackers.connections, attackers.refused);
    let running = attackers.start()?;
    let usage = Usage::begin()?;
    std::thread::sleep(BEFORE);
    // The attack goes on until the last of these is answered.
    let good = good.clone().run()?;
    let (generator, seconds) = (usage.percent()?, usage.since.elapsed().as_secs_f64());
    let mut attackers = Tally::default();
    for tally in running.stop()? {
        attackers.merge(tally);
    }
    Ok(Cell {
        attack: Some((words, connections, refused)),
        good,
        attackers,
        generator,
        seconds,
    })
}

fn report(noise: &Tally, cells: &[Cell]) -> String {
    let alone = |thousandths| {
        let cells = cells.iter().filter(|cell| cell.attack.is_none());
        cells.filter_map(move |cell| cell.good.quantile(thousandths))
    };
    let mut text = format!(
        "A good tenant sends the vendor's sample body {RATE} times a second, open loop, over \
         kept-alive connections; each time counts from when the request was due, and every \
         answer is compared to the byte. The attackers are a closed loop over HTTP/1.1: each \
         connection sends its next request at once when it has an answer, and a second after a \
         refusal, as `Retry-After` says, unless the line says otherwise. Nobody is quarantined. \
         Generator and server share the machine. The generator is one process: one thread for \
         the good tenant and one that keeps its time, and one, of niceness {NICE}, for the \
         attackers.\n\n| alone | p50 ms | p99 ms | p99.9 ms | max ms |\n|---|---|---|---|---|\n"
    );
    let mut line = |what: &str, figure: &dyn Fn(usize) -> Option<f64>| {
        let figures = QUANTILES.map(|(_, thousandths)| or_dash(figure(thousandths), 2));
        add(
            &mut text,
            format_args!("| {what} | {} |", figures.join(" | ")),
        );
    };
    line("`/healthz`: the generator's own noise", &|it| {
        noise.quantile(it)
    });
    line("the good tenant, median", &|it| median(alone(it)));
    line("the least of its times alone", &|it| {
        alone(it).reduce(f64::min)
    });
    line("the most of them", &|it| alone(it).reduce(f64::max));
    text.push_str(
        "\n| beside | requests at once | p50 ms | p99 ms | p99.9 ms | max ms | p99 to alone \
         | p99 above alone ms | within the aim | good tenant's answers |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    let base = median(alone(990));
    for cell in cells {
        add(&mut text, format_args!("{}", good_row(cell, base)));
    }
    add(
        &mut text,
        format_args!(
            "\nAim: p99 at most {AIM} ms above alone, and every answer 200.\n\n\
             | attack | requests at once | answers | a second | generator late ms (p99) \
             | generator % of one core |\n|---|---|---|---|---|---|"
        ),
    );
    for cell in cells {
        add(&mut text, format_args!("{}", attack_row(cell)));
    }
    text
}

/// What attackers do, and over how many connections.
fn names(cell: &Cell) -> String {
    match cell.attack {
        Some((words, connections, refused)) if refused.is_zero() => {
            format!("{words} | {connections}, refused ones again at once")
        }
        Some((words, connections, _)) => format!("{words} | {connections}"),
        None => "nobody | –".to_owned(),
    }
}

fn good_row(cell: &Cell, base: Option<f64>) -> String {
    let good = &cell.good;
    let beside = cell.attack.and(good.quantile(990).zip(base));
    let above = beside.map(|(p99, base)| p99 - base);
    let verdict = match (cell.attack, above) {
        (None, _) => "",
        (Some(_), Some(above)) if above <= AIM && good.good() == good.sent() => "yes",
        (Some(_), _) => "**no**",
    };
    let figures = QUANTILES.map(|(_, thousandths)| or_dash(good.quantile(thousandths), 2));
    format!(
        "| {} | {} | {} | {} | {verdict} | {} |",
        names(cell),
        figures.join(" | "),
        or_dash(beside.map(|(p99, base)| p99 / base), 2),
        or_dash(above, 2),
        good.in_words(),
    )
}

fn attack_row(cell: &Cell) -> String {
    let sent = ratio(cell.attackers.sent(), 1);
    format!(
        "| {} | {} | {} | {} | {:.0} |",
        names(cell),
        cell.attackers.in_words(),
        or_dash(cell.attack.map(|_| sent / cell.seconds), 0),
        or_dash(cell.good.lateness(990), 2),
        cell.generator,
    )
}
