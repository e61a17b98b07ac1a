//! What is counted of one stage.

use super::Metrics;
use crate::fairness::Tenant;
use crate::outcome::{Fault, Usage};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A stage of an assistant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Place {
    pub(super) assistant: Arc<str>,
    pub(super) event: &'static str,
    pub(super) stage: usize,
    pub(super) plugin: Arc<str>,
}

/// A stage and what went wrong there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Trouble {
    assistant: Arc<str>,
    event: &'static str,
    stage: usize,
    plugin: Arc<str>,
    fault: &'static str,
}

impl Trouble {
    pub(super) fn place(&self) -> Place {
        Place {
            assistant: Arc::clone(&self.assistant),
            event: self.event,
            stage: self.stage,
            plugin: Arc::clone(&self.plugin),
        }
    }
}

/// What is counted of one stage.
pub struct StageMetrics {
    pub(super) place: Place,
    /// The configuration no longer has it; calls may still end.
    pub(super) removed: AtomicBool,
    pub(super) calls: Counter,
    pub(super) cancelled: Counter,
    pub(super) seconds: Histogram,
    pub(super) fuel: Histogram,
    pub(super) memory: Histogram,
    pub(super) quarantined: Gauge,
    pub(super) all: Arc<Metrics>,
}

impl StageMetrics {
    /// Counts how a stage ended, and what its call used, if there was one.
    pub fn ended(&self, tenant: &Tenant, fault: Option<&Fault>, usage: Option<&Usage>) {
        if let Some(usage) = usage {
            self.called(usage);
        }
        let Some(fault) = fault else { return };
        if let Fault::Unavailable(refusal) = fault {
            self.all.refused(tenant, refusal);
        }
        if self.removed.load(Ordering::Relaxed) {
            return;
        }
        let Place {
            assistant,
            event,
            stage,
            plugin,
        } = self.place.clone();
        let fault_kind = fault.kind();
        self.all
            .faults
            .of(Trouble {
                assistant,
                event,
                stage,
                plugin,
                fault: fault_kind,
            })
            .inc();
    }

    /// Counts a call that ended because its caller had gone, and what it used.
    pub fn cancelled(&self, usage: &Usage) {
        self.called(usage);
        self.cancelled.inc();
    }

    fn called(&self, usage: &Usage) {
        self.calls.inc();
        self.seconds.observe(usage.time.as_secs_f64());
        self.fuel.observe(float(usage.fuel));
        self.memory.observe(float(usage.memory_bytes as u64));
    }

    /// Says whether the stage is skipped now.
    pub fn quarantined(&self, is: bool) {
        self.quarantined.set(is.into());
    }
}

/// What is lost above 2^53 is less than a bucket.
#[expect(clippy::cast_precision_loss, reason = "see above")]
fn float(value: u64) -> f64 {
    value as f64
}
