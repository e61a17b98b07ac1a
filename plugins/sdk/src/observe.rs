//! From a function that only looks to a component.

use crate::{Invocation, Payload, Result, StageSettings, bindings::guest};

/// Makes a component of a function `fn(&Invocation<Settings>, &Payload) -> Result<()>`,
/// which is called with what the assistant logs. Nobody waits for it.
///
/// The rest is as with [`export!`](macro@crate::export), beside which it may stand.
#[macro_export]
macro_rules! export_observer {
    ($observe:path) => {
        const _: () = {
            struct Plugin;

            impl $crate::guest::observer::exports::retort::transform::observe_event::Guest
                for Plugin
            {
                fn observe(
                    invocation: $crate::guest::Invocation,
                    payload: ::std::string::String,
                ) -> ::std::result::Result<(), $crate::guest::Failure> {
                    $crate::guest::observe($observe, invocation, payload)
                }
            }

            #[cfg(target_family = "wasm")]
            $crate::guest::export_observer_component!(Plugin with_types_in $crate::guest::observer);
        };
    };
}

/// Runs a plugin's function on what the host passes.
pub fn observe<S: StageSettings>(
    function: impl Fn(&Invocation<S>, &Payload<'_>) -> Result<()>,
    invocation: guest::Invocation,
    payload: String,
) -> Result<(), guest::Failure> {
    let seen = Invocation::from_host(invocation)
        .and_then(|invocation| function(&invocation, &Payload::of_checked(&payload)));
    Ok(seen?)
}
