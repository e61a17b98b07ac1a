//! Compiles a component in a process of its own, within bounds of memory and time.
//!
//! A component of 1.4 MB was seen to take the compiler 7 GB, and a compilation cannot be
//! interrupted from within. So `retort` starts itself again with a hidden command
//! (`compile::child`). That process bounds its own memory and CPU time, gives up every
//! right that it does not need, and writes the compiled code into a folder that is made
//! for this one compilation. The parent moves the code into wasmtime's cache, from where
//! its engine loads it. That engine has no compiler: what is not in the cache is an
//! error and not a compilation without bounds.

pub(super) mod child;
mod confine;

use super::sandbox::Sandbox;
use crate::config;
use std::io::{self, Read, Write};
use std::num::NonZero;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use wasmtime::Engine;
use wasmtime::component::Component;

/// The name of the hidden command.
pub const COMMAND: &str = "compile-component";

/// The most threads for one component. Several components are compiled at once already.
const THREADS: usize = 4;

/// The most compilers at once. Together they take at most this many times
/// `compile_memory`.
const MOST: usize = 4;

/// Compilers together may take this part of the machine's memory; the first one may
/// take more.
const PART: u64 = 2;

/// The most of what a compiler says that is read, in bytes.
const MOST_WORDS: u64 = 16 << 10;

/// How often to look whether a process that has closed its output has ended.
const PAUSE: Duration = Duration::from_millis(1);

/// Signals that a compiler can end by, as Linux numbers them.
const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;
const SIGXCPU: i32 = 24;

/// Where components are compiled.
#[derive(Debug, Clone)]
pub enum Compiler {
    /// In a process of their own, which [`Compiler::child`] says more about.
    Child {
        /// The `retort` program.
        program: PathBuf,
        /// How many compilers are running, in the whole process.
        running: Arc<Running>,
    },
    /// In this process, without bounds of memory or time. This is for tests and
    /// benchmarks, whose own program has no command that compiles.
    InProcess,
}

impl Compiler {
    /// Starts this program for each component. The path names the program that is
    /// running, also after an upgrade has replaced or removed its file.
    #[must_use]
    pub fn this_program() -> Self {
        Self::child("/proc/self/exe".into())
    }

    /// Starts a program for each component, which has to be `retort` of the same build.
    #[must_use]
    pub fn child(program: PathBuf) -> Self {
        Self::Child {
            program,
            running: Arc::default(),
        }
    }
}

/// Counts the compilers that run at once.
#[derive(Debug, Default)]
pub struct Running {
    number: Mutex<usize>,
    fewer: Condvar,
}

impl Running {
    /// Waits until fewer than `most` are running. Each of them ends within its
    /// `compile_timeout`, and no more than one thread a core waits here.
    fn start(&self, most: usize) -> RunningOne<'_> {
        let number = self.number.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = self.fewer.wait_while(number, |number| *number >= most);
        *wait.unwrap_or_else(PoisonError::into_inner) += 1;
        RunningOne(self)
    }
}

/// One compiler that is counted until this is dropped.
struct RunningOne<'a>(&'a Running);

impl Drop for RunningOne<'_> {
    fn drop(&mut self) {
        let number = &self.0.number;
        *number.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.fewer.notify_one();
    }
}

/// How many compilers may run at once, where the process may take this much memory.
fn most_at_once(cores: usize, memory: Option<u64>, compile_memory: u64) -> usize {
    let room = memory.map_or(MOST, |memory| {
        usize::try_from(memory / PART / compile_memory.max(1)).unwrap_or(MOST)
    });
    cores.min(MOST).min(room).max(1)
}

/// What one compilation may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileBounds {
    /// From the start of the compiler to its end.
    pub time: Duration,
    /// The compiler's memory, in bytes.
    pub memory: u64,
}

impl CompileBounds {
    /// What the configuration says.
    #[must_use]
    pub fn of(settings: &config::Sandbox) -> Self {
        Self {
            time: settings.compile_timeout,
            memory: settings.compile_memory,
        }
    }
}

/// Why there is no compiled code.
pub(super) enum CompileError {
    /// It is not a component, or not one that can be used; the compiler's words.
    Refused(String),
    /// It was not done in time.
    TooSlow,
    /// It takes more memory than the compiler may have.
    TooLarge,
    /// The compiler failed, or could not be started.
    Broken(String),
}

/// Compiles the component that these bytes are, or loads it where its code is kept.
pub(super) fn compile(
    sandbox: &Sandbox,
    bytes: Vec<u8>,
    bounds: &CompileBounds,
) -> Result<Component, CompileError> {
    let engine = &sandbox.engine;
    let refused = |error: &wasmtime::Error| CompileError::Refused(error.root_cause().to_string());
    let (program, running, cache) = match (&sandbox.compiler, &sandbox.cache) {
        (Compiler::Child { program, running }, Some(cache)) => (program, running, cache),
        _ => return Component::from_binary(engine, &bytes).map_err(|error| refused(&error)),
    };
    if cache.is_kept()
        && let Ok(component) = Component::from_binary(engine, &bytes)
    {
        return Ok(component);
    }
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let most = most_at_once(cores, sandbox.capacity().memory_bytes, bounds.memory);
    let broken = |error: io::Error| CompileError::Broken(error.to_string());
    let bytes = Arc::new(bytes);
    let code = {
        let _one = running.start(most);
        let folder = cache.work_folder().map_err(broken)?;
        run(program, folder.path(), &bytes, bounds, cores.min(THREADS))?;
        let name = cache.name_of(engine, &bytes);
        cache.take(folder.path(), &name).map_err(broken)?
    };
    let component = Component::from_binary(engine, &bytes).map_err(|error| {
        if is_without_compiler(engine, &error) {
            let what = "this engine cannot load what the compiler has made";
            CompileError::Broken(what.to_owned())
        } else {
            refused(&error)
        }
    });
    code.loaded();
    component
}

/// Whether an error is that of an engine without a compiler that found no code in its
/// cache. The engine itself says how that reads.
fn is_without_compiler(engine: &Engine, error: &wasmtime::Error) -> bool {
    engine
        .precompile_component(&[])
        .is_err_and(|without| without.root_cause().to_string() == error.root_cause().to_string())
}

/// Has a child compile these bytes into a folder. When this returns, the child has ended.
fn run(
    program: &Path,
    folder: &Path,
    bytes: &Arc<Vec<u8>>,
    bounds: &CompileBounds,
    threads: usize,
) -> Result<(), CompileError> {
    let deadline = Instant::now() + bounds.time;
    let cannot_start =
        |error: io::Error| CompileError::Broken(format!("the compiler cannot be started: {error}"));
    let mut child = start(program, folder, bounds, threads).map_err(cannot_start)?;
    // These threads end with the child: then nobody has the other ends of the pipes.
    if let Some(mut input) = child.0.stdin.take() {
        let bytes = Arc::clone(bytes);
        // A child that ends early says why.
        spawn(move || drop(input.write_all(&bytes))).map_err(cannot_start)?;
    }
    let (said, words) = mpsc::sync_channel(1);
    if let Some(output) = child.0.stderr.take() {
        let read = move || {
            let mut words = Vec::new();
            let _ = output.take(MOST_WORDS).read_to_end(&mut words);
            let _ = said.send(String::from_utf8_lossy(&words).trim().to_owned());
        };
        spawn(read).map_err(cannot_start)?;
    }
    let words = match words.recv_timeout(bounds.time) {
        Ok(words) => words,
        Err(RecvTimeoutError::Timeout) => return Err(CompileError::TooSlow),
        Err(RecvTimeoutError::Disconnected) => String::new(),
    };
    loop {
        match child.0.try_wait() {
            Ok(Some(status)) => return ending(status, words),
            Ok(None) if Instant::now() < deadline => thread::sleep(PAUSE),
            Ok(None) => return Err(CompileError::TooSlow),
            Err(error) => return Err(CompileError::Broken(error.to_string())),
        }
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let name = "retort-compile".to_owned();
    thread::Builder::new().name(name).spawn(work).map(drop)
}

/// A child that does not outlive this, and is never left unwaited for.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It fails where the child has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the child with nothing but its orders and two pipes. It has a process group of
/// its own, so that Ctrl-C on a terminal reaches the parent alone.
fn start(
    program: &Path,
    folder: &Path,
    bounds: &CompileBounds,
    threads: usize,
) -> io::Result<Ended> {
    // Whole seconds of all threads, and one to spare: the time bound comes first.
    let cpu = (bounds.time.as_secs() + 1).saturating_mul(threads as u64) + 1;
    Command::new(program)
        .arg0("retort")
        .arg(COMMAND)
        .arg("--memory")
        .arg(bounds.memory.to_string())
        .arg("--cpu-seconds")
        .arg(cpu.to_string())
        .arg("--threads")
        .arg(threads.to_string())
        .arg("--parent")
        .arg(std::process::id().to_string())
        .arg(folder)
        .env_clear()
        .envs(child::ENVIRONMENT)
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map(Ended)
}

/// What the end of a child and its words say.
fn ending(status: ExitStatus, words: String) -> Result<(), CompileError> {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    match (code, status.signal()) {
        (Some(child::DONE), _) => Ok(()),
        (Some(child::REFUSED), _) => Err(CompileError::Refused(words)),
        (Some(child::NO_MEMORY), _) => Err(CompileError::TooLarge),
        // The words of Rust's standard library for an allocation that failed.
        (_, Some(SIGABRT)) if words.contains("memory allocation of") => Err(CompileError::TooLarge),
        (_, Some(SIGXCPU)) => Err(CompileError::TooSlow),
        (_, Some(SIGKILL)) => Err(CompileError::Broken(
            "the compiler was killed, probably because the machine or the control group has no memory left".to_owned(),
        )),
        _ if words.is_empty() => Err(CompileError::Broken(format!(
            "the compiler ended with {status}"
        ))),
        _ => Err(CompileError::Broken(format!(
            "the compiler ended with {status}: {}",
            words.replace('\n', " ")
        ))),
    }
}

#[cfg(test)]
mod tests;
