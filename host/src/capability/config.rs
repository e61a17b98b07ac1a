//! `wasi:config/store`: a stage's settings once more, for plugins that look for their
//! configuration there. A string is its characters, anything else its JSON text.

use super::View;
use serde_json::Value;
use std::collections::BTreeMap;
use wasmtime::component::Linker;
use wasmtime_wasi_config::{WasiConfig, WasiConfigVariables};

/// The members of settings, JSON text of an object.
pub(super) fn variables(settings: &str) -> WasiConfigVariables {
    // They are an object: the configuration, or `invoke`, has looked.
    let members: BTreeMap<String, Value> = serde_json::from_str(settings).unwrap_or_default();
    members
        .into_iter()
        .map(|(name, value)| match value {
            Value::String(text) => (name, text),
            other => (name, other.to_string()),
        })
        .collect()
}

pub(super) fn add_to_linker<T: View>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    wasmtime_wasi_config::add_to_linker(linker, |data| WasiConfig::from(&data.reach().config))
}
