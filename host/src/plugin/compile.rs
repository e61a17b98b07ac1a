//! Compiles a component in threads of its own, within a bound of time.
//!
//! The compiler cannot be interrupted. When its time is over nobody waits any longer,
//! but its threads run on to the end of that component, as the least important of all,
//! and what they made is dropped (kept, though, where `sandbox.cache` is set, for the
//! next attempt). They are not those of other components, which are compiled
//! nevertheless, unless several are busy in vain already.
//!
//! How much memory the compiler takes cannot be limited either: one function of 1.4 MB,
//! with many variables and many branches, was seen to take 7 GB. Its code and functions
//! are bounded by the size of the file (64 MiB) and by wasmtime (7.6 MB each), its
//! instances by `nesting`, and no more than four functions of a component are compiled
//! at once. So whoever takes components from strangers runs `retort check` over them
//! first, with a limit of the operating system on its memory.

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use rustix::process::Pid;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
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
const WANTED: i32 = 10;

/// The same for a compilation that nobody waits for any longer: a sixtieth of their share.
const UNWANTED: i32 = 19;

/// How many compilations may run on that nobody waits for, so that one attempt after the
/// other does not fill the memory.
const MOST_ABANDONED: usize = 4;

/// How many there are, in the whole process.
static ABANDONED: AtomicUsize = AtomicUsize::new(0);

/// Why there is no compiled code.
pub(super) enum CompileError {
    /// It is not a component, or not one that can be used; the compiler's words.
    Refused(String),
    /// It was not done in time.
    TooSlow,
    /// The compiler panicked, its threads could not be had, or too many are busy in vain.
    Broken(String),
}

/// Compiles the component that these bytes are, for as long as patience lasts.
pub(super) fn compile(
    engine: &Engine,
    bytes: Vec<u8>,
    patience: Duration,
) -> Result<Component, CompileError> {
    let abandoned = ABANDONED.load(Ordering::Relaxed);
    if abandoned >= MOST_ABANDONED {
        return Err(CompileError::Broken(format!(
            "the compiler is still busy with {abandoned} others that took it too long"
        )));
    }
    let ids = Arc::default();
    let threads = threads(&ids).map_err(|error| CompileError::Broken(error.to_string()))?;
    // Without room in between: what is sent is received, or nobody waits any longer.
    let (done, made) = mpsc::sync_channel(0);
    let engine = engine.clone();
    threads.spawn(move || {
        let compile = || Component::from_binary(&engine, &bytes);
        // The panic's own message is on standard error.
        if done.send(catch_unwind(AssertUnwindSafe(compile))).is_err() {
            ABANDONED.fetch_sub(1, Ordering::Relaxed);
        }
    });
    match made.recv_timeout(patience) {
        Ok(Ok(Ok(component))) => Ok(component),
        Ok(Ok(Err(error))) => Err(CompileError::Refused(error.root_cause().to_string())),
        Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => {
            Err(CompileError::Broken("the compiler panicked".to_owned()))
        }
        Err(RecvTimeoutError::Timeout) => {
            ABANDONED.fetch_add(1, Ordering::Relaxed);
            give_up(&ids);
            Err(CompileError::TooSlow)
        }
    }
}

/// What Linux knows the threads of one component by.
type Ids = Arc<Mutex<Vec<Pid>>>;

/// Threads for one component. They end by themselves when it is done.
fn threads(ids: &Ids) -> Result<ThreadPool, ThreadPoolBuildError> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let ids = Arc::clone(ids);
    ThreadPoolBuilder::new()
        .num_threads(cores.min(THREADS))
        .thread_name(|_| "retort-compile".to_owned())
        .stack_size(STACK)
        .start_handler(move |_| {
            let id = rustix::thread::gettid();
            lower(id, WANTED);
            ids.lock().unwrap_or_else(PoisonError::into_inner).push(id);
        })
        .build()
}

/// Lets all that nobody waits for any longer run when nothing else wants to.
fn give_up(ids: &Ids) {
    let ids = ids.lock().unwrap_or_else(PoisonError::into_inner);
    ids.iter().for_each(|id| lower(*id, UNWANTED));
}

/// Lowers the importance of a thread; Linux has one for each. It matters little if that
/// fails.
fn lower(thread: Pid, nice: i32) {
    if let Err(error) = rustix::process::setpriority_process(Some(thread), nice) {
        tracing::debug!(%error, "a thread of the compiler is as important as the others");
    }
}
