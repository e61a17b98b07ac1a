//! Running a plugin's function in an ordinary `cargo test`, without a host.
//!
//! ```
//! # use retort_sdk::{Invocation, Result, Text, testing::Call};
//! # fn transform(_: &Invocation, text: &Text) -> Result<String> { Ok(format!("{text}!")) }
//! let made = Call::new().tenant("acme").text(transform, "Hello").unwrap();
//! assert_eq!(made.as_deref(), Some("Hello!"));
//! ```
//!
//! What a host would grant is what the [`Call`] gives: a function in the place of the
//! network ([`Call::http`]), a [`Store`] ([`Call::keyvalue`]), settings
//! ([`Call::config`]); and what the plugin logs is in [`Call::logged`].

mod requests;
mod services;
mod texts;

pub use services::Store;
pub(crate) use services::services;

use serde::Serialize;

use crate::{
    Failure, IntoOutcome, Invocation, Outcome, Payload, Result, StageSettings, bindings,
    export::run,
};

/// A call as the host would make it.
#[derive(Clone, Debug)]
pub struct Call {
    invocation: bindings::Invocation,
    services: services::Services,
}

impl Default for Call {
    fn default() -> Self {
        Self::new()
    }
}

impl Call {
    /// A call of the event `message_processed` for the assistant `assistant` of the
    /// tenant `tenant`, without settings and options, with 10 s left.
    pub fn new() -> Self {
        Self {
            invocation: bindings::Invocation {
                tenant: "tenant".to_owned(),
                assistant: "assistant".to_owned(),
                request_id: "test".to_owned(),
                event: "message_processed".to_owned(),
                options: "{}".to_owned(),
                settings: "{}".to_owned(),
                milliseconds_left: 10_000,
            },
            services: services::Services::default(),
        }
    }

    /// With these settings of the stage, an object: a `serde_json::json!`, a struct, a map.
    /// What cannot be written as JSON fails when the call is run.
    #[must_use]
    pub fn settings(mut self, settings: impl Serialize) -> Self {
        self.invocation.settings = serde_json::to_string(&settings).unwrap_or_default();
        self
    }

    /// With these `options` in the webhook's envelope, an object. What cannot be written
    /// as JSON fails when the plugin reads it.
    #[must_use]
    pub fn options(mut self, options: impl Serialize) -> Self {
        self.invocation.options = serde_json::to_string(&options).unwrap_or_default();
        self
    }

    /// For another tenant.
    #[must_use]
    pub fn tenant(mut self, tenant: &str) -> Self {
        tenant.clone_into(&mut self.invocation.tenant);
        self
    }

    /// For another assistant.
    #[must_use]
    pub fn assistant(mut self, assistant: &str) -> Self {
        assistant.clone_into(&mut self.invocation.assistant);
        self
    }

    /// Of another event.
    #[must_use]
    pub fn event(mut self, event: &str) -> Self {
        event.clone_into(&mut self.invocation.event);
        self
    }

    /// With this much time left, in milliseconds.
    #[must_use]
    pub fn milliseconds_left(mut self, milliseconds: u32) -> Self {
        self.invocation.milliseconds_left = milliseconds;
        self
    }

    /// What a plugin's function would be given, to call it directly.
    ///
    /// # Errors
    /// [`Failure::Failed`] if the settings are not of the type `S`.
    pub fn invocation<S: StageSettings>(&self) -> Result<Invocation<S>> {
        Invocation::from_host(self.invocation.clone())
    }

    /// Runs a plugin's function over a payload, and returns what the host would get.
    ///
    /// # Errors
    /// [`Failure`], as the host would get it, also if the payload is not JSON.
    pub fn outcome<S: StageSettings, O: IntoOutcome>(
        &self,
        function: impl Fn(&Invocation<S>, &mut Payload<'_>) -> Result<O>,
        payload: &str,
    ) -> Result<Outcome> {
        retort_json::check(payload)?;
        let invocation = self.invocation()?;
        self.services.within(|| run(function, &invocation, payload))
    }

    /// Runs a plugin's function over a payload, and returns the payload that the host
    /// would make of its outcome.
    ///
    /// # Errors
    /// [`Failure`], as the host would get it, and [`Failure::Failed`] if the payload is
    /// not JSON or the outcome cannot be applied to it.
    pub fn result<S: StageSettings, O: IntoOutcome>(
        &self,
        function: impl Fn(&Invocation<S>, &mut Payload<'_>) -> Result<O>,
        payload: &str,
    ) -> Result<String> {
        applied(self.outcome(function, payload)?, payload)
    }
}

/// The payload that the host makes of an outcome.
fn applied(outcome: Outcome, payload: &str) -> Result<String> {
    Ok(match outcome {
        Outcome::Unchanged => payload.to_owned(),
        Outcome::Replaced(json) => match retort_json::check(&json)? {
            retort_json::Kind::Object => json,
            other => return Err(Failure::failed(format!("replaced by {other}"))),
        },
        Outcome::MergePatch(patch) => retort_json::merge_patch(payload, &patch)?,
        Outcome::JsonPatch(patch) => retort_json::json_patch(payload, &patch)?,
    })
}

/// The example in a plugin's README, so that a test can say that it is true: the payload
/// before and after, which are its two blocks of JSON.
///
/// # Errors
/// [`Failure::Failed`] if there are not two such blocks.
pub fn example(readme: &str) -> Result<[&str; 2]> {
    let blocks = readme.split("```");
    let blocks: Vec<_> = blocks
        .filter_map(|block| block.strip_prefix("json\n"))
        .collect();
    match blocks[..] {
        [before, after] => Ok([before, after]),
        _ => {
            let count = blocks.len();
            Err(Failure::failed(format!(
                "a README with an example has two blocks that begin with ```json, and this one {count}"
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use serde_json::json;

    use super::*;

    const PAYLOAD: &str = r#"{"a": 1.0, "b": [ ]}"#;

    fn result(outcome: Outcome) -> Result<String> {
        let function = |_: &Invocation, _: &mut Payload<'_>| Ok(outcome.clone());
        Call::new().result(function, PAYLOAD)
    }

    #[test]
    fn an_outcome_is_applied_as_the_host_does() {
        assert_eq!(result(Outcome::Unchanged).as_deref(), Ok(PAYLOAD));
        let replaced = Outcome::replaced(&json!({"c": 2})).unwrap();
        assert_eq!(result(replaced).as_deref(), Ok(r#"{"c":2}"#));
        let merged = Outcome::merge_patch(&json!({"b": null})).unwrap();
        assert_eq!(result(merged).as_deref(), Ok(r#"{"a":1.0}"#));
        let patch = json!([{"op": "add", "path": "/b/-", "value": 1}]);
        let patched = Outcome::json_patch(&patch).unwrap();
        assert_eq!(result(patched).as_deref(), Ok(r#"{"a":1.0,"b":[1]}"#));
        for wrong in ["[]", "{", ""] {
            assert!(result(Outcome::Replaced(wrong.to_owned())).is_err());
        }
        assert!(result(Outcome::JsonPatch("{}".to_owned())).is_err());
    }

    #[test]
    fn the_function_sees_the_call() {
        let call = Call::new()
            .tenant("acme")
            .assistant("help")
            .event("e")
            .settings(json!({"x": 1}))
            .options(json!({"y": 2}))
            .milliseconds_left(1_500);
        let invocation: Invocation<BTreeMap<String, u8>> = call.invocation().unwrap();
        assert_eq!(invocation.tenant, "acme");
        assert_eq!(invocation.assistant, "help");
        assert_eq!(invocation.event, "e");
        assert_eq!(invocation.settings["x"], 1);
        assert_eq!(invocation.time_left, Duration::from_millis(1_500));
        let options: BTreeMap<&str, u8> = invocation.options().unwrap();
        assert_eq!(options["y"], 2);
        assert!(invocation.options::<Vec<u8>>().is_err());
        assert!(call.invocation::<crate::NoSettings>().is_err());
    }

    #[test]
    fn an_example_is_two_blocks_of_json() {
        let readme = "# a\n```json\n{}\n```\n```toml\n```\nand\n\n```json\n[]\n```\n";
        assert_eq!(example(readme), Ok(["{}\n", "[]\n"]));
        assert!(example("```json\n{}\n```").is_err());
    }

    #[test]
    fn edits_that_end_in_a_failure_or_in_unchanged_do_not_count() {
        fn fails(_: &Invocation, payload: &mut Payload<'_>) -> Result<()> {
            payload.document_mut().root().set(&1)?;
            Err(Failure::not_for_me("no"))
        }
        fn thinks_better_of_it(_: &Invocation, payload: &mut Payload<'_>) -> Result<Outcome> {
            payload.document_mut().root().set(&1)?;
            Ok(Outcome::Unchanged)
        }
        let call = Call::new();
        let failure = call.outcome(fails, PAYLOAD).unwrap_err();
        assert_eq!(failure, Failure::not_for_me("no"));
        let outcome = call.outcome(thinks_better_of_it, PAYLOAD);
        assert_eq!(outcome, Ok(Outcome::Unchanged));
    }
}
