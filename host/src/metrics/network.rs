//! What is counted of callers that do not get in: refused credentials, failed handshakes,
//! connections that the system does not hand over.

use super::series::Series;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use std::sync::Arc;

/// An assistant, empty where there is none of that name, and why a caller was not let in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Unverified {
    assistant: Arc<str>,
    reason: &'static str,
}

/// Why a TLS handshake failed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FailedHandshake {
    reason: &'static str,
}

/// Which listener could not accept a connection, and why.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FailedAccept {
    listener: &'static str,
    reason: &'static str,
}

/// The counters of the network's edge.
pub struct NetworkMetrics {
    unverified: Series<Unverified, Counter>,
    handshakes: Series<FailedHandshake, Counter>,
    accepts: Series<FailedAccept, Counter>,
}

impl NetworkMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        Self {
            unverified: Series::counters(
                registry,
                "authentication_failures",
                "Requests whose credentials were refused, or could not be verified",
            ),
            handshakes: Series::counters(
                registry,
                "tls_handshake_failures",
                "TLS handshakes of the public port that failed",
            ),
            accepts: Series::counters(
                registry,
                "accept_failures",
                "Times that the system did not hand over a connection",
            ),
        }
    }

    /// The number of requests for an assistant, if there is one of the name, whose caller
    /// was not let in. The reason is a word of the program.
    pub fn authentication_failures(
        &self,
        assistant: Option<&Arc<str>>,
        reason: &'static str,
    ) -> Counter {
        let assistant = assistant.cloned().unwrap_or_default();
        self.unverified.of(Unverified { assistant, reason })
    }

    /// The number of TLS handshakes that failed. The reason is a word of the program.
    pub fn handshake_failures(&self, reason: &'static str) -> Counter {
        self.handshakes.of(FailedHandshake { reason })
    }

    /// The number of times that a listener could not accept a connection. The reason is a
    /// word of the program.
    pub fn accept_failures(&self, listener: &'static str, reason: &'static str) -> Counter {
        self.accepts.of(FailedAccept { listener, reason })
    }

    /// Drops the series of assistants that are no longer configured.
    pub(super) fn keep(&self, assistant: impl Fn(&str) -> bool) {
        self.unverified.keep(|labels| assistant(&labels.assistant));
    }
}
