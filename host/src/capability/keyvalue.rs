//! `wasi:keyvalue/store`: the bucket that a stage is granted, which is there under the
//! names "" and "default". What goes wrong with it the plugin gets as an error in plain
//! words, and the log has it once for each call.

use super::View;
use crate::keyvalue::{Bucket, Error as Fault};
use generated::wasi::keyvalue::store::{self, Error, KeyResponse};
use std::marker::PhantomData;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};

mod generated {
    wasmtime::component::bindgen!({
        path: "../wit/wasi/keyvalue",
        inline: "package retort:host-keyvalue; world imports { import wasi:keyvalue/store@0.2.0-draft; }",
        world: "retort:host-keyvalue/imports",
        imports: { default: async | trappable },
        with: { "wasi:keyvalue/store.bucket": crate::keyvalue::Bucket },
    });
}

/// What one call has told of its store.
#[derive(Default)]
pub(crate) struct Told(bool);

/// What a store's data gives this interface.
pub(crate) struct Call<'a> {
    /// The bucket of the stage, if it is granted one.
    pub(crate) bucket: Option<&'a Bucket>,
    /// The plugin's name.
    pub(crate) plugin: &'a str,
    /// Buckets that are open.
    pub(crate) handles: &'a mut ResourceTable,
    pub(crate) told: &'a mut Told,
}

/// A store's data with a place for buckets.
pub(crate) trait Keeps: Send {
    /// For one operation.
    fn keyvalue(&mut self) -> Call<'_>;
}

pub(super) fn add_to_linker<T: View>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    store::add_to_linker::<T, HasStore<T>>(linker, |data| Stored(data))
}

struct Stored<'a, T>(&'a mut T);

struct HasStore<T>(PhantomData<T>);

impl<T: 'static> HasData for HasStore<T> {
    type Data<'a> = Stored<'a, T>;
}

impl<T: View> Stored<'_, T> {
    fn bucket(&mut self, handle: &Resource<Bucket>) -> wasmtime::Result<Bucket> {
        Ok(self.0.keyvalue().handles.get(handle)?.clone())
    }

    /// A result as the plugin gets it.
    fn told<R>(&mut self, result: Result<R, Fault>) -> Result<R, Error> {
        result.map_err(|fault| {
            let call = self.0.keyvalue();
            // That a store does not answer is logged once, and not for each call.
            let known = fault == Fault::NotAnswering;
            if !known && !std::mem::replace(&mut call.told.0, true) {
                let (plugin, error) = (call.plugin, fault.to_string());
                let reason = fault.reason();
                tracing::warn!(
                    plugin,
                    error,
                    reason,
                    "the plugin's key-value operation failed"
                );
            }
            Error::Other(fault.to_string())
        })
    }
}

impl<T: View> store::Host for Stored<'_, T> {
    async fn open(
        &mut self,
        identifier: String,
    ) -> wasmtime::Result<Result<Resource<Bucket>, Error>> {
        let call = self.0.keyvalue();
        let Some(bucket) = call.bucket else {
            return Ok(Err(Error::AccessDenied));
        };
        if !matches!(identifier.as_str(), "" | "default") {
            return Ok(Err(Error::NoSuchStore));
        }
        // A plugin that opens them without end has as many as it may have handles.
        let full = |_| Error::Other("too many buckets are open".to_owned());
        Ok(call.handles.push(bucket.clone()).map_err(full))
    }
}

impl<T: View> store::HostBucket for Stored<'_, T> {
    async fn get(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        let result = self.bucket(&bucket)?.get(&key).await;
        Ok(self.told(result))
    }

    async fn set(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let result = self.bucket(&bucket)?.set(&key, &value).await;
        Ok(self.told(result))
    }

    async fn delete(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
    ) -> wasmtime::Result<Result<(), Error>> {
        let result = self.bucket(&bucket)?.delete(&key).await;
        Ok(self.told(result))
    }

    async fn exists(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
    ) -> wasmtime::Result<Result<bool, Error>> {
        let result = self.bucket(&bucket)?.exists(&key).await;
        Ok(self.told(result))
    }

    async fn list_keys(
        &mut self,
        bucket: Resource<Bucket>,
        cursor: Option<u64>,
    ) -> wasmtime::Result<Result<KeyResponse, Error>> {
        let result = self.bucket(&bucket)?.list_keys(cursor).await;
        Ok(self.told(result).map(|page| KeyResponse {
            keys: page.keys,
            cursor: page.next,
        }))
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.0.keyvalue().handles.delete(bucket)?;
        Ok(())
    }
}
