//! The one place where what happened becomes an HTTP answer. What a caller sees
//! says what it can do about it and nothing about the inside.

use crate::event::EventError;
use crate::fairness::{BodyMemory, Refusal};
use crate::outcome::Fault;
use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Body;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// Every answer carries it.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The vendor's header for a pre-message webhook that answers in the assistant's place.
pub const WEBHOOK_RETURN: HeaderName = HeaderName::from_static("x-watson-assistant-webhook-return");

/// Nobody is sent away for longer, in seconds: things change.
const MOST_RETRY: u64 = 3_600;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// Why a request has no transformed payload as its answer.
#[derive(Debug, thiserror::Error)]
pub enum Rejection {
    /// A path that means nothing here.
    #[error("there is nothing at this path; a webhook is at /webhooks/ASSISTANT")]
    NoSuchPath,
    /// A path that takes another method.
    #[error("this path takes {0} only")]
    WrongMethod(&'static str),
    /// The caller is not the assistant. The reason is for the log.
    #[error("the credentials are missing or wrong")]
    NotVerified,
    /// Nobody can tell now whether the caller is the assistant. When it may be worth
    /// trying again; the reason is for the log.
    #[error("the credentials cannot be verified now; try again")]
    NotVerifiable(Duration),
    /// The body is not declared as JSON.
    #[error("the content type has to be application/json")]
    NotDeclaredJson,
    /// The body is compressed or otherwise coded.
    #[error("a Content-Encoding is not understood; send the body as it is")]
    Encoded,
    /// The head is over the limit, which is given in bytes, or has too many fields.
    #[error("the head of the request is larger than {0} bytes, or has more than 100 fields")]
    HeadTooLarge(usize),
    /// The body is over the limit, which is given in bytes.
    #[error("the body is larger than {0} bytes")]
    BodyTooLarge(usize),
    /// The body did not arrive within the server's or the assistant's timeout, given here.
    #[error("the body did not arrive within {} ms", .0.as_millis())]
    BodyTooSlow(Duration),
    /// The connection ended or broke within the body.
    #[error("the body is incomplete")]
    BodyIncomplete,
    /// The body is no event that is served.
    #[error(transparent)]
    NotAnEvent(#[from] EventError),
    /// A stage whose policy is `fail` faulted. The fault is for the log.
    #[error("{}", of_fault(.0).1)]
    Fault(Fault),
    /// The tenant may not have another request now. The reason is for the log.
    #[error("too many answers are being transformed; try again")]
    Refused(Refusal),
    /// An event that nobody waits for, and as many are being looked at as may be.
    #[error("too many events of this assistant are being looked at; try again")]
    TooManyObservations,
    /// The server is about to stop.
    #[error("the server is stopping")]
    Stopping,
}

/// What a fault that ends a request is to the caller: a status, and what may be said.
fn of_fault(fault: &Fault) -> (StatusCode, &'static str) {
    match fault {
        Fault::TimedOut { .. } | Fault::DeadlineExceeded { .. } | Fault::CpuStarved { .. } => (
            StatusCode::GATEWAY_TIMEOUT,
            "the answer could not be transformed in time",
        ),
        Fault::HostFailed(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "a plugin of this assistant could not be run; try again",
        ),
        Fault::Unavailable(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "too many answers are being transformed; try again",
        ),
        Fault::Quarantined { .. } => (
            StatusCode::SERVICE_UNAVAILABLE,
            "a plugin of this assistant has failed too often; try again",
        ),
        Fault::FuelExhausted { .. }
        | Fault::MemoryRefused { .. }
        | Fault::TableRefused { .. }
        | Fault::Trapped(_)
        | Fault::OutputTooLarge { .. }
        | Fault::OutputNotJson(_)
        | Fault::ReplyNotAResponse(_)
        | Fault::PatchNotApplicable(_)
        | Fault::WroteOutsideView { .. }
        | Fault::TooManyTexts { .. }
        | Fault::RefusedByGuard(_)
        | Fault::TextsMismatch { .. }
        | Fault::Failed { .. } => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "a plugin of this assistant failed",
        ),
    }
}

impl Rejection {
    /// The README's table of statuses.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::WrongMethod(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotVerified => StatusCode::UNAUTHORIZED,
            Self::NotDeclaredJson | Self::Encoded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::HeadTooLarge(_) => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTooSlow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::BodyIncomplete | Self::NotAnEvent(_) => StatusCode::BAD_REQUEST,
            Self::Refused(_)
            | Self::TooManyObservations
            | Self::NotVerifiable(_)
            | Self::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            Self::Fault(fault) => of_fault(fault).0,
        }
    }

    /// When it is worth coming back after a 503, in seconds (RFC 9110, 10.2.3).
    fn retry_after(&self) -> u64 {
        let wait = match self {
            Self::Fault(Fault::Unavailable(refusal)) | Self::Refused(refusal) => refusal.wait(),
            Self::Fault(Fault::Quarantined { left }) | Self::NotVerifiable(left) => *left,
            _ => Duration::ZERO,
        };
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        seconds.clamp(1, MOST_RETRY)
    }

    /// A problem document (RFC 9457), with the headers that its status demands.
    #[must_use]
    pub fn into_response(self, request_id: &str) -> Response<Full<Bytes>> {
        #[derive(Serialize)]
        struct Problem<'a> {
            // The status says it all, which is what this type means (RFC 9457, 4.2.1).
            r#type: &'static str,
            title: &'a str,
            status: u16,
            detail: String,
            request_id: &'a str,
        }
        let status = self.status();
        let problem = Problem {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: self.to_string(),
            request_id,
        };
        // Strings and a number: there is nothing in it that JSON could not hold.
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let retry_after = self.retry_after();
        let mut response = answer(status, PROBLEM_JSON, body.into());
        let headers = response.headers_mut();
        match self {
            Self::WrongMethod(allowed) => {
                headers.insert(ALLOW, HeaderValue::from_static(allowed));
            }
            Self::NotVerified => {
                // RFC 9110, 11.6.1 demands a challenge. It is the same for all kinds.
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ if status == StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, retry_after.into());
            }
            _ => {}
        }
        response
    }
}

/// The answer to a webhook: the body that came in, or one with another payload.
#[must_use]
pub fn body(body: Bytes) -> Response<Full<Bytes>> {
    answer(StatusCode::OK, JSON, body)
}

/// A reply in the assistant's place, bare: the header tells the assistant that it is one.
#[must_use]
pub fn reply(reply: String) -> Response<Full<Bytes>> {
    let mut response = answer(StatusCode::OK, JSON, reply.into());
    let value = HeaderValue::from_static("true");
    response.headers_mut().insert(WEBHOOK_RETURN, value);
    response
}

/// A response that keeps the memory of its request until its own body is sent.
#[must_use]
pub fn keeping(
    mut memory: BodyMemory,
    mut response: Response<Full<Bytes>>,
) -> Response<Full<Bytes>> {
    let length = response.body().size_hint().exact().unwrap_or(0);
    memory.set(usize::try_from(length).unwrap_or(usize::MAX));
    response.extensions_mut().insert(Arc::new(memory));
    response
}

/// The answer to an event that nobody waits for.
#[must_use]
pub fn accepted() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

/// A word for a load balancer.
#[must_use]
pub fn word(word: &'static str) -> Response<Full<Bytes>> {
    answer(StatusCode::OK, TEXT, Bytes::from_static(word.as_bytes()))
}

fn answer(status: StatusCode, content_type: HeaderValue, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
