//! A metric with labels, that knows which values they have had: those that are gone
//! from the configuration are dropped.

use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::TypedMetric;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One time series for each set of labels.
pub(super) struct Series<L, M> {
    family: Family<L, M, fn() -> M>,
    known: Mutex<HashSet<L>>,
}

/// What labels have to be able to do.
pub(super) trait Labels:
    Clone + Debug + Eq + Hash + EncodeLabelSet + Send + Sync + 'static
{
}

impl<L: Clone + Debug + Eq + Hash + EncodeLabelSet + Send + Sync + 'static> Labels for L {}

impl<L: Labels> Series<L, Counter> {
    pub(super) fn counters(registry: &mut Registry, name: &str, help: &str) -> Self {
        Self::new(Counter::default, |family| {
            registry.register(name, help, family)
        })
    }
}

impl<L: Labels> Series<L, Gauge> {
    pub(super) fn gauges(registry: &mut Registry, name: &str, help: &str) -> Self {
        Self::new(Gauge::default, |family| {
            registry.register(name, help, family)
        })
    }
}

impl<L: Labels> Series<L, Histogram> {
    pub(super) fn histograms(
        registry: &mut Registry,
        name: &str,
        help: &str,
        unit: Unit,
        new: fn() -> Histogram,
    ) -> Self {
        Self::new(new, |family| {
            registry.register_with_unit(name, help, unit, family)
        })
    }
}

impl<L: Labels, M: Clone + EncodeMetric + TypedMetric + 'static> Series<L, M> {
    fn new(new: fn() -> M, register: impl FnOnce(Family<L, M, fn() -> M>)) -> Self {
        let family = Family::new_with_constructor(new);
        register(family.clone());
        Self {
            family,
            known: Mutex::default(),
        }
    }

    /// The series with these labels.
    pub(super) fn of(&self, labels: L) -> M {
        if let Some(metric) = self.family.get(&labels) {
            return metric.clone();
        }
        let metric = self.family.get_or_create_owned(&labels);
        self.known().insert(labels);
        metric
    }

    /// Drops those whose labels are not among these.
    pub(super) fn keep(&self, is: impl Fn(&L) -> bool) {
        self.known().retain(|labels| {
            let keep = is(labels);
            if !keep {
                self.family.remove(labels);
            }
            keep
        });
    }

    fn known(&self) -> MutexGuard<'_, HashSet<L>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
