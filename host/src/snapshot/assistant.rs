//! An assistant, and the run of its pipeline for an event.

use crate::config::OnFault;
use crate::event::{Event, EventKind};
use crate::fairness::Tenant;
use crate::gate::Gate;
use crate::pipeline::{Pipeline, Run, Stage};
use crate::plugin::Request;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// An assistant, ready to be served.
pub struct Assistant {
    /// Its name in URLs, logs and metrics.
    pub name: Arc<str>,
    /// Whose it is.
    pub tenant: Arc<Tenant>,
    /// Who is believed to be it.
    pub gate: Gate,
    /// From a request's arrival to its answer.
    pub timeout: Duration,
    pub(super) pipelines: BTreeMap<EventKind, Pipeline>,
    /// How many of its events are being looked at that nobody waits for.
    pub observations: Arc<Semaphore>,
}

impl Assistant {
    /// How many events of an assistant are looked at at once, or wait for it, that nobody
    /// waits for. Each keeps its body in memory.
    pub const MOST_OBSERVATIONS: usize = 64;

    /// Whether a request is answered with an error where its first stage gets no slot,
    /// whatever event it brings: then nobody need read its body.
    #[must_use]
    pub fn fails_without_slot(&self) -> bool {
        let fails = |(event, pipeline): (&EventKind, &Pipeline)| {
            let first = pipeline.stages.first();
            !event.is_logged() && first.is_some_and(|stage| stage.on_fault == OnFault::Fail)
        };
        !self.pipelines.is_empty() && self.pipelines.iter().all(fails)
    }

    /// What the payloads of this event go through.
    #[must_use]
    pub fn pipeline(&self, event: EventKind) -> Option<&Pipeline> {
        self.pipelines.get(&event)
    }

    /// Runs its pipeline for an event, if it has one, within the time that the event has
    /// from its arrival. `watch` is told each stage and the payload before its turn.
    pub async fn run(
        &self,
        event: &Event<'_>,
        arrival: Instant,
        request_id: &str,
        watch: impl FnMut(&Stage, &str),
    ) -> Option<Run> {
        let pipeline = self.pipeline(event.kind)?;
        let timeout = self.timeout.min(event.kind.longest());
        let request = Request {
            tenant: &self.tenant,
            assistant: &self.name,
            request_id,
            event: event.kind,
            options: event.options,
            deadline: arrival + timeout,
            timeout,
            around: event.around(),
        };
        Some(pipeline.run(&request, event, watch).await)
    }

    /// What the payloads of this event go through, and no longer the assistant's.
    #[must_use]
    pub fn take_pipeline(&mut self, event: EventKind) -> Option<Pipeline> {
        self.pipelines.remove(&event)
    }

    /// Every pipeline that it has.
    pub fn pipelines(&self) -> impl Iterator<Item = (EventKind, &Pipeline)> {
        self.pipelines.iter().map(|(event, it)| (*event, it))
    }
}
