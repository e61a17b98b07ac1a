//! The process that compiles one component and ends.

use super::confine::confine;
use crate::plugin::sandbox::code_settings;
use rayon::ThreadPoolBuilder;
use rustix::io::Errno;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use wasmtime::component::Component;
use wasmtime::{Cache, CacheConfig, Engine, OutOfMemory};

/// The compiled code is in the folder.
pub(super) const DONE: u8 = 0;

/// The compiler does not take the component. Its words are on standard error.
pub(super) const REFUSED: u8 = 1;

/// Something else is wrong, as standard error says.
pub(super) const FAILED: u8 = 2;

/// The operating system gave no more memory.
pub(super) const NO_MEMORY: u8 = 3;

/// The stack of each thread, in bytes: as much as a main thread has.
const STACK: usize = 8 << 20;

/// All that the child has for an environment. The bound counts memory that may be written,
/// used or not. By default the allocator takes that a gibibyte at a time; with these it
/// takes little more than what it hands out (v3 of mimalloc, and ignored by others).
pub(super) const ENVIRONMENT: [(&str, &str); 3] = [
    ("MIMALLOC_ARENA_EAGER_COMMIT", "0"),
    ("MIMALLOC_ARENA_RESERVE", "65536"),
    ("MIMALLOC_PAGE_COMMIT_ON_DEMAND", "1"),
];

/// What one process is to compile, and with what.
#[derive(Debug, Clone)]
pub struct Order {
    /// The folder for the compiled code, which is empty.
    pub folder: PathBuf,
    /// The most memory that it may take, in bytes.
    pub memory: u64,
    /// The most time on the cores that it may take, in seconds.
    pub cpu_seconds: u64,
    /// How many threads compile.
    pub threads: usize,
    /// The process that waits for it, and that it does not outlive.
    pub parent: i32,
}

impl Order {
    /// Compiles the component that comes on standard input, and returns the exit status.
    /// This gives up rights of the whole process, so the process has to end after it,
    /// and no other thread may run before it.
    #[must_use]
    pub fn execute(&self) -> u8 {
        let result = confine(self)
            .map_err(|error| Failure::Other(format!("cannot be confined: {error}")))
            .and_then(|()| self.compile());
        let (status, words) = match result {
            Ok(()) => (DONE, String::new()),
            Err(Failure::Refused(words)) => (REFUSED, words),
            Err(Failure::NoMemory) => (NO_MEMORY, String::new()),
            Err(Failure::Other(words)) => (FAILED, words),
        };
        // Nothing can be done where the parent has gone.
        let _ = write!(io::stderr(), "{words}");
        status
    }

    fn compile(&self) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes)?;
        let mut cache = CacheConfig::new();
        cache.with_directory(&self.folder);
        let cache = Cache::new(cache)?;
        let mut settings = code_settings();
        settings.cache(Some(cache.clone()));
        let engine = Engine::new(&settings)?;
        let threads = ThreadPoolBuilder::new()
            .num_threads(self.threads)
            .stack_size(STACK)
            .build()
            .map_err(|error| Failure::Other(error.to_string()))?;
        let compiled = threads.install(|| Component::from_binary(&engine, &bytes));
        if let Err(error) = compiled {
            return Err(match is_for_want_of_memory(&error) {
                true => Failure::NoMemory,
                false => Failure::Refused(error.root_cause().to_string()),
            });
        }
        // The cache counts what it has written.
        match cache.cache_misses() {
            0 => Err(Failure::Other(
                "the compiled code cannot be written; is the disk full?".to_owned(),
            )),
            _ => Ok(()),
        }
    }
}

/// Why there is no compiled code.
enum Failure {
    Refused(String),
    NoMemory,
    Other(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Other(error.to_string())
    }
}

impl From<wasmtime::Error> for Failure {
    fn from(error: wasmtime::Error) -> Self {
        Self::Other(format!("{error:#}"))
    }
}

/// Whether an error is the operating system's answer that there is no memory.
fn is_for_want_of_memory(error: &wasmtime::Error) -> bool {
    error.is::<OutOfMemory>()
        || error.downcast_ref::<Errno>() == Some(&Errno::NOMEM)
        || error
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::OutOfMemory)
}
