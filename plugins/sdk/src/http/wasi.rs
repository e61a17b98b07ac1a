//! One request over WASI, and the wait for its answer.

use std::time::Duration;

use wasip2::{
    clocks::monotonic_clock,
    http::{
        outgoing_handler,
        types::{
            ErrorCode, Fields, FutureIncomingResponse, IncomingResponse, Method, OutgoingBody,
            OutgoingRequest, Scheme,
        },
    },
    io::{
        poll::{self, Pollable},
        streams::StreamError,
    },
};

use super::{Request, Response};
use crate::{Failure, Result};

/// How much is asked for at once, in bytes.
const CHUNK: u64 = 64 << 10;

/// Sends a request and reads its answer.
pub(super) fn exchange(request: &Request) -> Result<Response> {
    let deadline = Deadline::after(request.timeout);
    let outgoing = outgoing(request)?;
    let body = outgoing.body();
    let future =
        outgoing_handler::handle(outgoing, None).map_err(|code| request.failed(&reason(&code)))?;
    if let Ok(body) = body {
        write(request, body, &deadline)?;
    }
    let response = answer(request, &future, &deadline)?;
    read(request, &response, &deadline)
}

fn outgoing(request: &Request) -> Result<OutgoingRequest> {
    let wrong = |what: &str| Failure::failed(format!("{}: {what}", request.name()));
    let (scheme, rest) = request.url.split_once("://").unwrap_or_default();
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        _ => return Err(wrong("the URL begins with neither http:// nor https://")),
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let path = match path.starts_with('/') {
        true => path.to_owned(),
        false => format!("/{path}"),
    };
    let headers: Vec<_> = request
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), value.clone().into_bytes()))
        .chain(length(request))
        .collect();
    let headers = Fields::from_list(&headers).map_err(|_| wrong("a header is not allowed"))?;
    let outgoing = OutgoingRequest::new(headers);
    outgoing
        .set_method(&method(request.method))
        .and_then(|()| outgoing.set_scheme(Some(&scheme)))
        .and_then(|()| outgoing.set_authority(Some(authority)))
        .and_then(|()| outgoing.set_path_with_query(Some(&path)))
        .map_err(|()| wrong("the URL is not one"))?;
    Ok(outgoing)
}

/// A body's length is known: without it the host would send it in chunks.
fn length(request: &Request) -> Option<(String, Vec<u8>)> {
    let may_have_none = matches!(request.method, super::Method::Get | super::Method::Head);
    let length = request.body.len();
    (length > 0 || !may_have_none)
        .then(|| ("content-length".to_owned(), length.to_string().into_bytes()))
}

fn method(method: super::Method) -> Method {
    match method {
        super::Method::Get => Method::Get,
        super::Method::Head => Method::Head,
        super::Method::Post => Method::Post,
        super::Method::Put => Method::Put,
        super::Method::Patch => Method::Patch,
        super::Method::Delete => Method::Delete,
    }
}

/// Hands the body over. A service that takes no more of it may have answered already,
/// so its answer decides.
fn write(request: &Request, body: OutgoingBody, deadline: &Deadline) -> Result<()> {
    if let Ok(stream) = body.write() {
        let mut rest = request.body.as_slice();
        while !rest.is_empty() {
            deadline.wait(request, &stream.subscribe())?;
            let Ok(room) = stream.check_write() else {
                return Ok(());
            };
            let room = usize::try_from(room).unwrap_or(usize::MAX);
            let (chunk, later) = rest.split_at(room.min(rest.len()));
            if stream.write(chunk).is_err() {
                return Ok(());
            }
            rest = later;
        }
        if stream.flush().is_err() || deadline.wait(request, &stream.subscribe()).is_err() {
            return Ok(());
        }
    }
    // An error is the exchange's, whose answer says so.
    let _ = OutgoingBody::finish(body, None);
    Ok(())
}

fn answer(
    request: &Request,
    future: &FutureIncomingResponse,
    deadline: &Deadline,
) -> Result<IncomingResponse> {
    deadline.wait(request, &future.subscribe())?;
    match future.get() {
        Some(Ok(Ok(response))) => Ok(response),
        Some(Ok(Err(code))) => Err(request.failed(&reason(&code))),
        Some(Err(())) | None => Err(request.failed("the host has no answer")),
    }
}

fn read(request: &Request, response: &IncomingResponse, deadline: &Deadline) -> Result<Response> {
    let mut answer = Response::new(response.status());
    for (name, value) in response.headers().entries() {
        answer = answer.with_header(&name, &String::from_utf8_lossy(&value));
    }
    let broken = || request.failed("the answer broke off");
    let incoming = response.consume().map_err(|()| broken())?;
    let stream = incoming.stream().map_err(|()| broken())?;
    let mut body = Vec::new();
    while body.len() <= request.limit {
        deadline.wait(request, &stream.subscribe())?;
        match stream.read(CHUNK) {
            Ok(chunk) => body.extend_from_slice(&chunk),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(_)) => return Err(broken()),
        }
    }
    Ok(answer.with_body(body))
}

/// The moment at which a request is given up.
struct Deadline(Option<Pollable>);

impl Deadline {
    fn after(timeout: Option<Duration>) -> Self {
        let nanoseconds = timeout.map(|it| u64::try_from(it.as_nanos()).unwrap_or(u64::MAX));
        Self(nanoseconds.map(monotonic_clock::subscribe_duration))
    }

    /// Waits for something, at most until this moment.
    fn wait(&self, request: &Request, awaited: &Pollable) -> Result<()> {
        let Some(deadline) = &self.0 else {
            awaited.block();
            return Ok(());
        };
        // Either is ready, or both are.
        match poll::poll(&[awaited, deadline]).contains(&0) {
            true => Ok(()),
            false => Err(request.failed("there was no whole answer in time")),
        }
    }
}

/// What went wrong, in words for the operator.
fn reason(code: &ErrorCode) -> String {
    let words = match code {
        ErrorCode::HttpRequestDenied => "the stage's grant `http` does not permit it",
        ErrorCode::DestinationIpProhibited => {
            "its address is in a network that the stage's grant `http` does not name"
        }
        ErrorCode::DnsTimeout | ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => {
            "its name cannot be resolved"
        }
        ErrorCode::ConnectionRefused => "the connection was refused",
        ErrorCode::ConnectionTerminated => "the connection was cut off",
        ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => "it took too long",
        ErrorCode::TlsCertificateError => "its certificate is not trusted",
        ErrorCode::InternalError(Some(words)) => words,
        other => return format!("{other:?}").replace("ErrorCode::", ""),
    };
    words.to_owned()
}
