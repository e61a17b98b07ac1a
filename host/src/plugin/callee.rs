//! A plugin as a stage calls it: one interface of it, for one event.

use super::call::StageCall;
use super::interface::{self, Entry, Interface, PayloadEntry};
use super::state::{self, State};
use super::{Call, Capability, Given, Plugin, Request, Terms};
use crate::bindings;
use crate::fairness::Admission;
use crate::outcome::{Decision, Fault, Made, OutcomeKind};
use crate::texts;
use crate::view::View;
use std::sync::Arc;
use std::time::Instant;
use wasmtime::{Store, UpdateDeadline};

/// What a guest may hand over to the host in one go even where its output has to be
/// smaller: its log, and the message of its failure.
pub(super) const HANDED_OVER: usize = 64 << 10;

/// What a call may hand over besides the outcome's text: a tag, a pointer, a length.
const RESULT_OVERHEAD: usize = 64;

/// A plugin, and the interface that an event needs.
pub struct Callee {
    pub(super) plugin: Arc<Plugin>,
    pub(super) entry: Entry,
}

impl Callee {
    /// The name that the configuration gives the plugin.
    #[must_use]
    pub fn name(&self) -> &str {
        self.plugin.name()
    }

    /// The interface that is called.
    #[must_use]
    pub fn interface(&self) -> Interface {
        self.entry.interface()
    }

    /// What the plugin's component imports and has to be granted.
    #[must_use]
    pub fn needs(&self) -> &[Capability] {
        self.plugin.needs()
    }

    /// A view of the plugin's in words.
    #[must_use]
    pub fn view_in_words(&self, view: &View) -> String {
        match self.entry {
            Entry::Payload(_) => view.in_words(),
            Entry::Texts(_) => view.in_words_of_texts(),
        }
    }

    /// What the plugin is given of a payload in a call with this view.
    ///
    /// # Errors
    /// More texts than a call may have.
    pub fn given<'p>(&self, view: &View, payload: &'p str) -> Result<Given<'p>, Fault> {
        Ok(match self.entry {
            Entry::Payload(_) => Given::Payload(view.reads().visible(payload)),
            Entry::Texts(_) => Given::Texts(texts::cut(view, payload)?),
        })
    }

    /// Runs the plugin once over what it may see of a payload, until the request's
    /// deadline at most, in the request's slot. Dropping the future stops it.
    pub async fn call(
        &self,
        admission: &mut Admission<'_>,
        request: &Request<'_>,
        terms: &Terms<'_>,
        payload: &str,
    ) -> Call {
        let deadline = request.deadline;
        let left = deadline.saturating_duration_since(Instant::now());
        let slot = match admission.slot(left).await {
            Ok(slot) => slot,
            Err(refusal) => return Call::not_made(Err(refusal.into())),
        };
        let start = Instant::now();
        let timeout = terms
            .limits
            .timeout
            .min(deadline.saturating_duration_since(start));
        if timeout.is_zero() {
            return Call::not_made(Err(Fault::TimedOut { limit: timeout }));
        }
        let stage = StageCall {
            request,
            terms,
            payload,
            start,
            timeout,
        };
        // All of it within the slot, because it is work that the plugin causes.
        let call = match &self.entry {
            Entry::Payload(entry) => self.call_with_payload(entry, &stage).await,
            Entry::Texts(entry) => self.call_with_texts(entry, &stage).await,
        };
        slot.charge(call.usage.fuel);
        call
    }

    async fn call_with_payload(&self, entry: &PayloadEntry, stage: &StageCall<'_>) -> Call {
        let payload = stage.payload;
        let visible = || stage.terms.view.reads().visible(payload);
        let seen = match stage.work(payload.len(), visible).await {
            Ok(seen) => seen,
            Err(fault) => return Call::not_made(Err(fault)),
        };
        let mut store = self.store(stage, 0);
        let run = interface::with_payload(entry, &mut store, stage.invocation(), &seen);
        let ended = stage.run(run).await;
        let (made, usage) = stage.close(store, ended);
        let apply = |decision: Decision| {
            let (view, limit) = (stage.terms.view, stage.terms.limits.output_bytes);
            let made = decision.apply(payload, &seen, view, limit)?;
            stage.guarded(made)
        };
        let result = match made {
            Ok(decision) => {
                let bytes = payload.len() + decision.text().len();
                stage.work(bytes, || apply(decision)).await.flatten()
            }
            Err(fault) => Err(fault),
        };
        Call { result, usage }
    }

    async fn call_with_texts(
        &self,
        entry: &bindings::texts::Pre<State>,
        stage: &StageCall<'_>,
    ) -> Call {
        let payload = stage.payload;
        let cut = || texts::cut(stage.terms.view, payload);
        let texts = match stage.work(payload.len(), cut).await.flatten() {
            Ok(texts) if texts.is_empty() => {
                return Call::not_made(Ok(Made::Payload(OutcomeKind::Unchanged, None)));
            }
            Ok(texts) => texts,
            Err(fault) => return Call::not_made(Err(fault)),
        };
        let listed = texts.len() * size_of::<Option<String>>();
        let mut store = self.store(stage, listed);
        let run = interface::with_texts(entry, &mut store, stage.invocation(), &texts);
        let ended = stage.run(run).await;
        let (made, usage) = stage.close(store, ended);
        let apply = |made: Vec<Option<String>>| {
            let limit = stage.terms.limits.output_bytes;
            let (kind, changed) = texts::put_back(payload, &texts, &made, limit)?;
            stage.guarded(Made::Payload(kind, changed))
        };
        let result = match made {
            Ok(made) => {
                let new: usize = made.iter().flatten().map(String::len).sum();
                stage
                    .work(payload.len() + new, || apply(made))
                    .await
                    .flatten()
            }
            Err(fault) => Err(fault),
        };
        Call { result, usage }
    }

    /// A store for one call, with everything set that bounds it. The guest may hand over
    /// so many bytes besides what the limits let it: a list of texts takes room itself.
    fn store(&self, stage: &StageCall<'_>, besides: usize) -> Store<State> {
        let (limits, stop) = (stage.terms.limits, stage.start + stage.timeout);
        let (name, reach) = (Arc::clone(&self.plugin.name), Arc::clone(stage.terms.reach));
        let mut store = Store::new(&self.plugin.sandbox.engine, State::new(name, reach, limits));
        store.limiter(|state| &mut state.limiter);
        // Fails only where the engine counts no fuel; then the call traps at once.
        if let Err(error) = store.set_fuel(limits.fuel) {
            tracing::error!(%error, "fuel cannot be set");
        }
        // One bound for the outcome and for what a call of the host hands over.
        store.set_hostcall_fuel(
            limits
                .output_bytes
                .max(HANDED_OVER)
                .saturating_add(RESULT_OVERHEAD)
                .saturating_add(besides),
        );
        store.set_max_component_handles(state::HANDLES);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| {
            Ok(if Instant::now() < stop {
                UpdateDeadline::Yield(1)
            } else {
                UpdateDeadline::Interrupt
            })
        });
        store
    }
}
