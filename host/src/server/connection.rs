//! One connection: its handshake, its requests, and who watches that it does not
//! wait too long for anything.

use super::activity::{Activity, Overdue};
use super::answer::{Answer, InFlight};
use super::connections::Connections;
use super::io::Watched;
use crate::config::Server;
use crate::ingress;
use crate::snapshot::Snapshot;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Duration, Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;

/// hyper's own limit of a head, as a multiple of the configured one. `ingress` knows how
/// to answer a head over the limit; of one that is far over it, hyper says only 431.
const HEAD_ROOM: usize = 2;

/// How many HTTP/2 streams a caller may have reset before they were looked at, and how
/// many may have been reset for its mistakes, until the connection is ended.
const PENDING_RESETS: usize = 20;
const ERROR_RESETS: usize = 128;

/// What a caller may send over HTTP/2 before it is read, in bytes: of one body, and of
/// all of a connection.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;

/// What is kept of each answer for an HTTP/2 caller that does not read, in bytes.
const SEND_BUFFER: usize = 64 << 10;

/// How long a caller has to take notice that an idle connection ends.
const FAREWELL: Duration = Duration::from_secs(1);

/// What a connection has from the server at the time when it is accepted.
pub(super) struct Shared {
    pub(super) settings: Arc<Server>,
    /// What its requests are answered with, each with the one of its time.
    pub(super) snapshots: watch::Receiver<Arc<Snapshot>>,
    pub(super) connections: Arc<Connections>,
    pub(super) stopping: watch::Receiver<bool>,
}

/// A connection that was admitted. It gives its place back when this is dropped.
pub(super) struct Connection {
    shared: Shared,
    activity: Arc<Activity>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.shared.connections.remove(&self.activity);
    }
}

impl Connection {
    pub(super) fn new(shared: Shared, activity: Arc<Activity>) -> Self {
        Self { shared, activity }
    }

    /// Serves it to its end. When the peer goes away, hyper drops the request's
    /// future, and with it the guest that was running for it.
    pub(super) async fn serve(mut self, stream: TcpStream) {
        // Answers are small and somebody is waiting for each of them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        let stream = Watched::new(stream, Arc::clone(&self.activity));
        let Some(tls) = &self.shared.settings.tls else {
            return self.speak_http(stream).await;
        };
        let acceptor = TlsAcceptor::from(Arc::clone(&tls.config));
        let mut stopping = self.shared.stopping.clone();
        let stream = tokio::select! {
            stream = acceptor.accept(stream) => stream,
            reason = self.overdue() => return log_end(reason),
            () = self.activity.told_to_go() => return log_eviction(),
            // No request has begun.
            () = told_to_stop(&mut stopping) => return,
        };
        match stream {
            Ok(stream) => self.speak_http(stream).await,
            Err(error) => tracing::debug!(%error, "a TLS handshake failed"),
        }
    }

    async fn speak_http(&mut self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let service = {
            let snapshots = self.shared.snapshots.clone();
            let connections = Arc::clone(&self.shared.connections);
            let activity = Arc::clone(&self.activity);
            let stopping = self.shared.stopping.clone();
            service_fn(move |request: Request<Incoming>| {
                let many_streams = request.version() == Version::HTTP_2;
                let in_flight = InFlight::begin(&connections, &activity, many_streams);
                let stopping = *stopping.borrow();
                // The request keeps it to its end, whatever comes after it.
                let snapshot = Arc::clone(&snapshots.borrow());
                answer(snapshot, stopping, in_flight, request)
            })
        };
        let builder = builder(&self.shared.settings);
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let mut stopping = self.shared.stopping.clone();
        let mut asked_to_end = false;
        let ended = loop {
            tokio::select! {
                ended = connection.as_mut() => break ended,
                reason = self.overdue() => {
                    log_end(reason);
                    if reason != Overdue::Idle {
                        return;
                    }
                    // A request that is on its way at this moment can still be told.
                    connection.as_mut().graceful_shutdown();
                    let _ = timeout(FAREWELL, connection).await;
                    return;
                }
                () = self.activity.told_to_go() => return log_eviction(),
                () = told_to_stop(&mut stopping), if !asked_to_end => {
                    asked_to_end = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(
                error = error.to_string().as_str(),
                "a connection ended early"
            );
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

async fn answer(
    snapshot: Arc<Snapshot>,
    stopping: bool,
    in_flight: InFlight,
    request: Request<Incoming>,
) -> Result<Response<Answer>, Infallible> {
    let response = ingress::handle(&snapshot, stopping, request).await;
    Ok(in_flight.answered(response))
}

fn builder(settings: &Server) -> auto::Builder<TokioExecutor> {
    let head_bytes = settings.head_bytes.saturating_mul(HEAD_ROOM);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // `Activity` tells the wait for a head from the wait within it; hyper does not.
        .header_read_timeout(None)
        .max_buf_size(head_bytes);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(head_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(settings.streams)
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_local_error_reset_streams(ERROR_RESETS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER);
    builder
}

fn log_eviction() {
    tracing::debug!("an idle connection made room for another");
}

fn log_end(reason: Overdue) {
    match reason {
        Overdue::Head => tracing::debug!("a connection asked for nothing in time"),
        Overdue::Idle => tracing::debug!("a connection was idle for too long"),
        Overdue::Write => tracing::debug!("a caller did not take its answer"),
    }
}
