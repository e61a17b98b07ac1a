//! `[admin]`

use super::reader::Table;
use super::server::read_address;
use std::net::SocketAddr;

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
pub(super) fn read(root: &Table<'_>) -> Option<Option<Admin>> {
    let Some(item) = root.optional("admin") else {
        return Some(None);
    };
    let table = item.table("[admin]".to_owned())?;
    let listen = read_address(&table);
    table.refuse_unknown_keys();
    Some(Some(Admin {
        listen: listen?.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 9090))),
    }))
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
}
