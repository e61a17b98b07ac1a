//! From a function over a message to a component.

use serde::Serialize;

use crate::{
    IntoOutcome, Invocation, Outcome, Payload, Result, StageSettings,
    bindings::{self, guest},
};

/// Makes a component of a function
/// `fn(&Invocation<Settings>, &mut Payload) -> Result<impl IntoDecision>`, which is called
/// for each message before the assistant gets it.
///
/// A crate may have it beside [`export!`](macro@crate::export): the component then
/// changes both messages and answers. The rest is as there.
#[macro_export]
macro_rules! export_request {
    ($transform:path) => {
        const _: () = {
            struct Plugin;

            impl $crate::guest::request::exports::retort::transform::transform_request::Guest
                for Plugin
            {
                fn transform(
                    invocation: $crate::guest::Invocation,
                    payload: ::std::string::String,
                ) -> ::std::result::Result<$crate::guest::Decision, $crate::guest::Failure>
                {
                    $crate::guest::decide($transform, invocation, payload)
                }
            }

            #[cfg(target_family = "wasm")]
    $crate::guest::export_request_component!(Plugin with_types_in $crate::guest::request);
        };
    };
}

/// What becomes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It goes on to the next stage, and then to the assistant.
    Pass(Outcome),
    /// It does not: this JSON text is the answer to it, an object with `output.generic`
    /// as the assistant's own would be. No other stage sees the message, and the
    /// assistant does not process it.
    Reply(String),
}

impl Decision {
    /// The message does not reach the assistant: this value, an object with
    /// `output.generic`, is the answer to it.
    ///
    /// # Errors
    /// [`Failure::Failed`](crate::Failure::Failed) if it cannot be written as JSON.
    pub fn reply<T: Serialize + ?Sized>(answer: &T) -> Result<Self> {
        Ok(Self::Reply(serde_json::to_string(answer)?))
    }

    /// The message does not reach the assistant: the answer is one text.
    ///
    /// # Errors
    /// None that is known of: a text can be written as JSON.
    pub fn reply_text(text: &str) -> Result<Self> {
        Self::reply(&serde_json::json!({
            "output": {"generic": [{"response_type": "text", "text": text}]}
        }))
    }
}

/// What a plugin's function over messages may return.
pub trait IntoDecision {
    /// The decision, given the payload as the function left it.
    ///
    /// # Errors
    /// [`Failure`](crate::Failure), as the function itself might have.
    fn into_decision(self, payload: &Payload<'_>) -> Result<Decision>;
}

/// The message goes on, with what `()` and an [`Outcome`] mean everywhere.
impl<O: IntoOutcome> IntoDecision for O {
    fn into_decision(self, payload: &Payload<'_>) -> Result<Decision> {
        Ok(Decision::Pass(self.into_outcome(payload)?))
    }
}

impl IntoDecision for Decision {
    fn into_decision(self, _: &Payload<'_>) -> Result<Decision> {
        Ok(self)
    }
}

/// Runs a plugin's function on what the host passes.
pub fn decide<S: StageSettings, D: IntoDecision>(
    function: impl Fn(&Invocation<S>, &mut Payload<'_>) -> Result<D>,
    invocation: guest::Invocation,
    payload: String,
) -> Result<guest::Decision, guest::Failure> {
    let decision = Invocation::from_host(invocation)
        .and_then(|invocation| run(function, &invocation, &payload));
    match decision {
        Ok(decision) => Ok(decision.into()),
        Err(failure) => Err(failure.into()),
    }
}

/// Runs a plugin's function over a payload that is known to be JSON.
pub(crate) fn run<S, D: IntoDecision>(
    function: impl Fn(&Invocation<S>, &mut Payload<'_>) -> Result<D>,
    invocation: &Invocation<S>,
    payload: &str,
) -> Result<Decision> {
    let mut payload = Payload::of_checked(payload);
    function(invocation, &mut payload)?.into_decision(&payload)
}

impl From<Decision> for bindings::Decision {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Pass(outcome) => Self::Pass(outcome.into()),
            Decision::Reply(json) => Self::Reply(json),
        }
    }
}
