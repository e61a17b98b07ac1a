//! The contract's interfaces: which event each is for, and how a guest of each is
//! called with what it is given.

use super::state::State;
use crate::bindings::{self, Invocation};
use crate::event::EventKind;
use crate::outcome::{Decision, Failure, Fault, Outcome};
use crate::texts::Text;
use wasmtime::Store;

/// The longest message of a plugin's own failure that is kept, in characters.
const LONGEST_MESSAGE: usize = 1_000;

/// How a guest ended that was not stopped.
pub(super) type Answer<T> = Result<T, bindings::Failure>;

/// An interface that a plugin may export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interface {
    /// `transform-response`
    Response,
    /// `transform-texts`
    Texts,
    /// `transform-request`
    Request,
    /// `observe-event`
    Observer,
}

impl Interface {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Response, Self::Texts, Self::Request, Self::Observer];

    /// Its name in the contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Response => "transform-response",
            Self::Texts => "transform-texts",
            Self::Request => "transform-request",
            Self::Observer => "observe-event",
        }
    }

    /// Whether it is for this event.
    #[must_use]
    pub fn serves(self, event: EventKind) -> bool {
        match event {
            EventKind::MessageProcessed | EventKind::Dialog => {
                matches!(self, Self::Response | Self::Texts)
            }
            EventKind::MessageReceived => matches!(self, Self::Request | Self::Texts),
            EventKind::MessageLogged | EventKind::CdrLogged => self == Self::Observer,
        }
    }
}

/// An interface that a component exports, ready for instances.
#[derive(Clone)]
pub(super) enum Entry {
    /// It is given JSON.
    Payload(PayloadEntry),
    /// `transform-texts`
    Texts(bindings::texts::Pre<State>),
}

/// An interface over payloads.
#[derive(Clone)]
pub(super) enum PayloadEntry {
    /// `transform-response`
    Response(bindings::response::Pre<State>),
    /// `transform-request`
    Request(bindings::request::Pre<State>),
    /// `observe-event`
    Observer(bindings::observer::Pre<State>),
}

impl Entry {
    pub(super) fn interface(&self) -> Interface {
        match self {
            Self::Payload(PayloadEntry::Response(_)) => Interface::Response,
            Self::Payload(PayloadEntry::Request(_)) => Interface::Request,
            Self::Payload(PayloadEntry::Observer(_)) => Interface::Observer,
            Self::Texts(_) => Interface::Texts,
        }
    }
}

/// Makes an instance and hands it a payload, as far as it may be read.
pub(super) async fn with_payload(
    entry: &PayloadEntry,
    store: &mut Store<State>,
    invocation: Invocation<'_>,
    seen: &str,
) -> wasmtime::Result<Answer<Decision>> {
    match entry {
        PayloadEntry::Response(entry) => {
            let instance = entry.instantiate_async(&mut *store).await?;
            let interface = instance.retort_transform_transform_response();
            let answer = interface.call_transform(store, invocation, seen).await?;
            Ok(answer.map(|outcome| Decision::Pass(outcome.into())))
        }
        PayloadEntry::Request(entry) => {
            let instance = entry.instantiate_async(&mut *store).await?;
            let interface = instance.retort_transform_transform_request();
            let answer = interface.call_transform(store, invocation, seen).await?;
            Ok(answer.map(|decision| match decision {
                bindings::request::Decision::Pass(outcome) => Decision::Pass(outcome.into()),
                bindings::request::Decision::Reply(reply) => Decision::Reply(reply),
            }))
        }
        PayloadEntry::Observer(entry) => {
            let instance = entry.instantiate_async(&mut *store).await?;
            let interface = instance.retort_transform_observe_event();
            let answer = interface.call_observe(store, invocation, seen).await?;
            Ok(answer.map(|()| Decision::Pass(Outcome::Unchanged)))
        }
    }
}

/// Makes an instance and hands it texts. What comes back may be of any number.
pub(super) async fn with_texts(
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
