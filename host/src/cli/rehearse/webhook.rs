//! A webhook as the assistant sees it: it is called with a payload, and something comes.

use super::message::Message;
use crate::cli::delivery::{Answer, Delivery, verdict};
use crate::cli::json_input::webhook_body;
use crate::event::{Event, EventKind, check_reply};
use crate::pipeline::{Run, Stage, StageReport, Transformed};
use crate::respond::Rejection;
use crate::snapshot::Assistant;
use anyhow::Context;
use bytes::Bytes;
use http::{StatusCode, Uri};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::time::Instant;

/// Where both webhooks of the assistant are.
pub(super) enum Webhook<'a> {
    /// In this process, without a server.
    Here(Box<Assistant>),
    /// At a server.
    There { url: Uri, delivery: &'a Delivery },
}

/// One call of a webhook.
pub(super) struct Called {
    pub(super) event: EventKind,
    /// JSON text of an object.
    pub(super) payload: String,
    /// Those that were reached; none where the webhook is elsewhere.
    pub(super) stages: Vec<Staged>,
    pub(super) came: Came,
}

/// One stage of a call.
pub(super) struct Staged {
    pub(super) report: StageReport,
    /// The payload before it.
    pub(super) before: String,
    /// What it made of it; nothing where it ended the call with a fault.
    pub(super) after: Option<String>,
}

/// What the assistant makes of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Came {
    /// The payload takes the place of the one that was sent.
    Payload(String),
    /// It is the answer to the user, and the assistant is skipped.
    Reply(String),
    /// It is an error, in the vendor's words.
    Error(String),
}

impl<'a> Webhook<'a> {
    pub(super) fn here(assistant: Assistant) -> Self {
        Self::Here(Box::new(assistant))
    }

    /// That of an assistant at a server's address.
    pub(super) fn at(url: &Uri, assistant: &str, delivery: &'a Delivery) -> anyhow::Result<Self> {
        let base = url.to_string();
        let url = format!("{}/webhooks/{assistant}", base.trim_end_matches('/'));
        let url = url
            .parse()
            .with_context(|| format!("{url} cannot be a URL"))?;
        Ok(Self::There { url, delivery })
    }

    /// Calls it with the payload of an event.
    pub(super) async fn call(&self, event: EventKind, payload: &str) -> anyhow::Result<Called> {
        let body = webhook_body(event, payload);
        let (answer, stages) = match self {
            Self::Here(assistant) => run(assistant, &body).await?,
            Self::There { url, delivery } => (delivery.send(url, body).await?, Vec::new()),
        };
        Ok(Called {
            event,
            payload: payload.to_owned(),
            stages,
            came: came(event, &answer),
        })
    }
}

/// Runs an assistant's pipeline over a body, and answers as a server would.
async fn run(assistant: &Assistant, body: &str) -> anyhow::Result<(Answer, Vec<Staged>)> {
    let event = Event::find(body.as_bytes())?;
    let complete = |status, is_reply, body: String| Answer::Complete {
        status,
        is_reply,
        body: Bytes::from(body),
    };
    let mut before = Vec::new();
    let watch = |_: &Stage, payload: &str| before.push(payload.to_owned());
    let run = assistant.run(&event, Instant::now(), "rehearse", watch);
    let Some(run) = run.await else {
        // What is not configured comes back as it is.
        return Ok((complete(StatusCode::OK, false, body.to_owned()), Vec::new()));
    };
    let answer = match &run.result {
        Ok(Transformed::Unchanged) => complete(StatusCode::OK, false, body.to_owned()),
        Ok(Transformed::Payload(payload)) => {
            complete(StatusCode::OK, false, event.with_payload(payload))
        }
        Ok(Transformed::Reply(reply)) => complete(StatusCode::OK, true, reply.clone()),
        Err(fault) => {
            let status = Rejection::Fault(fault.clone()).status();
            complete(status, false, String::new())
        }
    };
    Ok((answer, staged(run, before, event.payload())))
}

/// The stages with the payloads between them.
fn staged(run: Run, before: Vec<String>, payload: &str) -> Vec<Staged> {
    let last = match run.result {
        Ok(Transformed::Unchanged) => Some(payload.to_owned()),
        Ok(Transformed::Payload(text) | Transformed::Reply(text)) => Some(text),
        Err(_) => None,
    };
    let after = before.iter().skip(1).cloned().map(Some).chain([last]);
    let after: Vec<_> = after.collect();
    run.stages
        .into_iter()
        .zip(before)
        .zip(after)
        .map(|((report, before), after)| Staged {
            report,
            before,
            after,
        })
        .collect()
}

/// What the assistant makes of an answer: the vendor's table of errors.
fn came(event: EventKind, answer: &Answer) -> Came {
    let not_valid = || Came::Error("422 Error validating webhook response".to_owned());
    if let Err(error) = verdict(answer) {
        return Came::Error(error);
    }
    let Answer::Complete { is_reply, body, .. } = answer else {
        return not_valid();
    };
    // Whatever the assistant takes is JSON.
    let text = String::from_utf8_lossy(body).into_owned();
    if *is_reply && event == EventKind::MessageReceived {
        return match check_reply(&text) {
            Ok(()) => Came::Reply(text),
            Err(_) => not_valid(),
        };
    }
    #[derive(Deserialize)]
    struct Body<'b> {
        #[serde(borrow)]
        payload: &'b RawValue,
    }
    let payload = serde_json::from_str(&text).map(|body: Body<'_>| body.payload.get().to_owned());
    let fits = |payload: &String| match event {
        EventKind::MessageReceived => Message::find(payload).is_some(),
        _ => payload.starts_with('{'),
    };
    payload
        .ok()
        .filter(fits)
        .map_or_else(not_valid, Came::Payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(event: EventKind, status: u16, is_reply: bool, body: &str) -> Came {
        let status = StatusCode::from_u16(status).unwrap();
        let body = Bytes::copy_from_slice(body.as_bytes());
        came(
            event,
            &Answer::Complete {
                status,
                is_reply,
                body,
            },
        )
    }

    #[test]
    fn an_answer_is_taken_as_the_vendor_documents_it() {
        use EventKind::{MessageProcessed, MessageReceived};
        let payload = |text: &str| Came::Payload(text.to_owned());
        let error = |text: &str| Came::Error(text.to_owned());
        let invalid = "422 Error validating webhook response";
        let reply = r#"{"output":{"generic":[]}}"#;
        for (event, status, is_reply, body, expected) in [
            (
                MessageReceived,
                200,
                false,
                r#"{"payload": {"input":{}}}"#,
                payload(r#"{"input":{}}"#),
            ),
            (
                MessageReceived,
                200,
                false,
                r#"{"payload":{"input":7}}"#,
                error(invalid),
            ),
            (MessageReceived, 200, false, "{}", error(invalid)),
            (MessageReceived, 200, false, "7", error(invalid)),
            (
                MessageReceived,
                200,
                true,
                reply,
                Came::Reply(reply.to_owned()),
            ),
            (MessageReceived, 200, true, "{}", error(invalid)),
            (
                MessageProcessed,
                200,
                false,
                r#"{"payload":{"output":1}}"#,
                payload(r#"{"output":1}"#),
            ),
            (
                MessageProcessed,
                200,
                false,
                r#"{"payload":[]}"#,
                error(invalid),
            ),
            (
                MessageProcessed,
                200,
                false,
                "<html>",
                error("422 Webhook responded with invalid JSON body"),
            ),
            (
                MessageProcessed,
                503,
                false,
                "{}",
                error("422 Webhook responded with [503] status code"),
            ),
        ] {
            assert_eq!(after(event, status, is_reply, body), expected, "{body}");
        }
        let gone = came(MessageReceived, &Answer::NoConnection("gone".to_owned()));
        assert_eq!(gone, error("500 Processor Exception (gone)"));
    }
}
