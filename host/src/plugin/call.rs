//! One call: its time, its turns, and what is worked out for it.

use super::fault;
use super::interface::Answer;
use super::state::State;
use super::{Request, Terms};
use crate::bindings;
use crate::outcome::{Fault, Made, Usage};
use std::time::{Duration, Instant};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::error::Elapsed;
use wasmtime::Store;

/// One call of a stage, with all that bounds it.
pub(super) struct StageCall<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) terms: &'a Terms<'a>,
    pub(super) payload: &'a str,
    pub(super) start: Instant,
    /// From `start`: its own timeout, or what is left of the assistant's. The epoch
    /// stops the guest's own code then; a timer stops what the epoch does not see, a
    /// guest that waits in a call of the host.
    pub(super) timeout: Duration,
}

impl StageCall<'_> {
    pub(super) fn invocation(&self) -> bindings::Invocation<'_> {
        bindings::Invocation {
            tenant: self.request.tenant.name(),
            assistant: self.request.assistant,
            request_id: self.request.request_id,
            event: self.request.event.name(),
            options: self.request.options,
            settings: self.terms.settings,
            milliseconds_left: u32::try_from(self.timeout.as_millis()).unwrap_or(u32::MAX),
        }
    }

    /// Lets the assistant's guard look at an answer that has changed, or is one in the
    /// assistant's place.
    pub(super) fn guarded(&self, made: Made) -> Result<Made, Fault> {
        let guard = self.terms.guard;
        match &made {
            Made::Payload(_, Some(payload)) if self.request.event.is_answer() => {
                let answer = payload.len() + self.request.around;
                guard.check(self.payload, payload, answer)?;
            }
            Made::Payload(..) => {}
            // Nothing was said before.
            Made::Reply(reply) => guard.check("{}", reply, reply.len())?,
        }
        Ok(made)
    }

    /// Runs the guest, in its tenant's turns and until its time is over.
    pub(super) async fn run<T>(
        &self,
        run: impl Future<Output = wasmtime::Result<Answer<T>>>,
    ) -> Result<wasmtime::Result<Answer<T>>, Elapsed> {
        let run = self.request.tenant.in_turns(run);
        tokio::time::timeout_at((self.start + self.timeout).into(), run).await
    }

    /// Does the host's own work on so many bytes for the plugin. Much of it takes the
    /// tenant's turn, as the guest's work does, and does not hold up the thread that
    /// others are served on.
    pub(super) async fn work<T>(&self, bytes: usize, work: impl FnOnce() -> T) -> Result<T, Fault> {
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
    pub(super) fn close<T>(
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
