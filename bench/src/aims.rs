//! What the project wants to reach, beside what a run has reached.

use crate::bodies::Size;
use crate::grid::{Cell, Samples, USUAL};
use crate::peers::Kind;
use crate::report;

/// A ratio of the server's CPU time for each request, at 32 connections.
pub(crate) struct Aim {
    /// What is compared.
    pub(crate) what: &'static str,
    pub(crate) bound: Bound,
    /// None if the run did not measure it.
    pub(crate) reached: Option<f64>,
}

/// Where the aim is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    /// Whether a ratio reaches it.
    pub(crate) fn holds(self, ratio: f64) -> bool {
        match self {
            Self::AtMost(bound) => ratio <= bound,
            Self::AtLeast(bound) => ratio >= bound,
        }
    }
}

/// All of them.
pub(crate) fn aims(samples: &Samples) -> Vec<Aim> {
    use Bound::{AtLeast, AtMost};
    use Kind::{ExpressTuned, ExpressVendor, Native, NodeHttp, Retort, WasmtimeTuned};
    use Size::{Kb32, Sample};

    let cost = |kind, size| cost(samples, kind, size, 1);
    let ratio = |above, below, size| Some(cost(above, size)? / cost(below, size)?);
    let aim = |what, bound, reached| Aim {
        what,
        bound,
        reached,
    };
    vec![
        aim(
            "700 B: Retort / native",
            AtMost(1.6),
            ratio(Retort, Native, Sample),
        ),
        aim(
            "700 B: Node without a framework / Retort",
            AtLeast(2.5),
            ratio(NodeHttp, Retort, Sample),
        ),
        aim(
            "700 B: express tuned / Retort",
            AtLeast(8.0),
            ratio(ExpressTuned, Retort, Sample),
        ),
        aim(
            "700 B: express as the vendor's page writes it / Retort",
            AtLeast(20.0),
            ratio(ExpressVendor, Retort, Sample),
        ),
        aim(
            "700 B: wasmtime serve tuned / Retort",
            AtLeast(2.5),
            ratio(WasmtimeTuned, Retort, Sample),
        ),
        aim(
            "700 B: each further stage / native",
            AtMost(0.4),
            further_stage(samples),
        ),
        aim(
            "32 KB: Retort / native",
            AtMost(0.7),
            ratio(Retort, Native, Kb32),
        ),
        aim(
            "32 KB: Node without a framework / Retort",
            AtLeast(3.0),
            ratio(NodeHttp, Retort, Kb32),
        ),
    ]
}

/// What the second and the third stage cost on average, in units of the whole of the
/// floor.
fn further_stage(samples: &Samples) -> Option<f64> {
    let retort = |stages| cost(samples, Kind::Retort, Size::Sample, stages);
    let floor = cost(samples, Kind::Native, Size::Sample, 1)?;
    Some((retort(3)? - retort(1)?) / 2.0 / floor)
}

/// µs of CPU time for each request, at the usual number of connections.
pub(crate) fn cost(samples: &Samples, kind: Kind, size: Size, stages: usize) -> Option<f64> {
    let cell = Cell {
        size,
        connections: USUAL,
        stages,
        kind,
    };
    report::median(samples.get(&cell)?.iter().map(|sample| sample.cpu))
}
