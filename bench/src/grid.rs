//! The comparison: every peer with every size and number of connections, in rounds, so
//! that whatever else happens on the machine happens to all alike.

use crate::bodies::{Body, Size};
use crate::load::{self, Load, Sample};
use crate::peers::{self, Kind, Service};
use crate::{Result, check, places, report, retort};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// The number of connections at which all can be compared, stages included.
pub(crate) const USUAL: u32 = 32;

/// How much is measured.
pub(crate) struct Plan {
    sizes: &'static [Size],
    connections: &'static [u32],
    /// Of each figure, the report has the median over the rounds.
    rounds: usize,
    /// About how long a peer is loaded at a time.
    seconds: f64,
    /// No further round of a size begins that would end later than this.
    longest: Duration,
}

impl Plan {
    /// Everything, in at most 10 minutes.
    pub(crate) const FULL: Self = Self {
        sizes: &[Size::Sample, Size::Kb32, Size::Kb32Context, Size::Mb1],
        connections: &[1, USUAL, 128],
        rounds: 3,
        seconds: 1.2,
        longest: Duration::from_secs(9 * 60),
    };

    /// What the aims need, in 2 to 3 minutes.
    pub(crate) const QUICK: Self = Self {
        sizes: &[Size::Sample, Size::Kb32],
        connections: &[USUAL],
        rounds: 5,
        seconds: 0.6,
        longest: Duration::from_secs(3 * 60),
    };

    /// Every number of connections is for one stage of the plainest bodies. The rest is
    /// measured where it can be compared.
    fn has(cell: Cell) -> bool {
        let usual = cell.connections == USUAL;
        let plain = cell.stages == 1 && cell.size != Size::Kb32Context;
        match cell.kind {
            Kind::RetortLogging => usual && cell.size == Size::Sample,
            _ => usual || plain,
        }
    }
}

/// One place of the grid. The order is that of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cell {
    pub(crate) size: Size,
    pub(crate) connections: u32,
    pub(crate) stages: usize,
    pub(crate) kind: Kind,
}

/// What is measured once more when everything else has been.
pub(crate) const AFTERWARDS: Cell = Cell {
    size: Size::Sample,
    connections: USUAL,
    stages: 1,
    kind: Kind::Retort,
};

/// The rounds' samples, by their cell.
pub(crate) type Samples = BTreeMap<Cell, Vec<Sample>>;

/// Starts everybody, checks that all do the same work, loads them, and reports.
///
/// # Errors
/// Something does not start, gives another answer, or leaves a request unanswered.
pub(crate) fn run(plan: &Plan, with_wasmtime: bool) -> Result {
    load::set_up()?;
    let begin = Instant::now();
    let machine = report::machine()?;
    let token = retort::token()?;
    let bodies = plan
        .sizes
        .iter()
        .map(|size| Ok((*size, Body::write(*size)?)))
        .collect::<Result<Vec<_>>>()?;
    eprintln!("bench-peers: starting the peers, and sending a forged token to each");
    let services = peers::start(with_wasmtime)?;
    check::same_answers(&services, &bodies, &token)?;
    eprintln!("bench-peers: all give the same answers; measuring");

    let mut samples = Samples::new();
    // One size after the other: a server that has had large bodies may be slower for
    // small ones, and that would be hidden among the rounds.
    for (size, body) in &bodies {
        let targets = targets(plan, &services, (*size, body), &token);
        measure(plan, begin, &targets, &mut samples)?;
        eprintln!("bench-peers: {} are measured", size.label());
    }
    let afterwards = match bodies.as_slice() {
        [(size, body), _, ..] => {
            let mut targets = targets(plan, &services, (*size, body), &token);
            targets.retain(|target| target.cell == AFTERWARDS);
            let mut samples = Samples::new();
            measure(plan, begin, &targets, &mut samples)?;
            samples
        }
        _ => Samples::new(),
    };
    let text = report::comparison(&samples, &afterwards, &machine, begin.elapsed());
    println!("{text}");
    report::keep(&places::report(), &text)
}

/// A service under one kind of load.
struct Target<'a> {
    cell: Cell,
    service: &'a Service,
    body: &'a Path,
    token: &'a str,
}

/// What the plan has of a size, those next to each other that are to be compared.
fn targets<'a>(
    plan: &Plan,
    services: &'a [Service],
    (size, body): (Size, &'a Body),
    token: &'a str,
) -> Vec<Target<'a>> {
    let mut targets = Vec::new();
    for connections in plan.connections {
        for service in services {
            let cell = Cell {
                size,
                connections: *connections,
                stages: service.stages,
                kind: service.kind,
            };
            if Plan::has(cell) {
                targets.push(Target {
                    cell,
                    service,
                    body: &body.file,
                    token,
                });
            }
        }
    }
    targets
}

/// Warms up, then loads each in turn in every round.
fn measure(plan: &Plan, begin: Instant, targets: &[Target<'_>], samples: &mut Samples) -> Result {
    let mut rates = Vec::new();
    for target in targets {
        rates.push(target.warm_up(plan.seconds)?);
    }
    for _ in 0..plan.rounds {
        let start = Instant::now();
        for (target, rate) in targets.iter().zip(&rates) {
            let sample = target.load(rate * plan.seconds)?;
            samples.entry(target.cell).or_default().push(sample);
        }
        if begin.elapsed() + start.elapsed() > plan.longest {
            break;
        }
    }
    Ok(())
}

impl Target<'_> {
    /// Finds out how many answers a second there are, after some time of load.
    fn warm_up(&self, seconds: f64) -> Result<f64> {
        let first = self.load(50.0)?;
        let second = self.load(first.per_second * seconds / 4.0)?;
        Ok(second.per_second)
    }

    /// Sends about as many requests, the same number over each connection.
    fn load(&self, requests: f64) -> Result<Sample> {
        let connections = self.cell.connections;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a conversion of floats ends at the type's bounds"
        )]
        let each = ((requests / f64::from(connections)) as u32).clamp(MINIMUM, MAXIMUM);
        let load = Load {
            urls: std::slice::from_ref(&self.service.url),
            body: self.body,
            token: self.token,
            connections,
            requests: each * connections,
        };
        let sample = load.run(&self.service.server);
        sample.map_err(|reason| format!("{}: {reason}", self.service.kind.label()))
    }
}

/// Requests for each connection: with fewer than two there is no load, and nobody is
/// as fast as the other.
const MINIMUM: u32 = 2;
const MAXIMUM: u32 = 200_000;
