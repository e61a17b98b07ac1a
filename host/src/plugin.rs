//! A loaded component, and one call of it: a fresh store, a fresh instance, and
//! every limit on. A call ends in an outcome or in a fault, never in an error.

mod cache;
mod capacity;
mod compile;
mod fault;
mod interface;
mod limiter;
mod load;
mod log;
mod nesting;
mod sandbox;
mod state;

pub use crate::capability::{Capability, Reach};
pub use capacity::Capacity;
pub use load::LoadError;
pub use sandbox::{Sandbox, SandboxError};

use crate::bindings;
use crate::fairness::{Admission, Tenant};
use crate::grant::Grants;
use crate::guard::Guard;
use crate::limits::Limits;
use crate::outcome::{Fault, Outcome, OutcomeKind, Usage};
use crate::texts::{self, Text};
use crate::view::View;
use interface::{Answer, Entry, transform_response, transform_texts};
use state::State;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::error::Elapsed;
use wasmtime::{Store, UpdateDeadline};

/// What a guest may hand over to the host in one go even where its output has to be
/// smaller: its log, and the message of its failure.
const HANDED_OVER: usize = 64 << 10;

/// What a call may hand over besides the outcome's text: a tag, a pointer, a length.
const RESULT_OVERHEAD: usize = 64;

/// A component, compiled and linked, ready to be instantiated any number of times.
pub struct Plugin {
    name: Arc<str>,
    sha256: String,
    needs: Vec<Capability>,
    entry: Entry,
    sandbox: Arc<Sandbox>,
}

/// What a plugin is given of a payload.
#[derive(Debug)]
pub enum Given<'p> {
    /// `transform-response`: JSON text of an object.
    Payload(Cow<'p, str>),
    /// `transform-texts`
    Texts(Vec<Text<'p>>),
}

/// What is known of a request when its pipeline runs.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Whose call it is, and at whose expense.
    pub tenant: &'a Arc<Tenant>,
    /// The assistant's name.
    pub assistant: &'a str,
    /// Identifies the request.
    pub request_id: &'a str,
    /// The event's name.
    pub event: &'a str,
    /// JSON text of an object: the envelope's.
    pub options: &'a str,
    /// When the answer has to be there.
    pub deadline: Instant,
    /// How many bytes of the answer stand around the payload.
    pub around: usize,
}

/// What the configuration says of one stage's calls.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// JSON text of an object, for the plugin.
    pub settings: &'a str,
    /// What the plugin may read and write.
    pub view: &'a View,
    /// What the payload has to keep to that comes of it.
    pub guard: &'a Guard,
    /// What the call may use.
    pub limits: &'a Limits,
    /// What it may reach.
    pub reach: &'a Arc<Reach>,
}

/// How a call ended.
#[derive(Debug)]
pub struct Call {
    /// What the plugin wanted, and got: the payload, where it has changed. Or how it
    /// went wrong.
    pub result: Result<(OutcomeKind, Option<String>), Fault>,
    /// What it used on the way.
    pub usage: Usage,
}

impl Call {
    /// What it came to without the guest, which used nothing.
    fn not_made(result: Result<(OutcomeKind, Option<String>), Fault>) -> Self {
        Self {
            result,
            usage: Usage::default(),
        }
    }
}

impl Plugin {
    /// The name that the configuration gives it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The SHA-256 digest of the component's file, in hexadecimal digits.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The interface of the contract that it exports.
    #[must_use]
    pub fn interface(&self) -> &'static str {
        self.entry.interface()
    }

    /// What its component imports and has to be granted.
    #[must_use]
    pub fn needs(&self) -> &[Capability] {
        &self.needs
    }

    /// What of that is not in these grants.
    #[must_use]
    pub fn lacks(&self, grants: &Grants) -> Vec<Capability> {
        let lacks = |need: &Capability| !need.is_in(grants);
        self.needs.iter().copied().filter(lacks).collect()
    }

    /// A view of this plugin's in words.
    #[must_use]
    pub fn view_in_words(&self, view: &View) -> String {
        match self.entry {
            Entry::Response(_) => view.in_words(),
            Entry::Texts(_) => view.in_words_of_texts(),
        }
    }

    /// What the plugin is given of a payload in a call with this view.
    ///
    /// # Errors
    /// More texts than a call may have.
    pub fn given<'p>(&self, view: &View, payload: &'p str) -> Result<Given<'p>, Fault> {
        Ok(match self.entry {
            Entry::Response(_) => Given::Payload(view.reads().visible(payload)),
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
            Entry::Response(entry) => self.call_with_payload(entry, &stage).await,
            Entry::Texts(entry) => self.call_with_texts(entry, &stage).await,
        };
        slot.charge(call.usage.fuel);
        call
    }

    async fn call_with_payload(
        &self,
        entry: &bindings::response::Pre<State>,
        stage: &StageCall<'_>,
    ) -> Call {
        let payload = stage.payload;
        let visible = || stage.terms.view.reads().visible(payload);
        let seen = match stage.work(payload.len(), visible).await {
            Ok(seen) => seen,
            Err(fault) => return Call::not_made(Err(fault)),
        };
        let mut store = self.store(stage, 0);
        let run = transform_response(entry, &mut store, stage.invocation(), &seen);
        let ended = stage.run(run).await;
        let (made, usage) = stage.close(store, ended);
        let apply = |outcome: Outcome| {
            let kind = outcome.kind();
            let (view, limit) = (stage.terms.view, stage.terms.limits.output_bytes);
            let changed = outcome.apply(payload, &seen, view, limit)?;
            stage.guard(changed).map(|changed| (kind, changed))
        };
        let result = match made {
            Ok(outcome) => {
                let bytes = payload.len() + outcome.text().len();
                stage.work(bytes, || apply(outcome)).await.flatten()
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
                return Call::not_made(Ok((OutcomeKind::Unchanged, None)));
            }
            Ok(texts) => texts,
            Err(fault) => return Call::not_made(Err(fault)),
        };
        let listed = texts.len() * size_of::<Option<String>>();
        let mut store = self.store(stage, listed);
        let run = transform_texts(entry, &mut store, stage.invocation(), &texts);
        let ended = stage.run(run).await;
        let (made, usage) = stage.close(store, ended);
        let apply = |made: Vec<Option<String>>| {
            let limit = stage.terms.limits.output_bytes;
            let (kind, changed) = texts::put_back(payload, &texts, &made, limit)?;
            stage.guard(changed).map(|changed| (kind, changed))
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
        let (name, reach) = (Arc::clone(&self.name), Arc::clone(stage.terms.reach));
        let mut store = Store::new(&self.sandbox.engine, State::new(name, reach, limits));
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

/// One call of a stage, with all that bounds it.
struct StageCall<'a> {
    request: &'a Request<'a>,
    terms: &'a Terms<'a>,
    payload: &'a str,
    start: Instant,
    /// From `start`: its own timeout, or what is left of the assistant's. The epoch
    /// stops the guest's own code then; a timer stops what the epoch does not see, a
    /// guest that waits in a call of the host.
    timeout: Duration,
}

impl StageCall<'_> {
    fn invocation(&self) -> bindings::Invocation<'_> {
        bindings::Invocation {
            tenant: self.request.tenant.name(),
            assistant: self.request.assistant,
            request_id: self.request.request_id,
            event: self.request.event,
            options: self.request.options,
            settings: self.terms.settings,
            milliseconds_left: u32::try_from(self.timeout.as_millis()).unwrap_or(u32::MAX),
        }
    }

    /// Lets the assistant's guard look at a payload that has changed.
    fn guard(&self, changed: Option<String>) -> Result<Option<String>, Fault> {
        if let Some(payload) = &changed {
            let answer = payload.len() + self.request.around;
            self.terms.guard.check(self.payload, payload, answer)?;
        }
        Ok(changed)
    }

    /// Runs the guest, in its tenant's turns and until its time is over.
    async fn run<T>(
        &self,
        run: impl Future<Output = wasmtime::Result<Answer<T>>>,
    ) -> Result<wasmtime::Result<Answer<T>>, Elapsed> {
        let run = self.request.tenant.in_turns(run);
        tokio::time::timeout_at((self.start + self.timeout).into(), run).await
    }

    /// Does the host's own work on so many bytes for the plugin. Much of it takes the
    /// tenant's turn, as the guest's work does, and does not hold up the thread that
    /// others are served on.
    async fn work<T>(&self, bytes: usize, work: impl FnOnce() -> T) -> Result<T, Fault> {
        if bytes <= LARGE {
            return Ok(work());
        }
        let work = async {
            match Handle::current().runtime_flavor() {
                RuntimeFlavor::MultiThread => tokio::task::block_in_place(work),
                _ => work(),
            }
        };
        let work = self.request.tenant.in_turns(work);
        tokio::time::timeout_at((self.start + self.timeout).into(), work)
            .await
            .map_err(|_| Fault::TimedOut {
                limit: self.timeout,
            })
    }

    /// Ends a call: what the guest made, if it was not stopped, and what it used. Its
    /// instance is gone before anything is done with what it made.
    fn close<T>(
        &self,
        store: Store<State>,
        ended: Result<wasmtime::Result<Answer<T>>, Elapsed>,
    ) -> (Result<T, Fault>, Usage) {
        let (limits, limit) = (self.terms.limits, self.timeout);
        let result = match ended {
            Ok(Ok(answer)) => answer.map_err(Fault::from),
            Ok(Err(error)) => Err(fault::of(&error, store.data(), limits, limit)),
            Err(_) => Err(Fault::TimedOut { limit }),
        };
        let left = store.get_fuel().unwrap_or(0);
        let usage = Usage {
            fuel: limits.fuel.saturating_sub(left),
            time: self.start.elapsed(),
            memory_bytes: store.data().limiter.memory_bytes(),
        };
        (result, usage)
    }
}

/// From this number of bytes, working on payloads and outcomes may take milliseconds.
const LARGE: usize = 64 << 10;
