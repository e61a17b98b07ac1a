//! The stage's settings as strings by name, through `wasi:config/store`.
//!
//! The stage needs the grant `config`. The settings of the
//! [`Invocation`](crate::Invocation) are the same ones, with their types, and need no
//! grant: this is for code that is written against WASI.

use crate::Result;

/// The setting of this name; nothing where it is not set.
///
/// # Errors
/// [`Failure::Failed`](crate::Failure::Failed) with the host's reason.
#[cfg(target_family = "wasm")]
pub fn get(name: &str) -> Result<Option<String>> {
    crate::bindings::config::get(name).map_err(unreadable)
}

/// All settings.
///
/// # Errors
/// [`Failure::Failed`](crate::Failure::Failed) with the host's reason.
#[cfg(target_family = "wasm")]
pub fn all() -> Result<Vec<(String, String)>> {
    crate::bindings::config::get_all().map_err(unreadable)
}

#[cfg(target_family = "wasm")]
fn unreadable(error: crate::bindings::config::Error) -> crate::Failure {
    use crate::bindings::config::Error;

    let (Error::Upstream(reason) | Error::Io(reason)) = error;
    crate::Failure::failed(format!("the settings cannot be read: {reason}"))
}

/// The setting of this name; nothing where it is not set.
///
/// # Errors
/// None outside of a host.
#[cfg(not(target_family = "wasm"))]
pub fn get(name: &str) -> Result<Option<String>> {
    let all = all()?;
    let setting = all.into_iter().find(|(other, _)| other == name);
    Ok(setting.map(|(_, value)| value))
}

/// All settings.
///
/// # Errors
/// None outside of a host.
#[cfg(not(target_family = "wasm"))]
pub fn all() -> Result<Vec<(String, String)>> {
    Ok(crate::testing::services(|services| services.config()))
}
