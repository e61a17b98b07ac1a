//! The contract's interfaces: how a guest of each is called with what it is given.

use super::state::State;
use crate::bindings::{self, Invocation};
use crate::outcome::{Failure, Fault, Outcome};
use crate::texts::Text;
use wasmtime::Store;

/// The longest message of a plugin's own failure that is kept, in characters.
const LONGEST_MESSAGE: usize = 1_000;

/// How a guest ended that was not stopped.
pub(super) type Answer<T> = Result<T, bindings::Failure>;

/// The interface of the contract that a component exports, ready for instances.
pub(super) enum Entry {
    /// `transform-response`
    Response(bindings::response::Pre<State>),
    /// `transform-texts`
    Texts(bindings::texts::Pre<State>),
}

impl Entry {
    pub(super) const RESPONSE: &str = "transform-response";
    pub(super) const TEXTS: &str = "transform-texts";

    pub(super) fn interface(&self) -> &'static str {
        match self {
            Self::Response(_) => Self::RESPONSE,
            Self::Texts(_) => Self::TEXTS,
        }
    }
}

/// Makes an instance and hands it a payload, as far as it may be read.
pub(super) async fn transform_response(
    entry: &bindings::response::Pre<State>,
    store: &mut Store<State>,
    invocation: Invocation<'_>,
    seen: &str,
) -> wasmtime::Result<Answer<Outcome>> {
    let instance = entry.instantiate_async(&mut *store).await?;
    let interface = instance.retort_transform_transform_response();
    let answer = interface.call_transform(store, invocation, seen).await?;
    Ok(answer.map(Outcome::from))
}

/// Makes an instance and hands it texts. What comes back may be of any number.
pub(super) async fn transform_texts(
    entry: &bindings::texts::Pre<State>,
    store: &mut Store<State>,
    invocation: Invocation<'_>,
    texts: &[Text<'_>],
) -> wasmtime::Result<Answer<Vec<Option<String>>>> {
    let texts: Vec<_> = texts
        .iter()
        .map(|text| bindings::texts::Text {
            value: &text.value,
            pointer: &text.pointer,
            response_type: text.response_type.as_deref(),
        })
        .collect();
    let instance = entry.instantiate_async(&mut *store).await?;
    let interface = instance.retort_transform_transform_texts();
    interface.call_transform(store, invocation, &texts).await
}

impl From<bindings::Outcome> for Outcome {
    fn from(outcome: bindings::Outcome) -> Self {
        match outcome {
            bindings::Outcome::Unchanged => Self::Unchanged,
            bindings::Outcome::Replaced(json) => Self::Replaced(json),
            bindings::Outcome::MergePatch(json) => Self::MergePatch(json),
            bindings::Outcome::JsonPatch(json) => Self::JsonPatch(json),
        }
    }
}

impl From<bindings::Failure> for Fault {
    fn from(failure: bindings::Failure) -> Self {
        let (kind, message) = match failure {
            bindings::Failure::NotForMe(message) => (Failure::NotForMe, message),
            bindings::Failure::ServiceFailed(message) => (Failure::ServiceFailed, message),
            bindings::Failure::Failed(message) => (Failure::Failed, message),
        };
        Self::Failed {
            kind,
            message: message.chars().take(LONGEST_MESSAGE).collect(),
        }
    }
}
