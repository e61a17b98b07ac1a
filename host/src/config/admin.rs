//! `[admin]`

use super::reader::Table;
use super::server::address;
use std::net::{IpAddr, SocketAddr};

/// The listener for whoever runs the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admin {
    /// Where to listen. Default: `127.0.0.1:9090`.
    pub listen: SocketAddr,
}

/// `None` inside is a server without such a listener.
#[expect(
    clippy::option_option,
    reason = "absent and wrong are two things, and both are handled with `?`"
)]
pub(super) fn read(root: &Table<'_>, server: Option<SocketAddr>) -> Option<Option<Admin>> {
    let Some(item) = root.optional("admin") else {
        return Some(None);
    };
    let table = item.clone().table("[admin]".to_owned())?;
    let named = table.optional("listen");
    let listen = match &named {
        Some(item) => address(item),
        None => Some(SocketAddr::from(([127, 0, 0, 1], 9090))),
    };
    table.refuse_unknown_keys();
    let listen = listen?;
    if let Some(server) = server.filter(|server| overlap(*server, listen)) {
        return named.unwrap_or(item).refuse(
            format!("{listen} is taken by `listen` in [server], which is {server}"),
            "give the admin listener a port of its own",
        );
    }
    Some(Some(Admin { listen }))
}

/// Whether the system refuses to listen on both.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    // Port 0 is any free one.
    if one.port() != other.port() || one.port() == 0 {
        return false;
    }
    let (one, other) = (one.ip().to_canonical(), other.ip().to_canonical());
    let takes = |all: IpAddr, it: IpAddr| match all {
        IpAddr::V4(all) => all.is_unspecified() && it.is_ipv4(),
        // It takes those of IPv4 too.
        IpAddr::V6(all) => all.is_unspecified(),
    };
    one == other || takes(one, other) || takes(other, one)
}

#[cfg(test)]
mod tests {
    use super::super::tests::parse;

    #[test]
    fn there_is_no_admin_listener_unless_its_table_is_there() {
        assert_eq!(parse("").unwrap().admin, None);
        let listen = |text: &str| parse(text).unwrap().admin.unwrap().listen.to_string();
        assert_eq!(listen("[admin]"), "127.0.0.1:9090");
        assert_eq!(listen("admin.listen = \"[::1]:1\""), "[::1]:1");
        assert!(parse("admin.listen = 9090").is_err());
        assert!(parse("admin.port = 9090").is_err());
    }

    #[test]
    fn it_does_not_listen_where_the_server_does() {
        let both = |server: &str, admin: &str| {
            let text = format!("server.listen = \"{server}\"\nadmin.listen = \"{admin}\"");
            parse(&text).is_ok()
        };
        for (server, admin) in [
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("127.0.0.1:80", "0.0.0.0:80"),
            ("[::]:80", "0.0.0.0:80"),
            ("[::]:80", "127.0.0.1:80"),
            ("[::1]:80", "[::]:80"),
            ("[::ffff:127.0.0.1]:80", "127.0.0.1:80"),
        ] {
            assert!(!both(server, admin), "{server} {admin}");
        }
        for (server, admin) in [
            ("127.0.0.1:80", "127.0.0.1:81"),
            ("127.0.0.1:80", "127.0.0.2:80"),
            ("0.0.0.0:80", "[::1]:80"),
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("[::]:0", "0.0.0.0:0"),
        ] {
            assert!(both(server, admin), "{server} {admin}");
        }
        // The defaults are compared as well.
        assert!(parse("admin.listen = \"127.0.0.1:8080\"").is_err());
        assert!(parse("server.listen = \"0.0.0.0:9090\"\n[admin]").is_err());
    }
}
