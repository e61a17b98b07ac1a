//! The two interfaces of `wasi:http` that a plugin may import. What is for servers is not
//! linked.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::p2::IoError;
use wasmtime_wasi_http::p2::bindings::LinkOptions;
use wasmtime_wasi_http::p2::bindings::http::{outgoing_handler, types};
use wasmtime_wasi_http::{Error, WasiHttp, WasiHttpView};

/// The version of `wasi:http` that wasmtime has.
const TYPES: &str = "wasi:http/types@0.2.12";

pub(crate) fn add_to_linker<T>(linker: &mut Linker<T>) -> wasmtime::Result<()>
where
    T: WasiHttpView + wasmtime_wasi::WasiView + 'static,
{
    outgoing_handler::add_to_linker::<T, WasiHttp>(linker, T::http)?;
    let options = LinkOptions::default();
    types::add_to_linker::<T, WasiHttp>(linker, &(&options).into(), T::http)?;
    // wasmtime's own never finds a code in the error of a body (version 48): it looks for
    // a type that such errors do not have.
    linker.allow_shadowing(true);
    linker.instance(TYPES)?.func_wrap(
        "http-error-code",
        |mut store: StoreContextMut<'_, T>, (error,): (Resource<IoError>,)| {
            let error = store.data_mut().ctx().table.get(&error)?;
            let code = error.downcast_ref::<types::ErrorCode>().cloned();
            Ok((code.or_else(|| of_body(error.downcast_ref()?)),))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

/// The code of an error that a body ended with.
fn of_body(error: &Error) -> Option<types::ErrorCode> {
    Some(match error {
        Error::HttpResponseBodySize(limit) => types::ErrorCode::HttpResponseBodySize(*limit),
        Error::HttpResponseTimeout => types::ErrorCode::HttpResponseTimeout,
        Error::ConnectionReadTimeout => types::ErrorCode::ConnectionReadTimeout,
        Error::HttpResponseIncomplete => types::ErrorCode::HttpResponseIncomplete,
        Error::ConnectionTerminated => types::ErrorCode::ConnectionTerminated,
        Error::HttpProtocolError => types::ErrorCode::HttpProtocolError,
        _ => return None,
    })
}
