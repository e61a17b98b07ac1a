//! What a guest is called with: borrowed from the request, or owned where the guest runs
//! in a thread of its own.

use super::interface::{self, Answer, PayloadEntry};
use super::state::State;
use crate::bindings::{self, Invocation};
use crate::outcome::Decision;
use crate::texts::Text;
use std::borrow::Cow;
use wasmtime::Store;

/// What one interface is called with.
pub(super) trait Input: Send + Sync {
    /// What the guest makes of it.
    type Output: Send + 'static;
    /// The same without anything of the request's.
    type Owned: Input<Output = Self::Output> + 'static;

    /// Makes an instance in a store and calls it.
    fn call(
        &self,
        store: &mut Store<State>,
        invocation: Invocation<'_>,
    ) -> impl Future<Output = wasmtime::Result<Answer<Self::Output>>> + Send;

    fn to_owned(&self) -> Self::Owned;
}

/// A payload, as far as it may be read.
pub(super) struct PayloadInput<'a> {
    pub(super) entry: Cow<'a, PayloadEntry>,
    pub(super) seen: Cow<'a, str>,
}

impl Input for PayloadInput<'_> {
    type Output = Decision;
    type Owned = PayloadInput<'static>;

    async fn call(
        &self,
        store: &mut Store<State>,
        invocation: Invocation<'_>,
    ) -> wasmtime::Result<Answer<Decision>> {
        interface::with_payload(&self.entry, store, invocation, &self.seen).await
    }

    fn to_owned(&self) -> Self::Owned {
        PayloadInput {
            entry: Cow::Owned(self.entry.as_ref().clone()),
            seen: Cow::Owned(self.seen.as_ref().to_owned()),
        }
    }
}

/// Texts of a payload.
pub(super) struct TextsInput<'a> {
    pub(super) entry: Cow<'a, bindings::texts::Pre<State>>,
    pub(super) texts: Cow<'a, [Text<'a>]>,
}

impl Input for TextsInput<'_> {
    type Output = Vec<Option<String>>;
    type Owned = TextsInput<'static>;

    async fn call(
        &self,
        store: &mut Store<State>,
        invocation: Invocation<'_>,
    ) -> wasmtime::Result<Answer<Self::Output>> {
        interface::with_texts(&self.entry, store, invocation, &self.texts).await
    }

    fn to_owned(&self) -> Self::Owned {
        TextsInput {
            entry: Cow::Owned(self.entry.as_ref().clone()),
            texts: self.texts.iter().map(Text::to_owned).collect(),
        }
    }
}

/// What a guest is told of its call, without anything of the request's.
pub(super) struct OwnedInvocation {
    tenant: String,
    assistant: String,
    request_id: String,
    event: String,
    options: String,
    settings: String,
    milliseconds_left: u32,
}

impl OwnedInvocation {
    pub(super) fn of(invocation: &Invocation<'_>) -> Self {
        Self {
            tenant: invocation.tenant.to_owned(),
            assistant: invocation.assistant.to_owned(),
            request_id: invocation.request_id.to_owned(),
            event: invocation.event.to_owned(),
            options: invocation.options.to_owned(),
            settings: invocation.settings.to_owned(),
            milliseconds_left: invocation.milliseconds_left,
        }
    }

    pub(super) fn borrow(&self) -> Invocation<'_> {
        Invocation {
            tenant: &self.tenant,
            assistant: &self.assistant,
            request_id: &self.request_id,
            event: &self.event,
            options: &self.options,
            settings: &self.settings,
            milliseconds_left: self.milliseconds_left,
        }
    }
}
