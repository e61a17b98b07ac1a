//! The part of WASI that a language's standard library needs to start and to
//! print, with nothing behind it: no files, no environment, no arguments, no
//! input. Sockets are not even linked, so a plugin that asks for them is refused
//! when it is loaded.

use wasmtime::component::Linker;
use wasmtime_wasi::cli::StdoutStream;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiView};

/// The packages whose interfaces are linked, up to the first slash of their names.
pub(crate) const PACKAGES: [&str; 5] = [
    "wasi:cli",
    "wasi:clocks",
    "wasi:filesystem",
    "wasi:io",
    "wasi:random",
];

/// The most random bytes that one host call makes.
const RANDOM_BYTES: u64 = 64 << 10;

/// Links the interfaces of [`PACKAGES`].
pub(crate) fn add_to_linker<T: WasiView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    use wasmtime_wasi::cli::{WasiCli, WasiCliView};
    use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
    use wasmtime_wasi::p2::bindings::{cli, filesystem};
    use wasmtime_wasi::random::{WasiRandom, WasiRandomView};

    // Clocks, streams, polling, secure random numbers and the standard streams.
    wasmtime_wasi::p2::add_to_linker_proxy_interfaces_async(linker)?;
    cli::environment::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::exit::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_input::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_output::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_stdin::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_stdout::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_stderr::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    filesystem::preopens::add_to_linker::<T, WasiFilesystem>(linker, T::filesystem)?;
    filesystem::types::add_to_linker::<T, WasiFilesystem>(linker, T::filesystem)?;
    wasmtime_wasi::p2::bindings::random::insecure::add_to_linker::<T, WasiRandom>(
        linker,
        T::random,
    )?;
    wasmtime_wasi::p2::bindings::random::insecure_seed::add_to_linker::<T, WasiRandom>(
        linker,
        T::random,
    )
}

/// What one call gets: two streams that end in the log.
pub(crate) fn prepare(
    stdout: impl StdoutStream + 'static,
    stderr: impl StdoutStream + 'static,
) -> WasiCtx {
    // A new builder grants nothing; only what is named here is there.
    WasiCtxBuilder::new()
        .stdout(stdout)
        .stderr(stderr)
        .max_random_size(RANDOM_BYTES)
        .build()
}
