//! Whether the process may open as many files as it may have connections.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the process has open beside connections, with some room: components while
/// they are loaded, the log, the event loops.
const OTHERS: u64 = 128;

/// Raises the process' own limit of open files as far as `connections` need it and
/// the system lets it, and warns where that is not enough.
pub(super) fn make_room(connections: usize) {
    let needed = u64::try_from(connections).map_or(u64::MAX, |it| it.saturating_add(OTHERS));
    let limit = getrlimit(Resource::Nofile);
    // No limit at all is written as none.
    let Some(current) = limit.current.filter(|current| *current < needed) else {
        return;
    };
    let possible = limit.maximum.map_or(needed, |maximum| maximum.min(needed));
    let raised = Rlimit {
        current: Some(possible),
        maximum: limit.maximum,
    };
    let allowed = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => possible,
        Err(_) => current,
    };
    if allowed < needed {
        tracing::warn!(
            connections,
            needed,
            allowed,
            "the process may open fewer files than server.connections needs: \
             raise the hard limit (ulimit -Hn, LimitNOFILE) or lower server.connections"
        );
    }
}
