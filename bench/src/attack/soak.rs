//! A mix of everything for ten minutes, and then: is anything left?

use super::beside::NICE;
use super::client::Target;
use super::closed::Closed;
use super::drip::Holding;
use super::level::Level;
use super::quit::Quitting;
use super::steady::Steady;
use super::tally::Tally;
use super::tenants::House;
use super::{Measured, add, or_dash};
use crate::bodies::Size;
use crate::retort::Config;
use crate::server::Server;
use crate::{Result, places, process};
use nix::sys::signal::{Signal, kill};
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

/// The good tenants, who share nothing.
const GOOD: [&str; 3] = ["ann", "ben", "eve"];

/// What they send together, each second.
const RATE: f64 = 60.0;

/// Connections of the hostile tenants; each goes through all of them.
const ATTACKERS: usize = 24;

/// How long an attacker rests after an answer, so that quick faults do not crowd out the
/// slow ones.
const REST: Duration = Duration::from_millis(20);

/// Connections that say little.
const SLOW: usize = 120;

/// Between two reloads; every fourth is of a broken file.
const RELOAD: Duration = Duration::from_secs(5);

/// Longer than an idle thread of tokio's waits for work, which is 10 s.
const SETTLE: Duration = Duration::from_secs(13);

/// How long the server may take to come back to its level.
const PATIENCE: Duration = Duration::from_secs(40);

/// Guests larger than that are not for a server under load: they take the compiler long.
const LARGEST_GUEST: u64 = 4 << 20;

/// Guests that do several things, as settings tell them.
const SETTINGS: [(&str, &str); 6] = [
    ("loops-forever", "{ calls = true }"),
    ("grows-memory", "{ how = \"one-step\" }"),
    ("grows-memory", "{ how = \"politely\" }"),
    ("prints-endlessly", "{ newlines = false }"),
    ("sleeps", "{ milliseconds = 300 }"),
    ("prints-endlessly", "{ lines = 2000 }"),
];

/// Soaks and reports.
pub(crate) fn run(quick: bool, reloads: bool) -> Measured {
    let (warm_up, rest) = if quick { (12, 24) } else { (60, 480) };
    let (house, hostile, admin) = house()?;
    let server = house.serve()?;
    let targets = Targets::of(&house, &server, &hostile)?;

    eprintln!("bench-attack: warming up for {warm_up} s");
    let mut load = Load::run(&house, &server, &targets, warm_up, reloads)?;
    std::thread::sleep(SETTLE);
    let before = Level::of(&server, admin)?;
    eprintln!("bench-attack: soaking for {rest} s");
    load.merge(Load::run(&house, &server, &targets, rest, reloads)?);
    eprintln!("bench-attack: waiting for everything to come back to its level");
    let asked = Instant::now();
    std::thread::sleep(SETTLE);
    let mut after = Level::of(&server, admin)?;
    while !before.is_back(&after) && asked.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(500));
        after = Level::of(&server, admin)?;
    }
    let settled = asked.elapsed().as_secs();

    let mut text = format!(
        "{} good tenants send {RATE} requests a second together, and every answer is compared \
         to the byte; {} hostile assistants over {ATTACKERS} connections, {SLOW} connections \
         that say little, callers that go away{}. {warm_up} s of that and a pause give the \
         level, then {rest} s more; after {settled} s of rest there was:\n\n\
         | what | level | afterwards | allowed | |\n|---|---|---|---|---|\n",
        GOOD.len(),
        hostile.len(),
        if reloads {
            ", reloads by SIGHUP"
        } else {
            "; no reloads"
        },
    );
    for line in before.lines(&after) {
        add(
            &mut text,
            format_args!(
                "| {} | {} | {} | {} | {} |",
                line.what,
                line.before,
                line.after,
                line.allowed,
                line.holds.map_or("not checked", yes_or_no)
            ),
        );
    }
    let bad = load.good.sent() - load.good.good();
    add(
        &mut text,
        format_args!(
            "| good requests not answered with 200 and the right text | | {bad} | 0 | {} |",
            yes_or_no(bad == 0)
        ),
    );
    load.describe(&mut text, &hostile);
    Ok((text, verdict(&before, &after, &load.good)))
}

/// Says all that did not come back, and how many good requests came to nothing.
fn verdict(before: &Level, after: &Level, good: &Tally) -> Result {
    let mut faults: Vec<_> = before
        .lines(after)
        .into_iter()
        .filter(|line| line.holds == Some(false))
        .map(|line| {
            format!(
                "{} did not come back: {} after the warm-up, {} at the end, at most {} allowed",
                line.what, line.before, line.after, line.allowed
            )
        })
        .collect();
    if good.good() != good.sent() {
        faults.push(format!(
            "the good tenants did not all get their own right answer: {}",
            good.in_words()
        ));
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults.join("\n  "))
    }
}

fn yes_or_no(holds: bool) -> &'static str {
    if holds { "yes" } else { "**no**" }
}

/// The configuration, the names of the hostile assistants, and the admin listener if
/// this Retort has one.
fn house() -> Result<(House, Vec<String>, Option<SocketAddr>)> {
    let mut house = House::new("attack-soak")?;
    for name in GOOD {
        house.good(name, 1);
    }
    let mut hostile = Vec::new();
    let plain = places::test_guests()?;
    let plain = plain.iter().map(|guest| (guest.as_str(), "{}"));
    for (number, (guest, settings)) in plain.chain(SETTINGS).enumerate() {
        if is_loaded(guest)? {
            let name = format!("{number}-{guest}");
            house.hostile(&name, guest, settings)?;
            hostile.push(name);
        }
    }
    let admin = admin()?;
    if let Some((table, _)) = &admin {
        house.config.add(table);
    }
    Ok((house, hostile, admin.map(|(_, address)| address)))
}

/// Whether a guest gets as far as to run: some only show what is refused before.
fn is_loaded(guest: &str) -> Result<bool> {
    let file = places::test_guest(guest)?;
    let size = std::fs::metadata(&file).map_or(u64::MAX, |its| its.len());
    if size > LARGEST_GUEST {
        return Ok(false);
    }
    let mut config = Config::with_defaults();
    config.plugin("guest", &file);
    config.is_accepted()
}

/// The table of an admin listener on a free port, where this Retort knows it.
fn admin() -> Result<Option<(String, SocketAddr)>> {
    let failed = |error: std::io::Error| format!("cannot find a free port: {error}");
    let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let table = format!("[admin]\nlisten = \"{address}\"\n");
    let mut config = Config::with_defaults();
    config.add(&table);
    Ok(config.is_accepted()?.then_some((table, address)))
}

struct Targets {
    good: Vec<Target>,
    hostile: Vec<Target>,
}

impl Targets {
    fn of(house: &House, server: &Server, hostile: &[String]) -> Result<Self> {
        let good = GOOD.map(|name| house.good_target(server, name, 1, Size::Sample));
        let hostile = hostile
            .iter()
            .map(|name| house.target(server, name, Size::Sample));
        Ok(Self {
            good: good.into_iter().collect::<Result<_>>()?,
            hostile: hostile.collect::<Result<_>>()?,
        })
    }
}

/// What one stretch of load has come to.
struct Load {
    good: Tally,
    /// For each hostile assistant.
    hostile: Vec<Tally>,
    gone: u64,
    reloads: u32,
}

impl Load {
    fn run(
        house: &House,
        server: &Server,
        targets: &Targets,
        seconds: u64,
        reloads: bool,
    ) -> Result<Self> {
        let slow = targets.good.first().ok_or("nobody is good")?;
        let everybody = [targets.hostile.clone(), targets.good.clone()].concat();
        let duration = Duration::from_secs(seconds);
        let good = Steady {
            targets: targets.good.clone(),
            rate: RATE,
            duration,
            connections: 512,
            patience: Duration::from_secs(12),
        };
        let good = good.start()?;
        let hostile = Closed {
            targets: targets.hostile.clone(),
            connections: ATTACKERS,
            rest: REST,
            refused: REST,
            nice: NICE,
        };
        let hostile = hostile.start()?;
        let slow = Holding::start(slow, SLOW, NICE)?;
        let quitting = Quitting::start(everybody, NICE)?;
        let reloads = reload_for(house, server, duration, reloads);
        Ok(Self {
            good: good.finish()?,
            hostile: hostile.stop()?,
            gone: {
                slow.stop()?;
                quitting.stop()?
            },
            reloads: reloads?,
        })
    }

    fn merge(&mut self, other: Self) {
        self.good.merge(other.good);
        for (tally, other) in self.hostile.iter_mut().zip(other.hostile) {
            tally.merge(other);
        }
        self.gone += other.gone;
        self.reloads += other.reloads;
    }

    fn describe(&self, text: &mut String, hostile: &[String]) {
        let good = &self.good;
        add(
            text,
            format_args!(
                "\nGood tenants: {}; p50 {} ms, p99 {} ms, max {} ms. {} callers went away. \
                 {} reloads.\n\n| hostile assistant | answers | slowest ms |\n|---|---|---|",
                good.in_words(),
                or_dash(good.quantile(500), 2),
                or_dash(good.quantile(990), 2),
                or_dash(good.quantile(1_000), 0),
                self.gone,
                self.reloads
            ),
        );
        for (name, tally) in hostile.iter().zip(&self.hostile) {
            let slowest = tally.slowest.as_millis();
            add(
                text,
                format_args!("| {name} | {} | {slowest} |", tally.in_words()),
            );
        }
    }
}

/// Waits, and meanwhile has the server read its configuration again and again: the same
/// with another comment, and now and then one that is broken.
fn reload_for(house: &House, server: &Server, duration: Duration, reloads: bool) -> Result<u32> {
    let begun = Instant::now();
    let mut count = 0;
    let file = house.write()?;
    let read = |error| format!("cannot read {}: {error}", file.display());
    let good = std::fs::read_to_string(&file).map_err(read)?;
    while begun.elapsed() + RELOAD < duration {
        std::thread::sleep(RELOAD);
        if process::has_ended(server.process()) {
            let hint = match count {
                0 => "",
                _ => "; if it does not know SIGHUP, soak with --no-reload",
            };
            return Err(format!("the server has ended{hint}"));
        }
        if !reloads {
            continue;
        }
        count += 1;
        let text = if count % 4 == 0 {
            format!("{good}\n[broken\n")
        } else {
            format!("{good}\n# {count}\n")
        };
        places::write(&file, text)?;
        kill(server.process(), Signal::SIGHUP)
            .map_err(|error| format!("cannot send SIGHUP: {error}"))?;
    }
    places::write(&file, &good)?;
    std::thread::sleep(duration.saturating_sub(begun.elapsed()));
    Ok(count)
}
