//! Opening the sockets that take connections.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Ports below this are the system's to give.
const PRIVILEGED: u16 = 1024;

/// Listens on an address. `other` says how to name another one.
///
/// # Errors
/// Why the system refuses, and what to do about it.
pub(super) async fn listen(address: SocketAddr, other: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .map_err(|error| anyhow::anyhow!("{}", words(address, &error, other)))
}

fn words(address: SocketAddr, error: &Error, other: &str) -> String {
    let hint = match error.kind() {
        ErrorKind::AddrInUse => {
            format!("another program listens there, or this configuration names it twice; {other}")
        }
        ErrorKind::PermissionDenied if address.port() < PRIVILEGED => format!(
            "ports below {PRIVILEGED} need the capability CAP_NET_BIND_SERVICE, which systemd grants with AmbientCapabilities=, or a lower sysctl net.ipv4.ip_unprivileged_port_start; {other}"
        ),
        ErrorKind::PermissionDenied => {
            format!("a policy of this system, such as SELinux, forbids it; {other}")
        }
        ErrorKind::AddrNotAvailable => format!(
            "this machine, or its network namespace, does not have that address; 0.0.0.0 is all of IPv4, [::] is all; {other}"
        ),
        _ => other.to_owned(),
    };
    format!("cannot listen on {address}: {error}\n    hint: {hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_named() {
        let say = |address: &str, kind: ErrorKind| {
            let address = address.parse().unwrap();
            words(address, &kind.into(), "take another")
        };
        for (address, kind, part) in [
            ("127.0.0.1:80", ErrorKind::AddrInUse, "another program"),
            (
                "127.0.0.1:80",
                ErrorKind::PermissionDenied,
                "CAP_NET_BIND_SERVICE",
            ),
            ("127.0.0.1:8080", ErrorKind::PermissionDenied, "SELinux"),
            (
                "192.0.2.1:80",
                ErrorKind::AddrNotAvailable,
                "does not have that address",
            ),
        ] {
            let words = say(address, kind);
            assert!(words.contains(part), "{words}");
            assert!(
                words.contains(address) && words.ends_with("take another"),
                "{words}"
            );
            let about_programs = words.contains("another program");
            assert_eq!(about_programs, kind == ErrorKind::AddrInUse, "{words}");
        }
    }
}
