//! What is served, as JSON: assistants and plugins with digests, limits and state.

use crate::fairness::Tenant;
use crate::limits::Limits;
use crate::pipeline::Stage;
use crate::plugin::{Interface, Plugin};
use crate::process::Process;
use crate::snapshot::{Assistant, Snapshot};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Status<'a> {
    version: &'static str,
    /// `ready` or `stopping`.
    state: &'static str,
    slots: Slots,
    /// Nothing where no store is configured.
    keyvalue: Option<KeyValueStatus>,
    tenants: Vec<TenantStatus<'a>>,
    plugins: Vec<PluginStatus<'a>>,
    assistants: Vec<AssistantStatus<'a>>,
}

#[derive(Serialize)]
struct Slots {
    capacity: u32,
    used: u32,
    call_bytes: u64,
}

#[derive(Serialize)]
struct KeyValueStatus {
    /// `file` or `redis`.
    backend: &'static str,
    up: bool,
}

#[derive(Serialize)]
struct TenantStatus<'a> {
    name: &'a str,
    running: u32,
    waiting: usize,
    concurrency: u32,
    queue: usize,
    share: u32,
    fuel_per_minute: Option<u64>,
}

#[derive(Serialize)]
struct PluginStatus<'a> {
    name: &'a str,
    interfaces: Vec<&'static str>,
    sha256: &'a str,
}

#[derive(Serialize)]
struct AssistantStatus<'a> {
    name: &'a str,
    tenant: &'a str,
    auth: &'static str,
    timeout_milliseconds: u128,
    /// By event.
    pipelines: BTreeMap<&'static str, Vec<StageStatus<'a>>>,
}

#[derive(Serialize)]
struct StageStatus<'a> {
    plugin: &'a str,
    /// `serving` or `quarantined`.
    state: &'static str,
    on_fault: &'static str,
    limits: LimitsStatus,
}

#[derive(Serialize)]
struct LimitsStatus {
    fuel: u64,
    timeout_milliseconds: u128,
    memory_bytes: usize,
    table_elements: usize,
    output_bytes: usize,
    log_bytes: usize,
    http: HttpLimitsStatus,
}

#[derive(Serialize)]
struct HttpLimitsStatus {
    requests: u32,
    at_once: u32,
    request_bytes: u64,
    response_bytes: u64,
    timeout_milliseconds: u128,
}

/// How things are now.
pub(super) fn of(process: &Process, snapshot: &Snapshot) -> String {
    let slots = process.fairness.slot_use();
    let mut assistants: Vec<_> = snapshot.assistants().map(assistant).collect();
    assistants.sort_by_key(|assistant| assistant.name);
    let status = Status {
        version: env!("CARGO_PKG_VERSION"),
        state: if process.is_stopping() {
            "stopping"
        } else {
            "ready"
        },
        slots: Slots {
            capacity: slots.capacity,
            used: slots.taken,
            call_bytes: snapshot.sandbox.capacity().call_bytes,
        },
        keyvalue: process.keyvalue.health().map(|store| KeyValueStatus {
            backend: store.backend,
            up: store.up,
        }),
        tenants: snapshot.tenants.values().map(|it| tenant(it)).collect(),
        plugins: snapshot.plugins.values().map(|it| plugin(it)).collect(),
        assistants,
    };
    // Strings and numbers: there is nothing in it that JSON could not hold.
    serde_json::to_string_pretty(&status).unwrap_or_default() + "\n"
}

fn tenant(tenant: &Tenant) -> TenantStatus<'_> {
    let (calls, allotment) = (tenant.calls(), tenant.allotment());
    TenantStatus {
        name: tenant.name(),
        running: calls.running,
        waiting: calls.waiting,
        concurrency: calls.concurrency,
        queue: allotment.queue,
        share: allotment.share,
        fuel_per_minute: allotment.fuel_per_minute,
    }
}

fn plugin(plugin: &Plugin) -> PluginStatus<'_> {
    PluginStatus {
        name: plugin.name(),
        interfaces: plugin.interfaces().map(Interface::name).collect(),
        sha256: plugin.sha256(),
    }
}

fn assistant(assistant: &Assistant) -> AssistantStatus<'_> {
    AssistantStatus {
        name: &assistant.name,
        tenant: assistant.tenant.name(),
        auth: assistant.gate.auth().kind(),
        timeout_milliseconds: assistant.timeout.as_millis(),
        pipelines: assistant
            .pipelines()
            .map(|(event, pipeline)| (event.name(), pipeline.stages.iter().map(stage).collect()))
            .collect(),
    }
}

fn stage(stage: &Stage) -> StageStatus<'_> {
    let Limits {
        fuel,
        timeout,
        memory_bytes,
        table_elements,
        output_bytes,
        log_bytes,
        http,
    } = stage.limits;
    StageStatus {
        plugin: stage.plugin.name(),
        state: if stage.quarantine.is_on() {
            "quarantined"
        } else {
            "serving"
        },
        on_fault: stage.on_fault.name(),
        limits: LimitsStatus {
            fuel,
            timeout_milliseconds: timeout.as_millis(),
            memory_bytes,
            table_elements,
            output_bytes,
            log_bytes,
            http: HttpLimitsStatus {
                requests: http.requests,
                at_once: http.at_once,
                request_bytes: http.request_bytes,
                response_bytes: http.response_bytes,
                timeout_milliseconds: http.timeout.as_millis(),
            },
        },
    }
}
