//! A plugin as a stage calls it: one interface of it, for one event.

use super::call::StageCall;
use super::guest::{Bounds, GuestRun};
use super::input::{PayloadInput, TextsInput};
use super::interface::{Entry, Interface, PayloadEntry};
use super::state::{self, State};
use super::{CallMeter, Capability, Given, Plugin, Request, Terms};
use crate::bindings;
use crate::fairness::Admission;
use crate::outcome::{Fault, Made, OutcomeKind};
use crate::texts;
use crate::view::View;
use std::borrow::Cow;
use std::sync::Arc;
use wasmtime::Store;

/// What a guest may hand over to the host in one go even where its output has to be
/// smaller: its log, and the message of its failure.
pub(super) const HANDED_OVER: usize = 64 << 10;

/// What a call may hand over besides the outcome's text: a tag, a pointer, a length.
const RESULT_OVERHEAD: usize = 64;

/// How many units of fuel a guest uses until it writes down what it has used. In between, compiled
/// code counts in a register: a call that is stopped or dropped in a loop is charged up to
/// there, so that less than a millisecond of it is had for nothing.
const FUEL_STEP: u64 = 1_000_000;

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

    /// Whether it is the same component, called by the same interface.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.plugin.sha256 == other.plugin.sha256
            && self.plugin.name == other.plugin.name
            && self.interface() == other.interface()
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
    /// deadline at most, in the request's slot. Dropping the future stops it. The meter
    /// says what the call used, if it was made, however it ends.
    ///
    /// # Errors
    /// Every way in which a call can go wrong.
    pub async fn call(
        &self,
        admission: &mut Admission<'_>,
        request: &Request<'_>,
        terms: &Terms<'_>,
        payload: &str,
        meter: &Arc<CallMeter>,
    ) -> Result<Made, Fault> {
        let slot = admission.slot(request.left()).await?;
        let stage = StageCall {
            request,
            terms,
            payload,
            slot,
            meter,
        };
        // All of it within the slot, because it is work that the plugin causes.
        match &self.entry {
            Entry::Payload(entry) => self.call_with_payload(entry, &stage).await,
            Entry::Texts(entry) => self.call_with_texts(entry, &stage).await,
        }
    }

    async fn call_with_payload(
        &self,
        entry: &PayloadEntry,
        stage: &StageCall<'_>,
    ) -> Result<Made, Fault> {
        let payload = stage.payload;
        let visible = || stage.terms.view.reads().visible(payload);
        let input = PayloadInput {
            entry: Cow::Borrowed(entry),
            seen: stage.work(payload.len(), visible).await?,
        };
        let run = self.begin(stage, 0)?;
        let invocation = stage.invocation(&run);
        let decision = run.call(stage.request.tenant, invocation, &input).await?;
        let bytes = payload.len() + decision.text().len();
        let apply = || {
            let (view, limit) = (stage.terms.view, stage.terms.limits.output_bytes);
            let made = decision.apply(payload, &input.seen, view, limit)?;
            stage.guarded(made)
        };
        stage.work(bytes, apply).await.flatten()
    }

    async fn call_with_texts(
        &self,
        entry: &bindings::texts::Pre<State>,
        stage: &StageCall<'_>,
    ) -> Result<Made, Fault> {
        let payload = stage.payload;
        let cut = || texts::cut(stage.terms.view, payload);
        let texts = stage.work(payload.len(), cut).await.flatten()?;
        if texts.is_empty() {
            return Ok(Made::Payload(OutcomeKind::Unchanged, None));
        }
        let input = TextsInput {
            entry: Cow::Borrowed(entry),
            texts: Cow::Borrowed(&texts),
        };
        let run = self.begin(stage, texts.len() * size_of::<Option<String>>())?;
        let invocation = stage.invocation(&run);
        let made = run.call(stage.request.tenant, invocation, &input).await?;
        let new: usize = made.iter().flatten().map(String::len).sum();
        let apply = || {
            let limit = stage.terms.limits.output_bytes;
            let (kind, changed) = texts::put_back(payload, &texts, &made, limit)?;
            stage.guarded(Made::Payload(kind, changed))
        };
        stage.work(payload.len() + new, apply).await.flatten()
    }

    /// A run of the guest with everything set that bounds it. The guest may hand over so
    /// many bytes besides what the limits let it: a list of texts takes room itself.
    ///
    /// # Errors
    /// Nothing is left of the assistant's timeout.
    fn begin(&self, stage: &StageCall<'_>, besides: usize) -> Result<GuestRun, Fault> {
        let left = stage.left()?;
        let limits = stage.terms.limits;
        let (name, reach) = (Arc::clone(&self.plugin.name), Arc::clone(stage.terms.reach));
        let mut store = Store::new(&self.plugin.sandbox.engine, State::new(name, reach, limits));
        store.limiter(|state| &mut state.limiter);
        // Either fails only where the engine counts no fuel; then the call traps at once.
        let fueled = store
            .set_fuel(limits.fuel)
            .and_then(|()| store.fuel_async_yield_interval(Some(FUEL_STEP)));
        if let Err(error) = fueled {
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
        let bounds = Bounds {
            limits,
            left,
            whole: stage.request.timeout,
            slot: stage.slot,
            meter: stage.meter,
        };
        Ok(GuestRun::begin(store, &bounds))
    }
}
