//! What goes wrong with a server, in words for the operator, with what to do about it.

use redis::{ErrorKind, RedisError, ServerErrorKind};
use rustls::{AlertDescription, Error as TlsError};
use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

/// How much of a server's own words is repeated, in characters.
const LONGEST: usize = 200;

/// A handshake that was not answered: a server without TLS waits for more.
pub(super) const NO_HANDSHAKE: &str = "it did not answer the TLS handshake (if its port is one without TLS, write redis:// instead of rediss://)";

/// What a TLS handshake failed of.
pub(super) fn of_handshake(error: &io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(TlsError::InvalidCertificate(reason)) => format!(
            "its certificate is not trusted: {reason} (`ca` of `redis` in [keyvalue] names the file of its root)"
        ),
        Some(TlsError::InvalidMessage(_)) => NO_TLS.to_owned(),
        Some(TlsError::AlertReceived(alert)) => of_alert(*alert),
        Some(other) => format!("the TLS handshake failed: {other}"),
        None => format!("it ended the TLS handshake: {error} ({NO_TLS})"),
    }
}

const NO_TLS: &str =
    "its port does not speak TLS: write redis:// instead of rediss://, or name its TLS port";

fn of_alert(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::CertificateRequired
        | AlertDescription::BadCertificate
        | AlertDescription::UnknownCA
        | AlertDescription::CertificateUnknown
        | AlertDescription::HandshakeFailure => format!(
            "it refuses the TLS connection ({alert:?}); if it wants a certificate of its clients, `client` of `redis` in [keyvalue] names one"
        ),
        other => format!("it refuses the TLS connection ({other:?})"),
    }
}

/// What a login failed of.
pub(super) fn of_login(error: &RedisError, has_tls: bool) -> String {
    match error.kind() {
        ErrorKind::AuthenticationFailed => {
            "it refuses the password, or the user of the URL".to_owned()
        }
        ErrorKind::Server(ServerErrorKind::ResponseError)
            if error.to_string().contains("database") =>
        {
            let detail = error.detail().map(tame).unwrap_or_default();
            format!("it refuses the database of the URL: {detail}")
        }
        _ => of_operation(error, has_tls),
    }
}

/// What an operation failed of.
pub(super) fn of_operation(error: &RedisError, has_tls: bool) -> String {
    // Before version 7 of Redis the errors of scripts have their code in the text.
    let text = error.to_string();
    let is = |code: &str| error.code() == Some(code) || text.contains(&format!("-{code} "));
    if is("MOVED") || is("ASK") || is("CROSSSLOT") || is("CLUSTERDOWN") {
        let detail = tame(&text);
        return format!(
            "it is a node of a Redis Cluster, of which others have some of the keys; a cluster of several nodes is not supported ({detail})"
        );
    }
    if is("READONLY") {
        return "it is a replica, which takes no changes; name the primary in `url`".to_owned();
    }
    if is("MASTERDOWN") {
        return "it is a replica that has lost its primary".to_owned();
    }
    if is("LOADING") {
        return "it is still loading its data".to_owned();
    }
    // The second is what a server says to a command with many words.
    if is("NOAUTH") || text.contains("unauthenticated") {
        return "it wants a password: `password` of `redis` in [keyvalue] says where it is"
            .to_owned();
    }
    if is("WRONGPASS") {
        return "it refuses the password, or the user of the URL".to_owned();
    }
    if is("NOPERM") {
        let detail = tame(&text);
        return format!(
            "its user may not do what is needed, which the README lists under [keyvalue] ({detail})"
        );
    }
    match error.kind() {
        ErrorKind::Parse if has_tls => {
            "what it answers is not Redis' protocol: is this the right port?".to_owned()
        }
        ErrorKind::Parse => format!("what it answers is not Redis' protocol ({TLS_PORT})"),
        ErrorKind::Io => of_broken(error, has_tls),
        _ => format!("it answers with an error: {}", tame(&text)),
    }
}

const TLS_PORT: &str = "if its port is one with TLS, write rediss:// instead of redis://";

/// A connection that ended, or was never one.
fn of_broken(error: &RedisError, has_tls: bool) -> String {
    let source = StdError::source(error);
    // The library shares its errors, and so wraps them.
    let shared = source.and_then(|it| it.downcast_ref::<Arc<dyn StdError + Send + Sync>>());
    let io = shared.and_then(|it| it.downcast_ref::<io::Error>());
    // In TLS 1.3 a server says only now what it thinks of a client's certificate.
    if let Some(TlsError::AlertReceived(alert)) = io
        .and_then(io::Error::get_ref)
        .and_then(|it| it.downcast_ref())
    {
        return of_alert(*alert);
    }
    let words = tame(&error.to_string());
    if has_tls {
        format!("the connection broke: {words}")
    } else {
        format!("the connection broke: {words} ({TLS_PORT})")
    }
}

/// A server's words, without what could take a log apart.
fn tame(text: &str) -> String {
    let tame = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().take(LONGEST).map(tame).collect()
}
