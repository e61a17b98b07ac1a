//! One connection: its handshake, its requests, and who watches that it does not
//! wait too long for anything.

use super::activity::{Activity, BodyState, FAREWELL, Overdue};
use super::answer::{Answer, InFlight};
use super::body::RequestBody;
use super::connections::Connections;
use super::handshake;
use super::http1::Http1;
use super::http2::Http2;
use super::io::Watched;
use super::preface::{self, Prefixed};
use crate::config::Server;
use crate::ingress;
use crate::metrics::Metrics;
use crate::snapshot::Snapshot;
use crate::throttle::Throttle;
use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

/// The HTTP libraries' own limit of a head, as a multiple of the configured one. `ingress`
/// knows how to answer a head over the limit; of one that is far over it, they say only 431.
const HEAD_ROOM: usize = 2;

/// One version of HTTP over a connection.
pub(super) trait Protocol {
    /// Serves until the connection ends. It may be dropped and called again.
    fn run(&mut self) -> impl Future<Output = Result<(), String>> + Send;

    /// Takes no further request, and ends when those in flight are answered.
    fn graceful_shutdown(&mut self);
}

/// What a connection has from the server at the time when it is accepted.
pub(super) struct Shared {
    pub(super) settings: Arc<Server>,
    /// What its requests are answered with, each with the one of its time.
    pub(super) snapshots: watch::Receiver<Arc<Snapshot>>,
    pub(super) connections: Arc<Connections>,
    pub(super) stopping: watch::Receiver<bool>,
    pub(super) metrics: Arc<Metrics>,
    /// Of lines about handshakes that failed.
    pub(super) throttle: Arc<Throttle>,
}

/// A connection that was admitted. It gives its place back when this is dropped.
pub(super) struct Connection {
    shared: Shared,
    activity: Arc<Activity>,
    peer: SocketAddr,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.shared.connections.remove(&self.activity);
    }
}

impl Connection {
    pub(super) fn new(shared: Shared, activity: Arc<Activity>, peer: SocketAddr) -> Self {
        Self {
            shared,
            activity,
            peer,
        }
    }

    /// Serves it to its end. When the peer goes away, the request's future is dropped,
    /// and with it the guest that was running for it.
    pub(super) async fn serve(self, stream: TcpStream) {
        // Answers are small and somebody is waiting for each of them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        let stream = Watched::new(stream, Arc::clone(&self.activity));
        let Some(tls) = &self.shared.settings.tls else {
            return self.speak_any(stream).await;
        };
        let mut stopping = self.shared.stopping.clone();
        let stream = tokio::select! {
            stream = handshake::accept(tls, stream) => stream,
            reason = self.overdue() => {
                self.log_failed_handshake(handshake::TIMEOUT, "it took too long");
                return log_end(reason);
            }
            () = self.activity.told_to_go() => return log_eviction(),
            // No request has begun.
            () = told_to_stop(&mut stopping) => return,
        };
        let stream = match stream {
            Ok(stream) => stream,
            Err(error) => {
                return self.log_failed_handshake(handshake::reason(&error), &error.to_string());
            }
        };
        match stream.get_ref().1.alpn_protocol() {
            Some(b"h2") => self.speak_http2(Prefixed::new(Vec::new(), stream)).await,
            Some(_) => self.speak_http1(Prefixed::new(Vec::new(), stream)).await,
            None => self.speak_any(stream).await,
        }
    }

    /// Counts a handshake that failed, and logs it now and then. Whoever only looks
    /// whether the port is open has not begun one.
    fn log_failed_handshake(&self, reason: &'static str, error: &str) {
        let peer = self.peer;
        if !self.activity.heard() {
            return;
        }
        let failures = &self.shared.metrics.network;
        failures.handshake_failures(reason).inc();
        if let Some(left_out) = self.shared.throttle.admit(reason) {
            tracing::warn!(%peer, reason, error, left_out, "a TLS handshake failed");
        } else {
            tracing::debug!(%peer, reason, error, "a TLS handshake failed");
        }
    }

    /// Speaks the version of HTTP that the caller begins with.
    async fn speak_any(&self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let mut stopping = self.shared.stopping.clone();
        let begun = tokio::select! {
            begun = preface::read(stream) => begun,
            reason = self.overdue() => return log_end(reason),
            () = self.activity.told_to_go() => return log_eviction(),
            // No request has begun.
            () = told_to_stop(&mut stopping) => return,
        };
        match begun {
            Ok((true, stream)) => self.speak_http2(stream).await,
            Ok((false, stream)) => self.speak_http1(stream).await,
            Err(error) => log_early_end(&error.to_string()),
        }
    }

    async fn speak_http1(
        &self,
        stream: Prefixed<impl AsyncRead + AsyncWrite + Send + Unpin + 'static>,
    ) {
        let answerer = self.answerer();
        let service = service_fn(move |request: Request<Incoming>| {
            answerer.answer(request.map(|body| RequestBody::http1(body, &answerer.activity)))
        });
        self.speak(Http1::new(
            stream,
            &self.activity,
            self.most_head(),
            service,
        ))
        .await;
    }

    async fn speak_http2(
        &self,
        stream: Prefixed<impl AsyncRead + AsyncWrite + Send + Unpin + 'static>,
    ) {
        self.activity.has_many_streams();
        let answerer = self.answerer();
        let handler = move |request| answerer.answer(request);
        let settings = &self.shared.settings;
        self.speak(Http2::new(stream, settings, self.most_head(), handler))
            .await;
    }

    fn most_head(&self) -> usize {
        self.shared.settings.head_bytes.saturating_mul(HEAD_ROOM)
    }

    fn answerer(&self) -> Answerer {
        Answerer {
            snapshots: self.shared.snapshots.clone(),
            connections: Arc::clone(&self.shared.connections),
            activity: Arc::clone(&self.activity),
            stopping: self.shared.stopping.clone(),
        }
    }

    async fn speak(&self, mut protocol: impl Protocol) {
        let mut stopping = self.shared.stopping.clone();
        let mut asked_to_end = false;
        let ended = loop {
            tokio::select! {
                ended = protocol.run() => break ended,
                reason = self.overdue() => {
                    log_end(reason);
                    if reason != Overdue::Idle {
                        return;
                    }
                    // A request that is on its way at this moment can still be told.
                    protocol.graceful_shutdown();
                    let _ = timeout(FAREWELL, protocol.run()).await;
                    return;
                }
                () = self.activity.told_to_go() => return log_eviction(),
                () = told_to_stop(&mut stopping), if !asked_to_end => {
                    asked_to_end = true;
                    self.activity.leave();
                    protocol.graceful_shutdown();
                }
            }
        };
        if let Err(error) = ended {
            log_early_end(&error);
        }
    }

    /// Waits until something takes too long.
    async fn overdue(&self) -> Overdue {
        let limits = &self.shared.settings;
        loop {
            match self.activity.check(limits, Instant::now()) {
                Ok(next) => sleep_until(next).await,
                Err(overdue) => return overdue,
            }
        }
    }
}

/// Waits until the server stops.
async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    // A server that is gone has stopped.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// Answers the requests of a connection.
struct Answerer {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    connections: Arc<Connections>,
    activity: Arc<Activity>,
    stopping: watch::Receiver<bool>,
}

impl Answerer {
    /// A request is in flight from here on. It keeps the snapshot of now to its end,
    /// whatever comes after it.
    fn answer(
        &self,
        request: Request<RequestBody>,
    ) -> impl Future<Output = Result<Response<Answer>, Infallible>> + Send + use<> {
        answer(
            Arc::clone(&self.snapshots.borrow()),
            *self.stopping.borrow(),
            InFlight::begin(&self.connections, &self.activity),
            Arc::clone(&self.activity),
            request,
        )
    }
}

async fn answer(
    snapshot: Arc<Snapshot>,
    stopping: bool,
    in_flight: InFlight,
    activity: Arc<Activity>,
    request: Request<RequestBody>,
) -> Result<Response<Answer>, Infallible> {
    let is_http1 = request.version() != Version::HTTP_2;
    let mut response = ingress::handle(&snapshot, stopping, request).await;
    // Where the rest of a body is given up, what follows it is not looked for, and hyper
    // closes the connection. A caller that keeps connections has to know (RFC 9112, 9.6).
    if is_http1 && !activity.body_is(BodyState::Read) {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    Ok(in_flight.answered(response))
}

fn log_early_end(error: &str) {
    tracing::debug!(error, "a connection ended early");
}

fn log_eviction() {
    tracing::debug!("an idle connection made room for another");
}

fn log_end(reason: Overdue) {
    match reason {
        Overdue::Head => tracing::debug!("a connection asked for nothing in time"),
        Overdue::Idle => tracing::debug!("a connection was idle for too long"),
        Overdue::Write => tracing::debug!("a caller did not take its answer"),
        Overdue::Farewell => tracing::debug!("an idle connection did not end with the server"),
    }
}
