//! A loaded component, and one call of it: a fresh store, a fresh instance, and
//! every limit on. A call ends in an outcome or in a fault, never in an error.

mod fault;
mod limiter;
mod load;
mod log;
mod sandbox;
mod state;

pub use load::LoadError;
pub use sandbox::Sandbox;

use crate::bindings;
use crate::limits::Limits;
use crate::outcome::{Failure, Fault, Outcome, OutcomeKind, Usage};
use state::State;
use std::sync::Arc;
use std::time::Instant;
use tokio::runtime::{Handle, RuntimeFlavor};
use wasmtime::{Store, UpdateDeadline};

/// The longest message of a plugin's own failure that is kept, in characters.
const LONGEST_MESSAGE: usize = 1_000;

/// What a guest may hand over to the host in one go even where its output has to be
/// smaller: its log, and the message of its failure.
const HANDED_OVER: usize = 64 << 10;

/// What a call may hand over besides the outcome's text: a tag, a pointer, a length.
const RESULT_OVERHEAD: usize = 64;

/// A component, compiled and linked, ready to be instantiated any number of times.
pub struct Plugin {
    name: String,
    sha256: String,
    pre: bindings::ResponseTransformerPre<State>,
    sandbox: Arc<Sandbox>,
}

/// What is known of a request when its pipeline runs. Plugins are told all of it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The tenant's name.
    pub tenant: &'a str,
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

    /// Runs the plugin once, with these settings (JSON text of an object), until the
    /// request's deadline at most. Dropping the future stops it.
    pub async fn call(
        &self,
        request: &Request<'_>,
        settings: &str,
        payload: &str,
        limits: &Limits,
    ) -> Call {
        let deadline = request.deadline;
        let refused = |fault| Call {
            result: Err(fault),
            usage: Usage::default(),
        };
        let waiting = Instant::now();
        let patience = self
            .sandbox
            .wait
            .min(deadline.saturating_duration_since(waiting));
        let slot = tokio::time::timeout(patience, self.sandbox.slots.acquire()).await;
        let Ok(Ok(_slot)) = slot else {
            return refused(Fault::Unavailable {
                waited: waiting.elapsed(),
            });
        };
        let start = Instant::now();
        let timeout = limits
            .timeout
            .min(deadline.saturating_duration_since(start));
        if timeout.is_zero() {
            return refused(Fault::TimedOut { limit: timeout });
        }
        let mut store = self.store(limits, start + timeout);
        let invocation = bindings::Invocation {
            tenant: request.tenant,
            assistant: request.assistant,
            request_id: request.request_id,
            event: request.event,
            options: request.options,
            settings,
            milliseconds_left: u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX),
        };
        // The epoch stops the guest's own code; the timer stops what the epoch does
        // not see: a guest that waits in a call of the host.
        let run = self.run(&mut store, invocation, payload);
        let result = match tokio::time::timeout(timeout, run).await {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => Err(fault::of(&error, store.data(), limits, timeout)),
            Err(_) => Err(Fault::TimedOut { limit: timeout }),
        };
        let left = store.get_fuel().unwrap_or(0);
        let usage = Usage {
            fuel: limits.fuel.saturating_sub(left),
            time: start.elapsed(),
            memory_bytes: store.data().limiter.memory_bytes(),
        };
        drop(store);
        // Still within the slot, because it is work that the plugin causes.
        let result = result.and_then(|outcome| apply(outcome, payload, limits.output_bytes));
        Call { result, usage }
    }

    /// A store for one call, with everything set that bounds it.
    fn store(&self, limits: &Limits, stop: Instant) -> Store<State> {
        let mut store = Store::new(&self.sandbox.engine, State::new(limits));
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
                .saturating_add(RESULT_OVERHEAD),
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

    async fn run(
        &self,
        store: &mut Store<State>,
        invocation: bindings::Invocation<'_>,
        payload: &str,
    ) -> wasmtime::Result<Result<Outcome, Fault>> {
        let instance = self.pre.instantiate_async(&mut *store).await?;
        let result = instance
            .retort_transform_transform_response()
            .call_transform(&mut *store, invocation, payload)
            .await?;
        Ok(match result {
            Ok(outcome) => Ok(outcome.into()),
            Err(failure) => Err(failure.into()),
        })
    }
}

/// From this size of payload and outcome together, in bytes, a patch may take
/// milliseconds.
const LARGE: usize = 64 << 10;

/// Makes of an outcome what the payload becomes. A plugin can have the host work at
/// that, so a large one does not hold up the thread that others are served on.
fn apply(
    outcome: Outcome,
    payload: &str,
    limit: usize,
) -> Result<(OutcomeKind, Option<String>), Fault> {
    let kind = outcome.kind();
    let is_large = payload.len() + outcome.text().len() > LARGE;
    let applied = if is_large && Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread {
        tokio::task::block_in_place(|| outcome.apply(payload, limit))
    } else {
        outcome.apply(payload, limit)
    };
    Ok((kind, applied?))
}

impl From<bindings::Outcome> for Outcome {
    fn from(outcome: bindings::Outcome) -> Self {
        match outcome {
            bindings::Outcome::Unchanged => Self::Unchanged,
            bindings::Outcome::Replaced(json) => Self::Replaced(json),
            bindings::Outcome::MergePatch(json) => Self::MergePatch(json),
            bindings::Outcome::JsonPatch(json) => Self::JsonPatch(json),
        }
    }
}

impl From<bindings::Failure> for Fault {
    fn from(failure: bindings::Failure) -> Self {
        let (kind, message) = match failure {
            bindings::Failure::NotForMe(message) => (Failure::NotForMe, message),
            bindings::Failure::ServiceFailed(message) => (Failure::ServiceFailed, message),
            bindings::Failure::Failed(message) => (Failure::Failed, message),
        };
        Self::Failed {
            kind,
            message: message.chars().take(LONGEST_MESSAGE).collect(),
        }
    }
}
