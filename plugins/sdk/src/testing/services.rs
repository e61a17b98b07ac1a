//! What stands outside of a host in the place of what it grants.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::Call;
use crate::{
    Result,
    http::{Request, Response},
};

/// What answers the requests of [`http`](crate::http).
pub(crate) type Service = Arc<dyn Fn(&Request) -> Result<Response> + Send + Sync>;

/// What a call may reach.
#[derive(Clone, Default)]
pub(crate) struct Services {
    http: Option<Service>,
    store: Option<Store>,
    config: Vec<(String, String)>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Services {
    pub(crate) fn http(&self) -> Option<Service> {
        self.http.clone()
    }

    pub(crate) fn store(&self) -> Option<Store> {
        self.store.clone()
    }

    pub(crate) fn config(&self) -> Vec<(String, String)> {
        self.config.clone()
    }

    pub(crate) fn log(&self, line: String) {
        lock(&self.log).push(line);
    }

    /// Runs something that reaches these services.
    pub(super) fn within<T>(&self, run: impl FnOnce() -> T) -> T {
        let _before = Before(CURRENT.replace(self.clone()));
        run()
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}

thread_local! {
    static CURRENT: RefCell<Services> = RefCell::default();
}

/// What a call reaches that runs inside of another; put back even after a panic.
struct Before(Services);

impl Drop for Before {
    fn drop(&mut self) {
        CURRENT.set(std::mem::take(&mut self.0));
    }
}

/// Asks for a part of what the running call may reach.
pub(crate) fn services<T>(ask: impl FnOnce(&Services) -> T) -> T {
    CURRENT.with_borrow(|services| ask(services))
}

/// A key-value store in memory. Its clones are the same store, so that a test can give
/// it to several calls and look into it.
#[derive(Clone, Debug, Default)]
pub struct Store(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    values: BTreeMap<String, Vec<u8>>,
    is_down: bool,
}

impl Store {
    /// A store with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        lock(&self.0).values.get(key).cloned()
    }

    /// Keeps a value.
    pub fn set(&self, key: &str, value: &[u8]) {
        lock(&self.0)
            .values
            .insert(key.to_owned(), value.to_owned());
    }

    /// Removes a value.
    pub fn delete(&self, key: &str) {
        lock(&self.0).values.remove(key);
    }

    /// All keys, in order.
    pub fn keys(&self) -> Vec<String> {
        lock(&self.0).values.keys().cloned().collect()
    }

    /// From now on the store answers no plugin, or does again.
    pub fn set_down(&self, is_down: bool) {
        lock(&self.0).is_down = is_down;
    }

    pub(crate) fn is_down(&self) -> bool {
        lock(&self.0).is_down
    }
}

/// What a test that panicked has left is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Call {
    /// With this function in the place of every service on the network. It gets each
    /// request of [`http`](crate::http) and returns the answer, or the failure that a
    /// service would be that does not answer. Without it every request fails.
    #[must_use]
    pub fn http(
        mut self,
        service: impl Fn(&Request) -> Result<Response> + Send + Sync + 'static,
    ) -> Self {
        self.services.http = Some(Arc::new(service));
        self
    }

    /// With this store behind [`keyvalue`](crate::keyvalue), as with the grant of that
    /// name. Without it there is none.
    #[must_use]
    pub fn keyvalue(mut self, store: &Store) -> Self {
        self.services.store = Some(store.clone());
        self
    }

    /// With one more setting behind [`config`](crate::config).
    #[must_use]
    pub fn config(mut self, name: &str, value: &str) -> Self {
        let setting = (name.to_owned(), value.to_owned());
        self.services.config.push(setting);
        self
    }

    /// What was logged in this call and its clones so far: the level in lower case, `: `,
    /// the context and `: ` if there is one, the message.
    pub fn logged(&self) -> Vec<String> {
        lock(&self.services.log).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Invocation, Payload, config, keyvalue, log};

    #[test]
    fn a_call_reaches_its_own_services_only() {
        fn remembers(_: &Invocation, _: &mut Payload<'_>) -> Result<()> {
            log::log(log::Level::Critical, "part", "it runs");
            let store = keyvalue::open()?;
            store.set("name", config::get("name")?.unwrap_or_default().as_bytes())
        }
        let store = Store::new();
        let call = Call::new().keyvalue(&store).config("name", "Jo");
        call.outcome(remembers, "{}").unwrap();
        assert_eq!(store.get("name").as_deref(), Some(&b"Jo"[..]));
        assert_eq!(call.logged(), ["critical: part: it runs"]);
        let other = Call::new();
        let failure = other.outcome(remembers, "{}").unwrap_err();
        assert!(failure.message().contains("Call::keyvalue"), "{failure}");
        assert_eq!(other.logged().len(), 1);
        assert_eq!(call.logged().len(), 1);
        assert_eq!(config::all(), Ok(Vec::new()));
    }

    #[test]
    fn a_store_that_is_down_fails_without_keys() {
        fn reads(_: &Invocation, _: &mut Payload<'_>) -> Result<()> {
            let store = keyvalue::open()?;
            store.write("hidden", &1)?;
            store.delete("hidden")?;
            assert_eq!(store.read::<u8>("hidden")?, None);
            store.write("hidden", "text")?;
            assert_eq!(store.read::<u8>("hidden")?, None);
            Ok(())
        }
        let store = Store::new();
        let call = Call::new().keyvalue(&store);
        call.outcome(reads, "{}").unwrap();
        assert_eq!(store.keys(), ["hidden"]);
        store.set_down(true);
        let failure = call.outcome(reads, "{}").unwrap_err();
        assert!(!failure.message().contains("hidden"), "{failure}");
    }
}
