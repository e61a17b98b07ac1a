//! What a store carries: everything that belongs to one call and dies with it.

use super::limiter::Limiter;
use super::log::{GuestStream, streams};
use crate::capability;
use crate::limits::Limits;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// How many handles a guest may hold at once: streams, pollables and the like.
pub(super) const HANDLES: usize = 1_000;

pub(crate) struct State {
    pub(super) limiter: Limiter,
    streams: [GuestStream; 2],
    wasi: WasiCtx,
    handles: ResourceTable,
}

impl State {
    pub(super) fn new(limits: &Limits) -> Self {
        let [stdout, stderr] = streams(limits.log_bytes);
        let mut handles = ResourceTable::new();
        handles.set_max_capacity(HANDLES);
        Self {
            limiter: Limiter::new(limits),
            wasi: capability::wasi::prepare(stdout.clone(), stderr.clone()),
            streams: [stdout, stderr],
            handles,
        }
    }
}

/// However the call ends, what the guest printed last and did not end with a line end
/// goes into the log too.
impl Drop for State {
    fn drop(&mut self) {
        for stream in &self.streams {
            stream.finish();
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.handles,
        }
    }
}
