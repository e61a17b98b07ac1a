//! What a store carries: everything that belongs to one call and dies with it.

use super::limiter::Limiter;
use super::log::{GuestLog, GuestStream};
use crate::capability::http::Outbox;
use crate::capability::{self, Reach, keyvalue, logging};
use crate::grant::LogLevel;
use crate::limits::{HttpLimits, Limits};
use std::sync::Arc;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtxView, WasiHttpView};

/// How many handles a guest may hold at once: streams, pollables and the like.
pub(super) const HANDLES: usize = 1_000;

pub(crate) struct State {
    pub(super) limiter: Limiter,
    plugin: Arc<str>,
    reach: Arc<Reach>,
    log_bytes: usize,
    http_limits: HttpLimits,
    /// Made when the guest first touches HTTP.
    outbox: Option<Outbox>,
    keyvalue_told: keyvalue::Told,
    /// Made when the guest first logs something.
    log: Option<GuestLog>,
    /// Made when the guest first asks for any of it, which most never do.
    wasi: Option<Wasi>,
    handles: ResourceTable,
}

struct Wasi {
    context: WasiCtx,
    streams: [GuestStream; 2],
}

impl State {
    /// For one call of the plugin of that name, which may reach so much.
    pub(super) fn new(plugin: Arc<str>, reach: Arc<Reach>, limits: &Limits) -> Self {
        let mut handles = ResourceTable::new();
        handles.set_max_capacity(HANDLES);
        Self {
            limiter: Limiter::new(limits),
            plugin,
            reach,
            log_bytes: limits.log_bytes,
            http_limits: limits.http,
            outbox: None,
            keyvalue_told: keyvalue::Told::default(),
            log: None,
            wasi: None,
            handles,
        }
    }
}

/// The log of a call, made when it is first needed.
fn log<'a>(place: &'a mut Option<GuestLog>, plugin: &Arc<str>, bytes: usize) -> &'a GuestLog {
    place.get_or_insert_with(|| GuestLog::new(plugin, bytes))
}

impl Wasi {
    fn new(log: &GuestLog) -> Self {
        let [stdout, stderr] = log.streams();
        Self {
            context: capability::wasi::prepare(stdout.clone(), stderr.clone()),
            streams: [stdout, stderr],
        }
    }
}

/// However the call ends, what the guest printed last and did not end with a line end
/// goes into the log too.
impl Drop for Wasi {
    fn drop(&mut self) {
        for stream in &self.streams {
            stream.finish();
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let log = log(&mut self.log, &self.plugin, self.log_bytes);
        let wasi = self.wasi.get_or_insert_with(|| Wasi::new(log));
        WasiCtxView {
            ctx: &mut wasi.context,
            table: &mut self.handles,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let (plugin, client) = (&self.plugin, &self.reach.http);
        let new = || Outbox::new(Arc::clone(plugin), client.clone(), self.http_limits);
        let outbox = self.outbox.get_or_insert_with(new);
        outbox.view(&mut self.handles)
    }
}

impl capability::View for State {
    fn reach(&self) -> &Reach {
        &self.reach
    }
}

impl keyvalue::Keeps for State {
    fn keyvalue(&mut self) -> keyvalue::Call<'_> {
        keyvalue::Call {
            bucket: self.reach.bucket.as_ref(),
            plugin: &self.plugin,
            handles: &mut self.handles,
            told: &mut self.keyvalue_told,
        }
    }
}

impl logging::Sink for State {
    fn message(&mut self, level: LogLevel, context: &str, message: &str) {
        log(&mut self.log, &self.plugin, self.log_bytes).message(level, context, message);
    }
}
