//! What the process counts of itself, in Prometheus' format. Labels have only values
//! that the configuration or this program names, so that no stranger can add a series.

mod network;
mod series;
mod stage;

pub use stage::StageMetrics;

pub use network::NetworkMetrics;

use crate::event::EventKind;
use crate::fairness::{Fairness, Refusal, Tenant};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use series::Series;
use stage::{Place, Trouble};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// The content type of [`Metrics::text`] (OpenMetrics 1.0, which Prometheus reads).
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// From a tenth of a millisecond to the longest timeout, in seconds.
const SECONDS: [f64; 13] = [
    0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0, 10.0, 30.0,
];

/// In units of fuel.
const FUEL: [f64; 8] = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10];

/// From the smallest limit to the largest, in bytes.
const MEMORY: [f64; 9] = [
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
    268_435_456.0,
    1_073_741_824.0,
    4_294_967_296.0,
];

/// A request's assistant, empty where there is none of that name, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ending {
    assistant: Arc<str>,
    status: u16,
}

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Whose {
    tenant: String,
}

/// A tenant and why a call of its was refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    tenant: String,
    reason: &'static str,
}

/// Where plugins' entries are kept: `file` or `redis`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kept {
    backend: &'static str,
}

/// How a reload ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reloaded {
    result: &'static str,
}

/// Everything that is counted. There is one for the process: it outlives the
/// configurations, so that counts only ever grow.
pub struct Metrics {
    registry: Registry,
    start: Instant,
    requests: Series<Ending, Counter>,
    abandoned: Counter,
    /// Of callers that do not get in.
    pub network: NetworkMetrics,
    calls: Series<Place, Counter>,
    cancelled: Series<Place, Counter>,
    faults: Series<Trouble, Counter>,
    seconds: Series<Place, Histogram>,
    fuel: Series<Place, Histogram>,
    memory: Series<Place, Histogram>,
    quarantined: Series<Place, Gauge>,
    refusals: Series<Refused, Counter>,
    running: Series<Whose, Gauge>,
    waiting: Series<Whose, Gauge>,
    slots: Gauge,
    slots_taken: Gauge,
    body_memory: Gauge,
    body_memory_used: Gauge,
    reloads: Series<Reloaded, Counter>,
    connections: Gauge,
    keyvalue_up: Series<Kept, Gauge>,
    uptime: Gauge,
}

impl Metrics {
    /// With nothing counted.
    #[must_use]
    pub fn new() -> Arc<Self> {
        let mut registry = Registry::with_prefix("retort");
        let registry = &mut registry;
        let metrics = Self {
            start: Instant::now(),
            requests: Series::counters(registry, "requests", "Requests that were answered"),
            abandoned: Counter::default(),
            network: NetworkMetrics::new(registry),
            calls: Series::counters(registry, "calls", "Calls of plugins that were made"),
            cancelled: Series::counters(
                registry,
                "calls_cancelled",
                "Calls of plugins that ended because the caller had gone",
            ),
            faults: Series::counters(
                registry,
                "faults",
                "Stages that faulted, calls that were not made among them",
            ),
            seconds: Series::histograms(
                registry,
                "call_duration",
                "Wall-clock time of calls",
                Unit::Seconds,
                || Histogram::new(SECONDS),
            ),
            fuel: Series::histograms(
                registry,
                "call_fuel",
                "Fuel that calls used",
                Unit::Other("units".to_owned()),
                || Histogram::new(FUEL),
            ),
            memory: Series::histograms(
                registry,
                "call_memory",
                "The most linear memory of calls",
                Unit::Bytes,
                || Histogram::new(MEMORY),
            ),
            quarantined: Series::gauges(
                registry,
                "quarantined",
                "1 while a stage is skipped because it faulted over and over",
            ),
            refusals: Series::counters(
                registry,
                "refusals",
                "Calls that were not made because their tenant may not have more",
            ),
            running: Series::gauges(registry, "calls_running", "Calls that have a slot"),
            waiting: Series::gauges(registry, "calls_waiting", "Calls that wait for a slot"),
            slots: Gauge::default(),
            slots_taken: Gauge::default(),
            body_memory: Gauge::default(),
            body_memory_used: Gauge::default(),
            reloads: Series::counters(
                registry,
                "reloads",
                "Times that the configuration was read again",
            ),
            connections: Gauge::default(),
            keyvalue_up: Series::gauges(
                registry,
                "keyvalue_up",
                "1 while the key-value store answers, 0 while it does not",
            ),
            uptime: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register(
            "requests_abandoned",
            "Requests whose caller went away before the answer",
            metrics.abandoned.clone(),
        );
        registry.register(
            "slots",
            "Calls that may go on at once",
            metrics.slots.clone(),
        );
        registry.register(
            "slots_used",
            "Slots that calls have",
            metrics.slots_taken.clone(),
        );
        registry.register_with_unit(
            "body_memory",
            "Memory that there is for the bodies of requests and answers",
            Unit::Bytes,
            metrics.body_memory.clone(),
        );
        registry.register_with_unit(
            "body_memory_used",
            "Memory that the bodies of requests and answers have",
            Unit::Bytes,
            metrics.body_memory_used.clone(),
        );
        registry.register(
            "connections",
            "Open connections of the public port",
            metrics.connections.clone(),
        );
        registry.register_with_unit(
            "uptime",
            "Since the process began",
            Unit::Seconds,
            metrics.uptime.clone(),
        );
        Arc::new(Self {
            registry: std::mem::take(registry),
            ..metrics
        })
    }

    /// Counts a request by its assistant, if there is one of that name, and its status.
    pub fn answered(&self, assistant: Option<&Arc<str>>, status: u16) {
        let assistant = assistant.cloned().unwrap_or_default();
        self.requests.of(Ending { assistant, status }).inc();
    }

    /// Counts a request whose caller went away.
    pub fn abandoned(&self) {
        self.abandoned.inc();
    }

    /// Counts a call that its tenant may not make now.
    pub fn refused(&self, tenant: &Tenant, refusal: &Refusal) {
        let (tenant, reason) = (tenant.name().to_owned(), refusal.kind());
        self.refusals.of(Refused { tenant, reason }).inc();
    }

    /// Counts a reload.
    pub fn reloaded(&self, succeeded: bool) {
        let result = if succeeded { "success" } else { "failure" };
        self.reloads.of(Reloaded { result }).inc();
    }

    /// The series of a stage of the pipeline for an event, counted from 1.
    #[must_use]
    pub fn stage(
        self: &Arc<Self>,
        assistant: &Arc<str>,
        event: EventKind,
        stage: usize,
        plugin: &str,
    ) -> StageMetrics {
        let place = Place {
            assistant: Arc::clone(assistant),
            event: event.name(),
            stage,
            plugin: plugin.into(),
        };
        StageMetrics {
            removed: AtomicBool::new(false),
            calls: self.calls.of(place.clone()),
            cancelled: self.cancelled.of(place.clone()),
            seconds: self.seconds.of(place.clone()),
            fuel: self.fuel.of(place.clone()),
            memory: self.memory.of(place.clone()),
            quarantined: self.quarantined.of(place.clone()),
            place,
            all: Arc::clone(self),
        }
    }

    /// Drops the series of what is no longer configured. `before` and `now` are the stages
    /// of the configurations that served and that serves.
    pub fn keep<'a>(
        &self,
        assistant: impl Fn(&str) -> bool,
        tenant: impl Fn(&str) -> bool,
        before: impl Iterator<Item = &'a StageMetrics>,
        now: impl Iterator<Item = &'a StageMetrics>,
    ) {
        let places: HashSet<_> = now.map(|stage| &stage.place).collect();
        for stage in before {
            // A call that is going on would bring its series back.
            let removed = !places.contains(&stage.place);
            stage.removed.store(removed, Ordering::Relaxed);
        }
        let known = |name: &str| name.is_empty() || assistant(name);
        self.requests.keep(|labels| known(&labels.assistant));
        self.network.keep(known);
        self.faults.keep(|labels| places.contains(&labels.place()));
        for series in [&self.seconds, &self.fuel, &self.memory] {
            series.keep(|labels| places.contains(labels));
        }
        for series in [&self.calls, &self.cancelled] {
            series.keep(|labels| places.contains(labels));
        }
        self.quarantined.keep(|labels| places.contains(labels));
        self.refusals.keep(|labels| tenant(&labels.tenant));
        self.running.keep(|labels| tenant(&labels.tenant));
        self.waiting.keep(|labels| tenant(&labels.tenant));
    }

    /// Notes whether the key-value store answers, by where it is; nothing if there is none.
    pub fn keyvalue(&self, store: Option<(&'static str, bool)>) {
        self.keyvalue_up
            .keep(|labels| store.is_some_and(|(backend, _)| backend == labels.backend));
        if let Some((backend, up)) = store {
            self.keyvalue_up.of(Kept { backend }).set(up.into());
        }
    }

    /// All of it as text, with how things are now.
    #[must_use]
    pub fn text<'a>(
        &self,
        fairness: &Fairness,
        tenants: impl Iterator<Item = &'a Arc<Tenant>>,
        connections: usize,
    ) -> String {
        self.connections.set(signed(connections as u64));
        let slots = fairness.slot_use();
        self.slots.set(slots.capacity.into());
        self.slots_taken.set(slots.taken.into());
        let bodies = fairness.body_memory_use();
        self.body_memory.set(signed(bodies.capacity));
        self.body_memory_used.set(signed(bodies.used));
        self.uptime.set(signed(self.start.elapsed().as_secs()));
        for tenant in tenants {
            let calls = tenant.calls();
            let whose = Whose {
                tenant: tenant.name().to_owned(),
            };
            self.running.of(whose.clone()).set(calls.running.into());
            self.waiting.of(whose).set(signed(calls.waiting as u64));
        }
        let mut text = String::new();
        // Writing to a string does not fail.
        if let Err(error) = text::encode(&mut text, &self.registry) {
            tracing::error!(%error, "the metrics cannot be written");
        }
        text
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
