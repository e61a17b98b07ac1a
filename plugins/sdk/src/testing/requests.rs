//! Calls of functions over messages, and of those that only look.

use super::{Call, applied};
use crate::{
    Decision, Failure, IntoDecision, Invocation, Payload, Result, StageSettings, request::run,
};

impl Call {
    /// Runs a plugin's function over a message, and returns what the host would get.
    /// Give the call the event `message_received` if the function looks at it.
    ///
    /// # Errors
    /// [`Failure`], as the host would get it, also if the payload is not JSON.
    pub fn decision<S: StageSettings, D: IntoDecision>(
        &self,
        function: impl Fn(&Invocation<S>, &mut Payload<'_>) -> Result<D>,
        payload: &str,
    ) -> Result<Decision> {
        retort_json::check(payload)?;
        let invocation = self.invocation()?;
        self.services.within(|| run(function, &invocation, payload))
    }

    /// Runs a plugin's function over a message, and returns the message that goes on.
    ///
    /// # Errors
    /// [`Failure`], as the host would get it, and [`Failure::Failed`] if the payload is
    /// not JSON, the outcome cannot be applied to it, or there is a reply instead.
    pub fn passed<S: StageSettings, D: IntoDecision>(
        &self,
        function: impl Fn(&Invocation<S>, &mut Payload<'_>) -> Result<D>,
        payload: &str,
    ) -> Result<String> {
        match self.decision(function, payload)? {
            Decision::Pass(outcome) => applied(outcome, payload),
            Decision::Reply(_) => Err(Failure::failed("the message was replied to")),
        }
    }

    /// Runs a plugin's function that only looks over a payload.
    ///
    /// # Errors
    /// [`Failure`], as the host would get it, also if the payload is not JSON.
    pub fn observe<S: StageSettings>(
        &self,
        function: impl Fn(&Invocation<S>, &Payload<'_>) -> Result<()>,
        payload: &str,
    ) -> Result<()> {
        retort_json::check(payload)?;
        let invocation = self.invocation()?;
        let payload = Payload::of_checked(payload);
        self.services.within(|| function(&invocation, &payload))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Outcome, log};

    const MESSAGE: &str = r#"{"input": {"text": "hi"}}"#;

    #[test]
    fn a_message_goes_on_or_is_replied_to() {
        fn passes(_: &Invocation, message: &mut Payload<'_>) -> Result<()> {
            message.write("/input/text", "ho")
        }
        fn decides(_: &Invocation, message: &mut Payload<'_>) -> Result<Decision> {
            match message.read::<String>("/input/text")?.as_deref() {
                Some("hi") => Decision::reply_text("Hello!"),
                _ => Ok(Decision::Pass(Outcome::Unchanged)),
            }
        }
        let call = Call::new().event("message_received");
        let passed = call.passed(passes, MESSAGE);
        assert_eq!(passed.as_deref(), Ok(r#"{"input":{"text":"ho"}}"#));
        let reply = r#"{"output":{"generic":[{"response_type":"text","text":"Hello!"}]}}"#;
        assert_eq!(
            call.decision(decides, MESSAGE),
            Ok(Decision::Reply(reply.to_owned()))
        );
        assert!(call.passed(decides, MESSAGE).is_err());
        assert_eq!(call.passed(decides, "{}").as_deref(), Ok("{}"));
    }

    #[test]
    fn what_is_logged_is_only_looked_at() {
        fn sees(invocation: &Invocation, payload: &Payload<'_>) -> Result<()> {
            log::debug(&invocation.event);
            payload.read::<u8>("/input/text").map(drop)
        }
        let call = Call::new().event("message_logged");
        assert_eq!(call.observe(sees, "{}"), Ok(()));
        assert!(call.observe(sees, MESSAGE).is_err());
        assert!(call.observe(sees, "{").is_err());
        assert_eq!(call.logged(), ["debug: message_logged"; 2]);
    }
}
