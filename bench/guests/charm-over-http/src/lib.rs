//! The transform as a component of the world `wasi:http/proxy`, for `wasmtime serve`.
//! It does not look at the token.

use serde_json::Value;
use std::io::{Read, Write};
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

struct CharmOverHttp;

wasip2::http::proxy::export!(CharmOverHttp);

impl Guest for CharmOverHttp {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        match transformed(&request) {
            Some(body) => answer(out, &body),
            None => ResponseOutparam::set(out, Err(ErrorCode::HttpProtocolError)),
        }
    }
}

/// The request's body with the transform applied; nothing if it is not JSON.
fn transformed(request: &IncomingRequest) -> Option<Vec<u8>> {
    let incoming = request.consume().ok()?;
    let mut body = Vec::new();
    incoming.stream().ok()?.read_to_end(&mut body).ok()?;
    let mut document: Value = serde_json::from_slice(&body).ok()?;
    charm::transform(&mut document, ", y'all.");
    serde_json::to_vec(&document).ok()
}

/// Errors while sending mean that the caller has gone, and are nobody's any more.
fn answer(out: ResponseOutparam, body: &[u8]) {
    let fields = Fields::new();
    let length = body.len().to_string();
    let _ = fields.set("content-type", &[b"application/json".to_vec()]);
    let _ = fields.set("content-length", &[length.into_bytes()]);
    let response = OutgoingResponse::new(fields);
    let Ok(outgoing) = response.body() else {
        return;
    };
    ResponseOutparam::set(out, Ok(response));
    if let Ok(mut stream) = outgoing.write() {
        let _ = stream.write_all(body);
        let _ = stream.flush();
    }
    let _ = OutgoingBody::finish(outgoing, None);
}
