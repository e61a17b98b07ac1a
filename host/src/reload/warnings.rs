//! What an operator should know of a configuration that is good nevertheless: said at the
//! start, and at a reload where it is new.

use crate::auth::Auth;
use crate::snapshot::Snapshot;
use std::collections::BTreeSet;
use std::net::SocketAddr;

/// Where the process listens, whatever later configurations say.
#[derive(Debug, Clone)]
pub struct Bound {
    /// For callers; nothing where the command line has the say.
    pub server: Option<Listener>,
    /// For whoever runs the server, where there is such a listener.
    pub admin: Option<Listener>,
}

/// A socket that takes connections.
#[derive(Debug, Clone, Copy)]
pub struct Listener {
    /// What the configuration said when it was opened. Port 0 is any free one.
    pub asked: SocketAddr,
    /// What the system made of that.
    pub bound: SocketAddr,
}

impl Listener {
    fn is(self, wanted: SocketAddr) -> bool {
        [self.asked, self.bound].contains(&wanted)
    }
}

/// One thing to know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Warning {
    /// All calls together can take more than there is.
    BeyondMemory {
        /// How many calls there may be at once.
        slots: u32,
        /// What each can take, in bytes.
        call_bytes: u64,
        /// What there is, in bytes.
        memory_bytes: Option<u64>,
    },
    /// Anybody can call the webhook of this assistant.
    OpenToAll(String),
    /// `[server]` names another address than that of the socket.
    OtherAddress(SocketAddr),
    /// `[admin]` names another address than that of the socket.
    OtherAdminAddress(SocketAddr),
    /// There is a table `[admin]` and no such listener.
    NoAdminYet,
    /// There is an admin listener, and no table `[admin]` any more.
    StillAdmin(SocketAddr),
}

/// All that there is to know of what serves there.
#[must_use]
pub fn of(snapshot: &Snapshot, bound: &Bound) -> BTreeSet<Warning> {
    let capacity = snapshot.sandbox.capacity();
    let memory = capacity
        .is_beyond_memory()
        .then_some(Warning::BeyondMemory {
            slots: capacity.slots,
            call_bytes: capacity.call_bytes,
            memory_bytes: capacity.memory_bytes,
        });
    let is_open = |auth: &Auth| matches!(auth, Auth::None);
    let open = snapshot
        .assistants()
        .filter(|it| is_open(it.gate.auth()))
        .map(|it| Warning::OpenToAll(it.name.to_string()));
    let admin = snapshot.admin.map(|admin| admin.listen);
    let addresses = of_addresses(snapshot.server.listen, admin, bound);
    memory.into_iter().chain(open).chain(addresses).collect()
}

/// What is not as it was when the sockets were opened.
fn of_addresses(
    listen: SocketAddr,
    admin: Option<SocketAddr>,
    bound: &Bound,
) -> impl Iterator<Item = Warning> {
    let server = bound.server.filter(|it| !it.is(listen));
    let server = server.map(|_| Warning::OtherAddress(listen));
    let admin = match (admin, bound.admin) {
        (Some(wanted), Some(open)) if !open.is(wanted) => Some(Warning::OtherAdminAddress(wanted)),
        (Some(_), None) => Some(Warning::NoAdminYet),
        (None, Some(open)) => Some(Warning::StillAdmin(open.bound)),
        (Some(_), Some(_)) | (None, None) => None,
    };
    server.into_iter().chain(admin)
}

impl Warning {
    /// Writes it to the log.
    pub fn log(&self) {
        match self {
            Self::BeyondMemory {
                slots,
                call_bytes,
                memory_bytes,
            } => tracing::warn!(
                slots,
                call_bytes,
                memory_bytes,
                "all calls together can take more than the memory; lower `concurrency` in [sandbox]"
            ),
            Self::OpenToAll(assistant) => tracing::warn!(
                assistant = assistant.as_str(),
                "anybody can call this webhook: its auth kind is none"
            ),
            Self::OtherAddress(wanted) => tracing::warn!(
                %wanted,
                "`listen` in [server] is not changed before the next start"
            ),
            Self::OtherAdminAddress(wanted) => tracing::warn!(
                %wanted,
                "`listen` in [admin] is not changed before the next start"
            ),
            Self::NoAdminYet => {
                tracing::warn!("the admin listener of [admin] is not opened before the next start")
            }
            Self::StillAdmin(address) => tracing::warn!(
                %address,
                "there is no [admin] any more: its listener is not closed before the next start"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_with_the_sockets() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let socket = |asked: &str, bound: &str| {
            let (asked, bound) = (address(asked), address(bound));
            Some(Listener { asked, bound })
        };
        let bound = Bound {
            server: socket("0.0.0.0:80", "0.0.0.0:80"),
            admin: socket("127.0.0.1:0", "127.0.0.1:4321"),
        };
        let warnings = |listen: &str, admin: Option<&str>, bound: &Bound| {
            of_addresses(address(listen), admin.map(address), bound).collect::<Vec<_>>()
        };
        assert_eq!(warnings("0.0.0.0:80", Some("127.0.0.1:0"), &bound), []);
        assert_eq!(warnings("0.0.0.0:80", Some("127.0.0.1:4321"), &bound), []);
        assert_eq!(
            warnings("127.0.0.1:80", Some("127.0.0.1:9090"), &bound),
            [
                Warning::OtherAddress(address("127.0.0.1:80")),
                Warning::OtherAdminAddress(address("127.0.0.1:9090")),
            ]
        );
        let still = Warning::StillAdmin(address("127.0.0.1:4321"));
        assert_eq!(warnings("0.0.0.0:80", None, &bound), [still]);
        let only_admin = Bound {
            server: None,
            admin: None,
        };
        let admin = Some("127.0.0.1:9090");
        assert_eq!(
            warnings("1.2.3.4:80", admin, &only_admin),
            [Warning::NoAdminYet]
        );
    }
}
