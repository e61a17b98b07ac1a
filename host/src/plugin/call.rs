//! One call of a stage: what bounds it, and what the host works out for it.

use super::guest::GuestRun;
use super::{CallMeter, Request, Terms};
use crate::bindings::Invocation;
use crate::fairness::{Slot, TurnMeter};
use crate::outcome::{Fault, Made};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::{Handle, RuntimeFlavor};

/// One call of a stage, with all that bounds it.
pub(super) struct StageCall<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) terms: &'a Terms<'a>,
    pub(super) payload: &'a str,
    pub(super) slot: &'a Arc<Slot>,
    pub(super) meter: &'a Arc<CallMeter>,
}

impl StageCall<'_> {
    /// What is left of the assistant's timeout.
    ///
    /// # Errors
    /// Nothing is.
    pub(super) fn left(&self) -> Result<Duration, Fault> {
        let left = self.request.left();
        if left.is_zero() {
            return Err(Fault::DeadlineExceeded { left });
        }
        Ok(left)
    }

    /// What the guest of this run is told of its call.
    pub(super) fn invocation(&self, run: &GuestRun) -> Invocation<'_> {
        Invocation {
            tenant: self.request.tenant.name(),
            assistant: self.request.assistant,
            request_id: self.request.request_id,
            event: self.request.event.name(),
            options: self.request.options,
            settings: self.terms.settings,
            milliseconds_left: u32::try_from(run.limit().as_millis()).unwrap_or(u32::MAX),
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

    /// Does the host's own work on so many bytes for the plugin, within the assistant's
    /// timeout. Much of it takes the tenant's turn, as the guest's work does, and does not
    /// hold up the thread that others are served on.
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
        // The plugin does not answer for this time.
        let meter = TurnMeter::default();
        let work = self.request.tenant.in_turns(&meter, work);
        let left = self.left()?;
        tokio::time::timeout_at((Instant::now() + left).into(), work)
            .await
            .map_err(|_| Fault::DeadlineExceeded { left })
    }
}

/// From this number of bytes, working on payloads and outcomes may take milliseconds.
const LARGE: usize = 64 << 10;
