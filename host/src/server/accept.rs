//! Connections that the system does not hand over, mostly because the process may open no
//! further file.

use super::connections::Connections;
use crate::metrics::Metrics;
use crate::throttle::Throttle;
use prometheus_client::metrics::counter::Counter;
use rustix::io::Errno;
use std::io::Error;
use std::time::Duration;

/// How long a listener waits before it tries again.
const PAUSE: Duration = Duration::from_millis(50);

/// How long it waits where an idle connection is about to make room.
const MOMENT: Duration = Duration::from_millis(1);

/// The failed accepts of one listener: counted, and logged at most once a second.
pub struct Refusals {
    listener: &'static str,
    no_descriptors: Counter,
    others: Counter,
    throttle: Throttle,
}

impl Refusals {
    /// Of the listener of this name, none yet.
    #[must_use]
    pub fn new(listener: &'static str, metrics: &Metrics) -> Self {
        Self {
            listener,
            no_descriptors: metrics.network.accept_failures(listener, "no-descriptors"),
            others: metrics.network.accept_failures(listener, "other"),
            throttle: Throttle::new(),
        }
    }

    /// Notes an error, and waits until it may be worth trying again. If the process lacks
    /// descriptors, the connection of the public port that has been idle for longest ends.
    pub async fn recover(&self, error: &Error, connections: &Connections) {
        let listener = self.listener;
        if !lacks_descriptors(error) {
            self.others.inc();
            if let Some(left_out) = self.throttle.admit("other") {
                tracing::warn!(listener, %error, left_out, "a connection could not be accepted");
            }
            return tokio::time::sleep(PAUSE).await;
        }
        self.no_descriptors.inc();
        let made_room = connections.make_room();
        if let Some(left_out) = self.throttle.admit("no-descriptors") {
            tracing::warn!(
                listener,
                %error,
                left_out,
                made_room,
                "a connection could not be accepted: raise the limit of open files, or \
                 lower server.connections"
            );
        }
        tokio::time::sleep(if made_room { MOMENT } else { PAUSE }).await;
    }
}

/// Whether the process, or the system, may open no further file.
fn lacks_descriptors(error: &Error) -> bool {
    let lacking = [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error);
    error.raw_os_error().is_some_and(|it| lacking.contains(&it))
}
