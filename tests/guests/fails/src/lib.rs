//! Fails by its own word, which should become the fault "failed by its own word",
//! with the message in the operator's log and never in the answer.
//!
//! Settings: `how` is `failed` (the default), `not-for-me` or `service-failed`;
//! `message` is the message, empty where it is absent.

use bare::{Answer, Failure, Invocation, Settings};

bare::guest!(transform);

fn transform(invocation: Invocation, _payload: String) -> Answer {
    let settings = Settings::of(&invocation);
    let message = settings.text("message").unwrap_or_default();
    Err(match settings.how().as_str() {
        "not-for-me" => Failure::NotForMe(message),
        "service-failed" => Failure::ServiceFailed(message),
        "" | "failed" => Failure::Failed(message),
        other => bare::unknown!(other),
    })
}
