//! What went wrong with a request: a code for the plugin, and words for the log.

use super::connect::Unconnected;
use hyper_util::client::legacy;
use rustls::Error as TlsError;
use std::error::Error as StdError;
use std::io::{self, ErrorKind};
use std::iter::successors;
use std::sync::Arc;
use wasmtime_wasi_http::Error;

/// The longest reason that is logged, in characters.
const LONGEST_REASON: usize = 500;

/// A request that was refused or went wrong.
pub(super) struct Failure {
    /// For the plugin: a code, which tells it nothing about networks or secrets.
    pub(super) code: Error,
    /// For the log.
    reason: String,
    /// Whether it is the host that did not want it.
    refused: bool,
}

impl Failure {
    /// The host did not want it.
    pub(super) fn refused(code: Error, reason: impl ToString) -> Self {
        Self {
            code,
            reason: reason.to_string(),
            refused: true,
        }
    }

    /// It was sent, or nearly, and went wrong.
    pub(super) fn of(code: Error) -> Self {
        Self {
            reason: code.to_string(),
            code,
            refused: false,
        }
    }

    /// Whether the connection ended before the answer began.
    pub(super) fn is_end(&self) -> bool {
        !self.refused && matches!(self.code, Error::ConnectionTerminated)
    }

    /// What the client says of a request without an answer.
    pub(super) fn of_client(error: &legacy::Error) -> Self {
        if let Some(unconnected) = find::<Unconnected>(error) {
            return unconnected.into();
        }
        if let Some(error) = find::<TlsError>(error) {
            return Self {
                code: of_tls(error),
                reason: error.to_string(),
                refused: false,
            };
        }
        // Only a request's body is made of this type.
        if let Some(error) = find::<Error>(error) {
            return match error {
                Error::HttpRequestBodySize(limit) => Self::refused(
                    Error::HttpRequestBodySize(*limit),
                    "its body is larger than `http.request` in the limits",
                ),
                other => Self {
                    code: Error::HttpProtocolError,
                    reason: format!("the plugin did not finish its body: {other}"),
                    refused: false,
                },
            };
        }
        match find::<hyper::Error>(error) {
            Some(error) => Self::of_hyper(error, Error::ConnectionTerminated),
            None => Self::of(match find_io(error) {
                Some(error) => of_io(error),
                None => Error::HttpProtocolError,
            }),
        }
    }

    /// What hyper says of a connection. `cut` is what it means that it ended too soon.
    pub(super) fn of_hyper(error: &hyper::Error, cut: Error) -> Self {
        let code = if error.is_parse_too_large() {
            Error::HttpResponseHeaderSectionSize(None)
        } else if error.is_incomplete_message() {
            cut
        } else if error.is_parse() {
            Error::HttpProtocolError
        } else if error.is_closed() || error.is_canceled() {
            Error::ConnectionTerminated
        } else {
            match find_io(error) {
                Some(error) if error.kind() == ErrorKind::UnexpectedEof => cut,
                Some(error) => of_io(error),
                None => Error::HttpProtocolError,
            }
        };
        Self {
            code,
            // hyper's own words quote nothing of a message.
            reason: error.to_string(),
            refused: false,
        }
    }
}

impl From<&Unconnected> for Failure {
    fn from(error: &Unconnected) -> Self {
        let code = match error {
            Unconnected::NoSuchName(_) | Unconnected::NoAddress => Error::DnsError {
                rcode: None,
                info_code: None,
            },
            Unconnected::Special(_) | Unconnected::Exposed(_) => Error::DestinationIpProhibited,
            Unconnected::NameTooSlow(_) => Error::DnsTimeout,
            Unconnected::TooSlow => Error::ConnectionTimeout,
            Unconnected::NotDialled(error) => of_io(error),
        };
        let refused = matches!(error, Unconnected::Special(_) | Unconnected::Exposed(_));
        Self {
            code,
            reason: error.to_string(),
            refused,
        }
    }
}

fn of_io(error: &io::Error) -> Error {
    match error.kind() {
        ErrorKind::ConnectionRefused => Error::ConnectionRefused,
        ErrorKind::TimedOut => Error::ConnectionTimeout,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            Error::DestinationIpUnroutable
        }
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::NotConnected
        | ErrorKind::UnexpectedEof => Error::ConnectionTerminated,
        _ => Error::DestinationUnavailable,
    }
}

fn of_tls(error: &TlsError) -> Error {
    match error {
        TlsError::InvalidCertificate(_) | TlsError::NoCertificatesPresented => {
            Error::TlsCertificateError
        }
        TlsError::AlertReceived(alert) => Error::TlsAlertReceived {
            alert_id: Some(u8::from(*alert)),
            alert_message: Some(format!("{alert:?}")),
        },
        _ => Error::TlsProtocolError,
    }
}

/// The first error of a type among an error and its causes.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    causes(error).find_map(|error| error.downcast_ref::<T>())
}

/// The operating system's error, and not one that only wraps another.
fn find_io<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a io::Error> {
    let wraps = |error: &&io::Error| error.get_ref().is_some_and(|inner| inner.is::<io::Error>());
    causes(error)
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .find(|error| !wraps(error))
}

fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    successors(Some(error), |error: &&'a (dyn StdError + 'static)| {
        let error = *error;
        // An io::Error does not count what it wraps as its cause.
        let io = error.downcast_ref::<io::Error>();
        match io.and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        }
    })
}

/// Whose request it is, for the log.
#[derive(Clone)]
pub(super) struct Report {
    pub(super) plugin: Arc<str>,
    pub(super) tenant: Arc<str>,
    /// A scheme, a host and a port, and nothing else of a URL: a query may hold a secret.
    pub(super) origin: String,
}

impl Report {
    /// Logs a failure, for the plugin's code comes back.
    pub(super) fn log(&self, failure: Failure) -> Error {
        let Self {
            plugin,
            tenant,
            origin,
        } = self;
        // A service's certificate may have words in it, which are a stranger's.
        let tame = |c: char| if c.is_control() { '\u{fffd}' } else { c };
        let reason: String = failure
            .reason
            .chars()
            .take(LONGEST_REASON)
            .map(tame)
            .collect();
        if failure.refused {
            tracing::warn!(%plugin, %tenant, %origin, %reason, "a plugin's request was refused");
        } else {
            tracing::info!(%plugin, %tenant, %origin, %reason, "a plugin's request failed");
        }
        failure.code
    }
}
