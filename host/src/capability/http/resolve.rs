//! From names to addresses, by the system's resolver.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// A name's addresses in the making.
pub(super) type Lookup = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Finds the addresses of a name.
pub(super) type Resolver = Arc<dyn Fn(String) -> Lookup + Send + Sync>;

/// How many lookups go on at once in the whole process. Each has a thread, of the 512
/// that the runtime makes for such things.
static ALL: Semaphore = Semaphore::const_new(64);

/// And how many of one client, so that slow names of one do not hold up the others'.
const OF_ONE: usize = 4;

/// What the system's `getaddrinfo` says. It cannot be interrupted: a lookup that nobody
/// waits for any more keeps its place until it ends by itself.
pub(super) fn system() -> Resolver {
    let own = Arc::new(Semaphore::new(OF_ONE));
    Arc::new(move |name| {
        let own = Arc::clone(&own);
        Box::pin(async move {
            let closed = |_| io::Error::other("no lookups any more");
            let own = own.acquire_owned().await.map_err(closed)?;
            let all = ALL.acquire().await.map_err(closed)?;
            let lookup = move || {
                let found = (name.as_str(), 0).to_socket_addrs();
                drop((own, all));
                found.map(|addresses| addresses.map(|address| address.ip()).collect())
            };
            let found = tokio::task::spawn_blocking(lookup).await;
            found.unwrap_or_else(|error| Err(io::Error::other(error)))
        })
    })
}
