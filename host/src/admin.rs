//! The listener for whoever runs the server: metrics, health, and what is served. It is
//! never on the public port, and changes nothing.

mod status;

use crate::metrics;
use crate::process::Process;
use crate::server::{Connections, Refusals};
use crate::snapshot::Snapshot;
use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

/// How many connections there may be: a few monitors and a few people.
const CONNECTIONS: usize = 64;

/// How long a connection may be silent before its next request.
const IDLE: Duration = Duration::from_secs(60);

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

/// Answers until it is dropped.
pub async fn run(
    listener: TcpListener,
    process: Arc<Process>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    connections: Arc<Connections>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let refusals = Refusals::new("admin", &process.metrics);
    loop {
        // Those that come while all places are taken wait in the system's queue.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                refusals.recover(&error, &connections).await;
                continue;
            }
        };
        let (process, snapshots) = (Arc::clone(&process), snapshots.clone());
        let connections = Arc::clone(&connections);
        let service = service_fn(move |request: Request<Incoming>| {
            let snapshot = Arc::clone(&snapshots.borrow());
            let open = connections.open();
            let (method, path) = (request.method(), request.uri().path());
            let response = answer(method, path, &process, &snapshot, open);
            std::future::ready(Ok::<_, Infallible>(response))
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(IDLE)
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "an admin connection ended early");
            }
            drop(place);
        });
    }
}

fn answer(
    method: &Method,
    path: &str,
    process: &Process,
    snapshot: &Snapshot,
    connections: usize,
) -> Response<Full<Bytes>> {
    if ![Method::GET, Method::HEAD].contains(method) {
        let words = "this listener takes GET and HEAD only\n";
        let mut response = respond(StatusCode::METHOD_NOT_ALLOWED, TEXT, words);
        let headers = response.headers_mut();
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    match path {
        "/metrics" => {
            for stage in snapshot.stages() {
                stage.metrics.quarantined(stage.quarantine.is_on());
            }
            let tenants = snapshot.tenants.values();
            let store = process.keyvalue.health();
            process
                .metrics
                .keyvalue(store.map(|store| (store.backend, store.up)));
            let text = process
                .metrics
                .text(&process.fairness, tenants, connections);
            respond(StatusCode::OK, metrics::CONTENT_TYPE, text)
        }
        "/status" => respond(StatusCode::OK, JSON, status::of(process, snapshot)),
        "/healthz" => respond(StatusCode::OK, TEXT, "ok\n"),
        "/readyz" if process.is_stopping() => {
            respond(StatusCode::SERVICE_UNAVAILABLE, TEXT, "stopping\n")
        }
        "/readyz" => respond(StatusCode::OK, TEXT, "ready\n"),
        _ => {
            let words = "there are /metrics, /status, /healthz and /readyz\n";
            respond(StatusCode::NOT_FOUND, TEXT, words)
        }
    }
}

fn respond(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
