//! The way of a request, from its head to its answer. It reads straight down.

mod body;
mod open;

pub use body::RequestBody;

use crate::event::{Event, EventError, EventKind};
use crate::fairness::BodyMemory;
use crate::gate::Closed;
use crate::outcome::Fault;
use crate::pipeline::Transformed;
use crate::respond::{self, REQUEST_ID, Rejection};
use crate::snapshot::{Assistant, Snapshot};
use crate::throttle::Throttle;
use body::Unread;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use http_body_util::Full;
use open::OpenRequest;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::Instrument;

/// How many header fields a request may have. hyper has the same limit for HTTP/1.
const MOST_FIELDS: usize = 100;

/// Of the lines about callers that are not let in: strangers can cause any number of them.
static REFUSALS: Throttle = Throttle::new();

/// Answers one request.
pub async fn handle<B>(
    snapshot: &Arc<Snapshot>,
    stopping: bool,
    request: Request<B>,
) -> Response<Full<Bytes>>
where
    B: RequestBody,
{
    let arrival = Instant::now();
    let request_id = request_id(request.headers());
    let assistant = webhook_name(request.uri().path()).and_then(|name| snapshot.assistant(name));
    let span = tracing::error_span!(
        "request",
        request_id = request_id.as_ref(),
        tenant = assistant.map(|assistant| assistant.tenant.name()),
        assistant = assistant.map(|assistant| assistant.name.as_ref()),
    );
    let id = request_id.clone();
    async move {
        let mut open = OpenRequest {
            metrics: &snapshot.metrics,
            assistant: assistant.map(|assistant| &assistant.name),
            tenant: assistant.map(|assistant| assistant.tenant.as_ref()),
            arrival,
            answered: false,
        };
        let answer = answer(snapshot, stopping, request, arrival, &id).await;
        open.tell(&answer);
        let mut response = answer.unwrap_or_else(|rejection| rejection.into_response(&id));
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        response
    }
    .instrument(span)
    .await
}

async fn answer<B>(
    snapshot: &Arc<Snapshot>,
    stopping: bool,
    request: Request<B>,
    arrival: Instant,
    request_id: &str,
) -> Result<Response<Full<Bytes>>, Rejection>
where
    B: RequestBody,
{
    let (head, body) = request.into_parts();
    let body = Unread::new(body, &head.headers);
    match destination(snapshot, stopping, &head, arrival).await {
        Ok(Destination::Webhook(assistant)) => {
            webhook(snapshot, assistant, body, arrival, request_id).await
        }
        Ok(Destination::Word(word)) => {
            body.discard().await;
            Ok(respond::word(word))
        }
        Err(rejection) => {
            body.discard().await;
            Err(rejection)
        }
    }
}

/// What a request is for.
enum Destination<'a> {
    /// The webhook of an assistant, which is the caller.
    Webhook(&'a Assistant),
    /// A word for a load balancer.
    Word(&'static str),
}

/// Decides by the head alone, so that a stranger's body is not kept in memory.
async fn destination<'a>(
    snapshot: &'a Snapshot,
    stopping: bool,
    head: &Parts,
    arrival: Instant,
) -> Result<Destination<'a>, Rejection> {
    let limit = snapshot.server.head_bytes;
    if head_bytes(head) > limit || head.headers.len() > MOST_FIELDS {
        return Err(Rejection::HeadTooLarge(limit));
    }
    match head.uri.path() {
        "/healthz" => {
            only(&head.method, &[Method::GET, Method::HEAD], "GET, HEAD")?;
            Ok(Destination::Word("ok\n"))
        }
        "/readyz" => {
            only(&head.method, &[Method::GET, Method::HEAD], "GET, HEAD")?;
            if stopping {
                return Err(Rejection::Stopping);
            }
            Ok(Destination::Word("ready\n"))
        }
        path => {
            let name = webhook_name(path).ok_or(Rejection::NoSuchPath)?;
            only(&head.method, &[Method::POST], "POST")?;
            let admitted = admit(snapshot, name, &head.headers, arrival).await;
            admitted.map(Destination::Webhook)
        }
    }
}

/// The assistant that a path names.
fn webhook_name(path: &str) -> Option<&str> {
    let name = path.strip_prefix("/webhooks/")?;
    (!name.is_empty() && !name.contains('/')).then_some(name)
}

/// A head's size as HTTP/1.1 writes it.
fn head_bytes(head: &Parts) -> usize {
    let target = head.uri.path_and_query().map_or(0, |it| it.as_str().len());
    let line = head.method.as_str().len() + target + "  HTTP/1.1\r\n\r\n".len();
    let fields = head.headers.iter();
    line + fields
        .map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len())
        .sum::<usize>()
}

fn only(method: &Method, allowed: &[Method], names: &'static str) -> Result<(), Rejection> {
    if allowed.contains(method) {
        Ok(())
    } else {
        Err(Rejection::WrongMethod(names))
    }
}

/// The assistant of that name, if the caller is it. The caller's right comes before
/// anything else, so that nobody else learns anything.
async fn admit<'a>(
    snapshot: &'a Snapshot,
    name: &str,
    headers: &HeaderMap,
    arrival: Instant,
) -> Result<&'a Assistant, Rejection> {
    let assistant = snapshot.assistant(name);
    let timeout = assistant.map_or(Duration::ZERO, |assistant| assistant.timeout);
    let admitted = snapshot.gate(name).admit(headers, arrival + timeout).await;
    let Some(assistant) = assistant else {
        let name: String = name.chars().take(64).collect();
        let words = "refused: there is no assistant of this name";
        log_refusal(snapshot, None, "no-such-assistant", words, || name);
        return Err(Rejection::NotVerified);
    };
    if let Err(closed) = admitted {
        let (words, rejection) = match closed {
            Closed::Refused(_) => (
                "refused: the caller is not the assistant",
                Rejection::NotVerified,
            ),
            Closed::Unknown { wait, .. } => (
                "refused: nobody can tell whether the caller is the assistant",
                Rejection::NotVerifiable(wait),
            ),
        };
        let reason = || closed.to_string();
        log_refusal(
            snapshot,
            Some(&assistant.name),
            closed.kind(),
            words,
            reason,
        );
        return Err(rejection);
    }
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(Rejection::Encoded);
    }
    if !is_json(headers) {
        return Err(Rejection::NotDeclaredJson);
    }
    Ok(assistant)
}

/// Counts a caller that is not let in, and logs it at most once a second of each kind.
fn log_refusal(
    snapshot: &Snapshot,
    assistant: Option<&Arc<str>>,
    kind: &'static str,
    words: &'static str,
    // As a string field, so that the log's format escapes it. It is made only where the
    // line is written.
    reason: impl FnOnce() -> String,
) {
    let network = &snapshot.metrics.network;
    network.authentication_failures(assistant, kind).inc();
    match REFUSALS.admit(kind) {
        Some(left_out) => {
            tracing::warn!(kind, reason = reason().as_str(), left_out, "{words}");
        }
        None => tracing::debug!(kind, reason = reason().as_str(), "{words}"),
    }
}

/// Whether the content type is JSON, parameters aside. There has to be exactly one.
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let only = types.next().filter(|_| types.next().is_none());
    only.and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// Reads the body of a caller who is the assistant, transforms the payload in it,
/// and answers with the body. Where nobody waits, it answers first.
async fn webhook<B>(
    snapshot: &Arc<Snapshot>,
    assistant: &Assistant,
    body: Unread<B>,
    arrival: Instant,
    request_id: &str,
) -> Result<Response<Full<Bytes>>, Rejection>
where
    B: RequestBody,
{
    if assistant.fails_without_slot()
        && let Some(refusal) = assistant.tenant.refusal()
    {
        body.discard().await;
        return Err(Rejection::Refused(refusal));
    }
    let mut memory = BodyMemory::of(&assistant.tenant);
    let read = body.read(snapshot.server.body_bytes, &mut memory);
    let within = snapshot.server.body_timeout.min(assistant.timeout);
    let body = tokio::time::timeout_at((arrival + within).into(), read)
        .await
        .map_err(|_| Rejection::BodyTooSlow(within))??;
    let event = find(assistant, &body)?;
    if event.kind.is_logged() {
        let body = (&body, memory);
        observe(snapshot, assistant, &event, body, arrival, request_id)?;
        return Ok(respond::accepted());
    }
    let response = match transform(assistant, &event, arrival, request_id).await {
        Ok(Transformed::Unchanged) => respond::body(body),
        Ok(Transformed::Payload(payload)) => respond::body(event.with_payload(&payload).into()),
        Ok(Transformed::Reply(reply)) => respond::reply(reply),
        Err(fault) => return Err(Rejection::Fault(fault)),
    };
    Ok(respond::keeping(memory, response))
}

/// The event in a body. An object without one is for whoever has a pipeline for dialogs.
fn find<'b>(assistant: &Assistant, body: &'b [u8]) -> Result<Event<'b>, EventError> {
    if assistant.pipeline(EventKind::Dialog).is_some() {
        Event::find_with_dialog(body)
    } else {
        Event::find(body)
    }
}

/// Runs the assistant's pipeline for the event, if it has one.
async fn transform(
    assistant: &Assistant,
    event: &Event<'_>,
    arrival: Instant,
    request_id: &str,
) -> Result<Transformed, Fault> {
    let run = assistant.run(event, arrival, request_id, |_, _| ());
    run.await
        .map_or(Ok(Transformed::Unchanged), |run| run.result)
}

/// Has an event looked at that nobody waits for, after its answer.
fn observe(
    snapshot: &Arc<Snapshot>,
    assistant: &Assistant,
    event: &Event<'_>,
    (body, memory): (&Bytes, BodyMemory),
    arrival: Instant,
    request_id: &str,
) -> Result<(), Rejection> {
    if assistant.pipeline(event.kind).is_none() {
        return Ok(());
    }
    let place = Arc::clone(&assistant.observations).try_acquire_owned();
    let place = place.map_err(|_| Rejection::TooManyObservations)?;
    let name = Arc::clone(&assistant.name);
    let (of, body, request_id) = (Arc::clone(snapshot), body.clone(), request_id.to_owned());
    let observation = async move {
        let _kept = (place, memory);
        // Both have been found before.
        if let Some(assistant) = of.assistant(&name)
            && let Ok(event) = find(assistant, &body)
        {
            // What went wrong is in the log.
            let _ = transform(assistant, &event, arrival, &request_id).await;
        }
    };
    snapshot.background.spawn(observation.in_current_span());
    Ok(())
}

/// The caller's own id where it is fit for a log line and a header, or a new one.
fn request_id(headers: &HeaderMap) -> Cow<'static, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| (1..=128).contains(&id.len()) && id.chars().all(plain))
        .map_or_else(
            || uuid::Uuid::now_v7().to_string().into(),
            |id| id.to_owned().into(),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_a_sane_request_id_and_replaces_any_other() {
        let with = |id: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_bytes(id).unwrap());
            request_id(&headers)
        };
        assert_eq!(with(b"abc-1:2_3.4"), "abc-1:2_3.4");
        for other in [
            &b""[..],
            b"a b",
            b"a\tb",
            b"\xff",
            &[b'a'; 129],
            b"<script>",
        ] {
            assert_eq!(with(other).len(), 36, "{other:?}");
        }
    }
}
