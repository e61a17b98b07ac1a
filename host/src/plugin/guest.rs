//! One run of a guest: its store, its time, and the account of what it uses, which is
//! closed however the run ends.

use super::CallMeter;
use super::fault::{self, Times};
use super::input::{Input, OwnedInvocation};
use super::state::State;
use crate::bindings::Invocation;
use crate::fairness::{Slot, Tenant};
use crate::limits::Limits;
use crate::outcome::{Fault, Usage};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use wasmtime::{Store, UpdateDeadline};

/// A guest that may have more memory or table than this, in bytes, runs in a thread of its
/// own: one instruction can fill all of it, and cannot be divided. Of this size that takes
/// some 20 ms, which a thread that serves others can spare.
const LARGEST_BESIDE_OTHERS: usize = 64 << 20;

/// How long an answer waits for a guest whose time is over and that has not given way, as
/// it does at its next loop or call.
const GRACE: Duration = Duration::from_millis(20);

/// A guest that is about to run, or runs. Its account is closed when it is dropped: after
/// its end, and also when the caller has gone and the run's future is dropped in the middle.
pub(super) struct GuestRun {
    store: Store<State>,
    limits: Limits,
    /// What is left of the assistant's timeout when the run begins, and all of that.
    left: Duration,
    whole: Duration,
    start: Instant,
    slot: Arc<Slot>,
    meter: Arc<CallMeter>,
}

/// What a run is made with.
pub(super) struct Bounds<'a> {
    pub(super) limits: &'a Limits,
    /// What is left of the assistant's timeout.
    pub(super) left: Duration,
    /// The assistant's whole timeout.
    pub(super) whole: Duration,
    pub(super) slot: &'a Arc<Slot>,
    pub(super) meter: &'a Arc<CallMeter>,
}

impl GuestRun {
    /// A run that begins now. The epoch stops the guest's own code when its time is over;
    /// a timer stops what the epoch does not see, a guest that waits in a call of the host.
    pub(super) fn begin(mut store: Store<State>, bounds: &Bounds<'_>) -> Self {
        let start = Instant::now();
        let stop = start + bounds.limits.timeout.min(bounds.left);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| {
            Ok(if Instant::now() < stop {
                UpdateDeadline::Yield(1)
            } else {
                UpdateDeadline::Interrupt
            })
        });
        Self {
            store,
            limits: *bounds.limits,
            left: bounds.left,
            whole: bounds.whole,
            start,
            slot: Arc::clone(bounds.slot),
            meter: Arc::clone(bounds.meter),
        }
    }

    /// What the guest has: its own timeout, or what is left of the assistant's.
    pub(super) fn limit(&self) -> Duration {
        self.limits.timeout.min(self.left)
    }

    /// Makes an instance and calls it, in its tenant's turns and until its time is over.
    /// The instance is gone before anything is done with what it made.
    pub(super) async fn call<I: Input>(
        self,
        tenant: &Arc<Tenant>,
        invocation: Invocation<'_>,
        input: &I,
    ) -> Result<I::Output, Fault> {
        let tables = self
            .limits
            .table_elements
            .saturating_mul(size_of::<usize>());
        if self.limits.memory_bytes.max(tables) > LARGEST_BESIDE_OTHERS {
            self.call_in_thread(tenant, invocation, input).await
        } else {
            self.call_here(tenant, invocation, input).await
        }
    }

    async fn call_here<I: Input>(
        mut self,
        tenant: &Tenant,
        invocation: Invocation<'_>,
        input: &I,
    ) -> Result<I::Output, Fault> {
        let stop = self.start + self.limit();
        let ended = {
            let run = input.call(&mut self.store, invocation);
            let run = tenant.in_turns(&self.meter.turns, run);
            tokio::time::timeout_at(stop.into(), run).await
        };
        match ended {
            Ok(Ok(answer)) => answer.map_err(Fault::from),
            Ok(Err(error)) => {
                let out_of_time = || self.times().fault();
                Err(fault::of(
                    &error,
                    self.store.data(),
                    &self.limits,
                    out_of_time,
                ))
            }
            Err(_) => Err(self.times().fault()),
        }
    }

    /// The same in a thread of its own, for which the answer does not wait: when the time
    /// is over, or the caller gone, the guest ends by itself, with its slot.
    async fn call_in_thread<I: Input>(
        self,
        tenant: &Arc<Tenant>,
        invocation: Invocation<'_>,
        input: &I,
    ) -> Result<I::Output, Fault> {
        let (tenant, input) = (Arc::clone(tenant), input.to_owned());
        let invocation = OwnedInvocation::of(&invocation);
        let (start, stop) = (self.start, self.start + self.limit());
        let (times, meter) = (self.times(), Arc::clone(&self.meter));
        let gone = CancellationToken::new();
        let _gone_with_the_request = gone.clone().drop_guard();
        let run = async move {
            let run = self.call_here(&tenant, invocation.borrow(), &input);
            gone.run_until_cancelled(run).await
        };
        let (runtime, run) = (Handle::current(), run.in_current_span());
        let thread = tokio::task::spawn_blocking(move || runtime.block_on(run));
        match tokio::time::timeout_at((stop + GRACE).into(), thread).await {
            Ok(Ok(Some(result))) => result,
            Ok(Ok(None)) => Err(Fault::HostFailed("its thread was cancelled".to_owned())),
            Ok(Err(error)) => Err(Fault::HostFailed(error.to_string())),
            Err(_) => {
                // What it has used beside time is known, and charged, when it ends.
                let elapsed = start.elapsed();
                let _ = meter.usage.set(Usage {
                    fuel: 0,
                    time: elapsed,
                    memory_bytes: 0,
                });
                Err(Times { elapsed, ..times }.with_turns(&meter.turns).fault())
            }
        }
    }

    fn times(&self) -> Times {
        Times {
            own: self.limits.timeout,
            left: self.left,
            whole: self.whole,
            elapsed: self.start.elapsed(),
            computed: Duration::ZERO,
            waited: Duration::ZERO,
        }
        .with_turns(&self.meter.turns)
    }
}

impl Drop for GuestRun {
    fn drop(&mut self) {
        // Fails only where the engine counts no fuel.
        let left = self.store.get_fuel().unwrap_or(0);
        let fuel = self.limits.fuel.saturating_sub(left);
        self.slot.charge(fuel);
        // It is set before where the answer did not wait for the end.
        let _ = self.meter.usage.set(Usage {
            fuel,
            time: self.start.elapsed(),
            memory_bytes: self.store.data().limiter.memory_bytes(),
        });
    }
}
