//! Compiles a component in threads of its own, within a bound of time.
//!
//! The compiler cannot be interrupted. When its time is over nobody waits any longer,
//! but its threads run on to the end of that component, and what they made is dropped
//! (kept, though, where `sandbox.cache` is set, for the next attempt). They share no
//! threads with other components, so these are compiled nevertheless.
//!
//! How much memory the compiler takes cannot be limited either: one function of 1.4 MB,
//! with many variables and many branches, was seen to take 7 GB. Its code and functions
//! are bounded by the size of the file (64 MiB) and by wasmtime (7.6 MB each), its
//! instances by `nesting`, and no more than four functions of a component are compiled
//! at once. So whoever takes components from strangers runs `retort check` over them
//! first, with a limit of the operating system on its memory.

use rayon::{ThreadPool, ThreadPoolBuilder};
use std::num::NonZero;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;
use wasmtime::Engine;
use wasmtime::component::Component;

/// The most threads for one component. Several components are compiled at once already.
const THREADS: usize = 4;

/// The stack of each, in bytes: as much as a main thread has.
const STACK: usize = 8 << 20;

/// How much the threads give way to those that serve requests, where both want to run: a
/// nice value of 10 is about a tenth of their share.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Why there is no compiled code.
pub(super) enum CompileError {
    /// It is not a component, or not one that can be used; the compiler's words.
    Refused(String),
    /// It was not done in time.
    TooSlow,
    /// The compiler panicked, or its threads could not be had.
    Broken(String),
}

/// Compiles the component that these bytes are, for as long as patience lasts.
pub(super) fn compile(
    engine: &Engine,
    bytes: Vec<u8>,
    patience: Duration,
) -> Result<Component, CompileError> {
    let threads = threads().map_err(|error| CompileError::Broken(error.to_string()))?;
    let (done, result) = mpsc::channel();
    let engine = engine.clone();
    threads.spawn(move || {
        // Nobody receives it any longer where it comes too late.
        let _ = done.send(Component::from_binary(&engine, &bytes));
    });
    match result.recv_timeout(patience) {
        Ok(Ok(component)) => Ok(component),
        Ok(Err(error)) => Err(CompileError::Refused(error.root_cause().to_string())),
        Err(RecvTimeoutError::Timeout) => Err(CompileError::TooSlow),
        Err(RecvTimeoutError::Disconnected) => {
            Err(CompileError::Broken("the compiler panicked".to_owned()))
        }
    }
}

/// Threads for one component. They end by themselves when it is done.
fn threads() -> Result<ThreadPool, rayon::ThreadPoolBuildError> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    ThreadPoolBuilder::new()
        .num_threads(cores.min(THREADS))
        .thread_name(|_| "retort-compile".to_owned())
        .stack_size(STACK)
        .start_handler(|_| give_way())
        // The panic's own message is on standard error; without this the process would end.
        .panic_handler(|_| ())
        .build()
}

/// Lowers the importance of the calling thread, which Linux has for each of its own.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "the compiler's threads are as important as the others");
    }
}
