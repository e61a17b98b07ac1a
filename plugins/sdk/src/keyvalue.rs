//! What outlives a call: a store of values by key, through `wasi:keyvalue/store`.
//!
//! The stage needs the grant `keyvalue`, which says how much and for how long. What a
//! plugin keeps is its own and the tenant's: no other plugin and no other tenant sees
//! it, unless the operator lets two plugins of a tenant share a store.
//!
//! ```
//! use retort_sdk::{Invocation, Payload, Result, keyvalue};
//!
//! fn counts(_: &Invocation, _: &mut Payload) -> Result<()> {
//!     let store = keyvalue::open()?;
//!     let count: u64 = store.read("count")?.unwrap_or(0);
//!     store.write("count", &(count + 1))
//! }
//! # let store = retort_sdk::testing::Store::new();
//! # let call = retort_sdk::testing::Call::new().keyvalue(&store);
//! # call.outcome(counts, "{}").unwrap();
//! # call.outcome(counts, "{}").unwrap();
//! # assert_eq!(store.get("count").as_deref(), Some("2".as_bytes()));
//! ```
//!
//! A value may be gone at any time, because its time is over: a plugin has to be able to
//! do without. And two calls may run at once: what is read and then written again is
//! not counted exactly.

use serde::{Serialize, de::DeserializeOwned};

use crate::{Failure, Result};

/// Opens the store of this plugin and tenant.
///
/// # Errors
/// [`Failure::ServiceFailed`] if there is none or it does not answer.
pub fn open() -> Result<Bucket> {
    host::open().map(Bucket)
}

/// An open store.
///
/// The errors of its functions are [`Failure::ServiceFailed`] with the host's reason:
/// the store does not answer, the value is too large, the quota is used up. They repeat
/// neither keys nor values.
#[derive(Debug)]
pub struct Bucket(host::Bucket);

impl Bucket {
    /// The value of a key; nothing where there is none.
    ///
    /// # Errors
    /// [`Failure::ServiceFailed`] if the store does not answer.
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        host::get(&self.0, key)
    }

    /// Keeps a value, in the place of one that there may be, and its time begins anew.
    ///
    /// # Errors
    /// [`Failure::ServiceFailed`] if the store does not answer or has no room for it.
    pub fn set(&self, key: &str, value: &[u8]) -> Result<()> {
        host::set(&self.0, key, value)
    }

    /// Removes a key; one that is not there is no error.
    ///
    /// # Errors
    /// [`Failure::ServiceFailed`] if the store does not answer.
    pub fn delete(&self, key: &str) -> Result<()> {
        host::delete(&self.0, key)
    }

    /// The value of a key that was kept with [`write`](Self::write). One that cannot be
    /// read as this type, because another version of the plugin kept it, is not there.
    ///
    /// # Errors
    /// [`Failure::ServiceFailed`] if the store does not answer.
    pub fn read<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        let value = self.get(key)?;
        Ok(value.and_then(|value| serde_json::from_slice(&value).ok()))
    }

    /// Keeps a value as JSON.
    ///
    /// # Errors
    /// As of [`set`](Self::set), and [`Failure::Failed`] if it cannot be written as JSON.
    pub fn write<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<()> {
        self.set(key, &serde_json::to_vec(value)?)
    }
}

fn failed(reason: &str) -> Failure {
    Failure::service_failed(format!("the key-value store: {reason}"))
}

#[cfg(target_family = "wasm")]
mod host {
    use super::failed;
    use crate::{Failure, Result, bindings::keyvalue};

    pub(super) use keyvalue::Bucket;

    /// The name by which WASI knows the only store that there is.
    const NAME: &str = "";

    pub(super) fn open() -> Result<Bucket> {
        keyvalue::open(NAME).map_err(reason)
    }

    pub(super) fn get(bucket: &Bucket, key: &str) -> Result<Option<Vec<u8>>> {
        bucket.get(key).map_err(reason)
    }

    pub(super) fn set(bucket: &Bucket, key: &str, value: &[u8]) -> Result<()> {
        bucket.set(key, value).map_err(reason)
    }

    pub(super) fn delete(bucket: &Bucket, key: &str) -> Result<()> {
        bucket.delete(key).map_err(reason)
    }

    fn reason(error: keyvalue::Error) -> Failure {
        match error {
            keyvalue::Error::NoSuchStore => failed("there is none of this name"),
            keyvalue::Error::AccessDenied => failed("access is denied"),
            keyvalue::Error::Other(reason) => failed(&reason),
        }
    }
}

/// Outside of a host the store is what the test gives.
#[cfg(not(target_family = "wasm"))]
mod host {
    use super::failed;
    use crate::{Result, testing};

    pub(super) use testing::Store as Bucket;

    pub(super) fn open() -> Result<Bucket> {
        let store = testing::services(|services| services.store());
        store.ok_or_else(|| failed("the test gives none: see `testing::Call::keyvalue`"))
    }

    pub(super) fn get(bucket: &Bucket, key: &str) -> Result<Option<Vec<u8>>> {
        answers(bucket)?;
        Ok(bucket.get(key))
    }

    pub(super) fn set(bucket: &Bucket, key: &str, value: &[u8]) -> Result<()> {
        answers(bucket)?;
        bucket.set(key, value);
        Ok(())
    }

    pub(super) fn delete(bucket: &Bucket, key: &str) -> Result<()> {
        answers(bucket)?;
        bucket.delete(key);
        Ok(())
    }

    fn answers(bucket: &Bucket) -> Result<()> {
        match bucket.is_down() {
            true => Err(failed("it is down")),
            false => Ok(()),
        }
    }
}
