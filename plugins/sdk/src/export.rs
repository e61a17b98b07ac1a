//! From a plugin's function to a component.

use crate::{
    IntoOutcome, Invocation, Payload, Result, StageSettings,
    bindings::{self, guest},
};

/// Makes a component of a function
/// `fn(&Invocation<Settings>, &mut Payload) -> Result<impl IntoOutcome>`.
///
/// The plugin's crate needs `crate-type = ["cdylib"]` for that, and to be built for
/// `wasm32-wasip2`. On every other target nothing is exported, so that the crate's
/// tests are ordinary ones.
#[macro_export]
macro_rules! export {
    ($transform:path) => {
        const _: () = {
            struct Plugin;

            impl $crate::guest::response::exports::retort::transform::transform_response::Guest
                for Plugin
            {
                fn transform(
                    invocation: $crate::guest::Invocation,
                    payload: ::std::string::String,
                ) -> ::std::result::Result<$crate::guest::Outcome, $crate::guest::Failure> {
                    $crate::guest::transform($transform, invocation, payload)
                }
            }

            #[cfg(target_family = "wasm")]
    $crate::guest::export_response_component!(Plugin with_types_in $crate::guest::response);
        };
    };
}

/// Runs a plugin's function on what the host passes.
pub fn transform<S: StageSettings, O: IntoOutcome>(
    function: impl Fn(&Invocation<S>, &mut Payload<'_>) -> Result<O>,
    invocation: guest::Invocation,
    payload: String,
) -> Result<guest::Outcome, guest::Failure> {
    let outcome = Invocation::from_host(invocation)
        .and_then(|invocation| run(function, &invocation, &payload));
    match outcome {
        Ok(outcome) => Ok(outcome.into()),
        Err(failure) => Err(failure.into()),
    }
}

/// Runs a plugin's function over a payload that is known to be JSON.
pub(crate) fn run<S, O: IntoOutcome>(
    function: impl Fn(&Invocation<S>, &mut Payload<'_>) -> Result<O>,
    invocation: &Invocation<S>,
    payload: &str,
) -> Result<crate::Outcome> {
    let mut payload = Payload::of_checked(payload);
    function(invocation, &mut payload)?.into_outcome(&payload)
}

impl From<crate::Outcome> for bindings::Outcome {
    fn from(outcome: crate::Outcome) -> Self {
        match outcome {
            crate::Outcome::Unchanged => Self::Unchanged,
            crate::Outcome::Replaced(json) => Self::Replaced(json),
            crate::Outcome::MergePatch(json) => Self::MergePatch(json),
            crate::Outcome::JsonPatch(json) => Self::JsonPatch(json),
        }
    }
}
