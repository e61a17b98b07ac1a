//! Accepts connections and hands their requests to `ingress`, until it is told to
//! stop; then it lets the requests in flight finish.

mod accept;
mod activity;
mod answer;
mod body;
mod connection;
mod connections;
mod files;
mod half_closed;
mod handshake;
mod http1;
mod http2;
mod io;
mod preface;

pub use accept::Refusals;
pub use connections::Connections;

use crate::config::Server;
use crate::process::Process;
use crate::snapshot::Snapshot;
use crate::throttle::Throttle;
use crate::tls::Tls;
use activity::Activity;
use connection::{Connection, Shared};
use connections::Admission;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How often a lack of room is logged at most.
const LOG_PAUSE: Duration = Duration::from_secs(1);

/// How the server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Every request that had begun was answered, and every event looked at.
    Completely,
    /// Some were still going on when `drain_timeout` was over, and were cut off.
    CutOff,
}

/// Serves until `shutdown` is ready, then stops accepting and finishes the requests
/// in flight within the configured bound. The caller owns the socket and the signal.
pub async fn run(
    listener: TcpListener,
    process: &Process,
    mut snapshots: watch::Receiver<Arc<Snapshot>>,
    connections: Arc<Connections>,
    shutdown: impl Future<Output = ()>,
) -> Drained {
    prepare(&snapshots.borrow_and_update().server);
    let (stop, stopping) = watch::channel(false);
    let mut crowd = Crowd::default();
    let throttle = Arc::new(Throttle::new());
    for reason in handshake::REASONS {
        // From the start, so that the first failure shows as one.
        process.metrics.network.handshake_failures(reason);
    }
    let refusals = Refusals::new("public", &process.metrics);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Ok(()) = snapshots.changed() => {
                prepare(&snapshots.borrow_and_update().server);
                continue;
            }
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let shared = Shared {
                    settings: Arc::clone(&snapshots.borrow().server),
                    snapshots: snapshots.clone(),
                    connections: Arc::clone(&connections),
                    stopping: stopping.clone(),
                    metrics: Arc::clone(&process.metrics),
                    throttle: Arc::clone(&throttle),
                };
                admit(stream, peer, shared, &mut crowd);
            }
            Err(error) => refusals.recover(&error, &connections).await,
        }
    }
    drop((listener, stopping));
    process.stop();
    let bound = snapshots.borrow().server.drain_timeout;
    tracing::info!(
        open = connections.open(),
        seconds = bound.as_secs(),
        "stopping: finishing what has begun"
    );
    // Each connection holds a receiver until it has ended.
    let _ = stop.send(true);
    process.background.close();
    let finished = async {
        stop.closed().await;
        process.background.wait().await;
    };
    let finished = tokio::time::timeout(bound, finished).await;
    if finished.is_ok() || nothing_in_flight(process, &connections) {
        Drained::Completely
    } else {
        Drained::CutOff
    }
}

/// Whether no request is being answered, and no event looked at.
#[must_use]
pub fn nothing_in_flight(process: &Process, connections: &Connections) -> bool {
    connections.busy() == 0 && process.background.is_empty()
}

/// Serves a connection in a task of its own, if there is or can be room for it.
fn admit(stream: TcpStream, peer: SocketAddr, shared: Shared, crowd: &mut Crowd) {
    let most = shared.settings.connections;
    let activity = Arc::new(Activity::new());
    let admission = shared.connections.admit(most, &activity);
    crowd.note(admission, most);
    if admission != Admission::Refused {
        let connection = Connection::new(shared, activity, peer);
        tokio::spawn(connection.serve(stream));
    }
}

/// What new settings ask of the process, and what is to be said of them.
fn prepare(settings: &Server) {
    files::make_room(settings.connections);
    if let Some(tls) = &settings.tls {
        warn_of_expiry(tls);
    }
}

fn warn_of_expiry(tls: &Tls) {
    if let Some(expiry) = tls.expiry.filter(|_| tls.expired(SystemTime::now())) {
        tracing::warn!(
            file = %tls.files.certificate.display(),
            expiry = %humantime::format_rfc3339_seconds(expiry),
            "the certificate has expired: callers will refuse it; renew it"
        );
    }
}

/// What had no room, since it was last logged.
#[derive(Debug, Default)]
struct Crowd {
    evicted: u64,
    refused: u64,
    logged: Option<Instant>,
}

impl Crowd {
    /// Logs at most once in a while, so that a flood of connections is none of lines.
    fn note(&mut self, admission: Admission, limit: usize) {
        match admission {
            Admission::Free => return,
            Admission::Evicted => self.evicted += 1,
            Admission::Refused => self.refused += 1,
        }
        if self.logged.is_some_and(|then| then.elapsed() < LOG_PAUSE) {
            return;
        }
        tracing::warn!(
            limit,
            idle_closed = self.evicted,
            refused = self.refused,
            "server.connections is reached"
        );
        *self = Self {
            logged: Some(Instant::now()),
            ..Self::default()
        };
    }
}
