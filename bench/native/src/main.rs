//! The floor that Retort is measured against: the same webhook, with the transform
//! compiled into the server. Nothing protects anybody from it, and nothing is logged.
//!
//! `native SUFFIX…` serves `POST /stages/N`, which applies the first N suffixes one
//! after the other. With N = 0 the body comes back unread: the limit of any server
//! that checks the token.

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::Value;
use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// What stands in the Secret field of the vendor's example.
const SECRET: &[u8] = b"purple unicorn";

/// In bytes; Retort's default.
const LARGEST_BODY: usize = 4 << 20;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let service = Arc::new(Service::new(std::env::args().skip(1).collect()));
    let builder = connection_builder();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("native is listening on http://{}", listener.local_addr()?);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(serve(stream, builder.clone(), Arc::clone(&service)));
            }
            // A client that went away before its turn, or no descriptors left.
            Err(error) => eprintln!("native: a connection could not be accepted: {error}"),
        }
    }
}

struct Service {
    key: DecodingKey,
    validation: Validation,
    suffixes: Vec<String>,
}

/// The library looks at `exp` where there is one; nothing else is asked of a token.
#[derive(Deserialize)]
struct Claims {}

impl Service {
    fn new(suffixes: Vec<String>) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.required_spec_claims.clear();
        Self {
            key: DecodingKey::from_secret(SECRET),
            validation,
            suffixes,
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Bytes, StatusCode> {
        let suffixes = self.stages(&request).ok_or(StatusCode::NOT_FOUND)?;
        let token = request.headers().get(AUTHORIZATION);
        if !token.is_some_and(|token| self.is_good(token)) {
            return Err(StatusCode::UNAUTHORIZED);
        }
        let body = Limited::new(request.into_body(), LARGEST_BODY)
            .collect()
            .await
            .map_err(|_| StatusCode::BAD_REQUEST)?
            .to_bytes();
        if suffixes.is_empty() {
            return Ok(body);
        }
        let mut document: Value =
            serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
        for suffix in suffixes {
            charm::transform(&mut document, suffix);
        }
        serde_json::to_vec(&document)
            .map(Bytes::from)
            .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn stages(&self, request: &Request<Incoming>) -> Option<&[String]> {
        let count = request.uri().path().strip_prefix("/stages/")?;
        self.suffixes.get(..count.parse().ok()?)
    }

    fn is_good(&self, token: &HeaderValue) -> bool {
        token.to_str().is_ok_and(|token| {
            let token = token.strip_prefix("Bearer ").unwrap_or(token);
            jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation).is_ok()
        })
    }
}

/// Set up as Retort's connections are, so that the difference is what is done with a
/// request.
fn connection_builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(10))
        .max_buf_size(128 << 10);
    builder.http2().timer(TokioTimer::new());
    builder
}

async fn serve(stream: TcpStream, builder: auto::Builder<TokioExecutor>, service: Arc<Service>) {
    let service = service_fn(move |request| {
        let service = Arc::clone(&service);
        async move { Ok::<_, Infallible>(response(service.answer(request).await)) }
    });
    // A connection that breaks is the client's affair: the load generator counts it.
    let _ = stream.set_nodelay(true);
    let _ = builder
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

fn response(answer: Result<Bytes, StatusCode>) -> Response<Full<Bytes>> {
    match answer {
        Ok(body) => {
            let mut response = Response::new(Full::new(body));
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
            response
        }
        Err(status) => {
            let mut response = Response::new(Full::default());
            *response.status_mut() = status;
            response
        }
    }
}
