//! The TLS handshake, and in a word why it failed.

use crate::tls::Tls;
use rustls::server::Acceptor;
use rustls::{AlertDescription, Error};
use std::io::{self, ErrorKind};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

/// What is said of a handshake that took longer than `server.head_timeout`.
pub(super) const TIMEOUT: &str = "timeout";

/// Every word that [`reason`] has, and the one above.
pub(super) const REASONS: [&str; 8] = [
    TIMEOUT,
    "not-tls",
    "incompatible",
    "certificate-refused",
    "alert",
    "misbehaved",
    "disconnected",
    "other",
];

/// Speaks TLS, with the protocols that the caller offers. One that offers only protocols
/// that are unknown here gets HTTP/1.1.
pub(super) async fn accept<S>(tls: &Tls, stream: S) -> io::Result<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
    let config = tls.config_for(start.client_hello().alpn());
    start.into_stream(config).await
}

/// Why a handshake failed, as a label of a metric.
pub(super) fn reason(error: &io::Error) -> &'static str {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    match cause {
        Some(Error::InvalidMessage(_)) => "not-tls",
        Some(Error::PeerIncompatible(_) | Error::NoApplicationProtocol) => "incompatible",
        Some(Error::AlertReceived(alert)) if is_of_certificate(*alert) => "certificate-refused",
        Some(Error::AlertReceived(_)) => "alert",
        Some(
            Error::PeerMisbehaved(_)
            | Error::InappropriateMessage { .. }
            | Error::InappropriateHandshakeMessage { .. }
            | Error::DecryptError,
        ) => "misbehaved",
        Some(_) => "other",
        None => match error.kind() {
            ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe => "disconnected",
            _ => "other",
        },
    }
}

/// Whether the peer does not like the certificate.
fn is_of_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
    )
}
