//! Accepts connections and hands their requests to `ingress`, until it is told to
//! stop; then it lets the requests in flight finish.

use crate::ingress;
use crate::process::Process;
use crate::snapshot::Snapshot;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How long to wait before accepting again after the system refused a connection,
/// mostly because there are no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// hyper's own limit of a head, as a multiple of the configured one. `ingress` knows how
/// to answer a head over the limit; of one that is far over it, hyper says only 431.
const HEAD_ROOM: usize = 2;

/// How often an idle HTTP/2 connection is asked whether somebody is still there.
const PING: Duration = Duration::from_secs(30);

/// How many requests one HTTP/2 connection may have in flight.
const STREAMS: u32 = 128;

/// How the server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Every request that had begun was answered.
    Completely,
    /// Some were still going on when `drain_timeout` was over, and were cut off.
    CutOff,
}

/// Serves until `shutdown` is ready, then stops accepting and finishes the requests
/// in flight within the configured bound. The caller owns the socket and the signal.
pub async fn run(
    listener: TcpListener,
    process: &Arc<Process>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    shutdown: impl Future<Output = ()>,
) -> Drained {
    let connections = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, _)) => serve(stream, &connections, process, &snapshots),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    process.stop();
    let open = connections.count();
    let bound = snapshots.borrow().server.drain_timeout;
    tracing::info!(
        open,
        seconds = bound.as_secs(),
        "stopping: finishing what has begun"
    );
    match tokio::time::timeout(bound, connections.shutdown()).await {
        Ok(()) => Drained::Completely,
        Err(_) => Drained::CutOff,
    }
}

fn connection_builder(snapshot: &Snapshot) -> auto::Builder<TokioExecutor> {
    let settings = &snapshot.server;
    let head_bytes = settings.head_bytes.saturating_mul(HEAD_ROOM);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.head_timeout)
        .max_buf_size(head_bytes);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(head_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(PING);
    builder
}

/// Serves one connection in a task of its own. When the peer goes away, hyper drops
/// the request's future, and with it the guest that was running for it.
fn serve(
    stream: TcpStream,
    connections: &GracefulShutdown,
    process: &Arc<Process>,
    snapshots: &watch::Receiver<Arc<Snapshot>>,
) {
    // Answers are small and somebody is waiting for each of them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its delay");
    }
    let (builder, head_timeout) = {
        let snapshot = snapshots.borrow();
        (connection_builder(&snapshot), snapshot.server.head_timeout)
    };
    let begun = Arc::new(AtomicBool::new(false));
    let service = {
        let (process, snapshots) = (Arc::clone(process), snapshots.clone());
        let begun = Arc::clone(&begun);
        service_fn(move |request| {
            begun.store(true, Ordering::Relaxed);
            // The request keeps it to its end, whatever comes after it.
            let snapshot = Arc::clone(&snapshots.borrow());
            let stopping = process.is_stopping();
            async move { Ok::<_, Infallible>(ingress::handle(&snapshot, stopping, request).await) }
        })
    };
    let connection = builder
        .serve_connection(TokioIo::new(stream), service)
        .into_owned();
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        let mut connection = std::pin::pin!(connection);
        // hyper's own timeout begins only when it knows which HTTP is spoken, and is
        // not for HTTP/2. This one is for the first request of any connection.
        let ended = match tokio::time::timeout(head_timeout, connection.as_mut()).await {
            Ok(ended) => ended,
            Err(_) if begun.load(Ordering::Relaxed) => connection.await,
            Err(_) => {
                tracing::debug!("a connection asked for nothing");
                return;
            }
        };
        if let Err(error) = ended {
            tracing::debug!(
                error = error.to_string().as_str(),
                "a connection ended early"
            );
        }
    });
}
