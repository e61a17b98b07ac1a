//! Why a plugin runs, for whom, and what it was given to run with.

use alloc::{format, string::String};
use core::time::Duration;

use serde::Deserialize;

use crate::{Failure, NoSettings, Result, StageSettings, bindings};

/// Why a plugin runs, for whom, and what it was given to run with.
///
/// `S` is the type of the stage's settings. Give it `#[serde(deny_unknown_fields)]`, so
/// that the operator hears of a misspelt one; without settings leave it out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Invocation<S = NoSettings> {
    /// The tenant that the assistant belongs to, as the operator named it.
    pub tenant: String,
    /// The assistant whose answer this is, as the operator named it.
    pub assistant: String,
    /// Identifies this webhook call in the host's log.
    pub request_id: String,
    /// The event's name, for instance `message_processed`.
    pub event: String,
    /// What the operator set for this stage.
    pub settings: S,
    /// How long the plugin may run, in wall-clock time from the moment of the call. The
    /// host stops it then.
    pub time_left: Duration,
    options: String,
}

impl<S> Invocation<S> {
    /// The `options` of the webhook's envelope, as any type; `{}` where it has none.
    ///
    /// # Errors
    /// [`Failure::Failed`] if they are not of that type.
    pub fn options<'i, T: Deserialize<'i>>(&'i self) -> Result<T> {
        serde_json::from_str(&self.options)
            .map_err(|error| Failure::failed(format!("the webhook's options: {error}")))
    }

    pub(crate) fn from_host(invocation: bindings::Invocation) -> Result<Self>
    where
        S: StageSettings,
    {
        Ok(Self {
            tenant: invocation.tenant,
            assistant: invocation.assistant,
            request_id: invocation.request_id,
            event: invocation.event,
            settings: S::from_json(&invocation.settings)?,
            time_left: Duration::from_millis(invocation.milliseconds_left.into()),
            options: invocation.options,
        })
    }
}
