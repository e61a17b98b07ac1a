//! The one wasmtime engine, set up so that a fresh instance costs little and no
//! guest can run longer, grow larger or be more numerous than the limits say.

use super::cache::CodeCache;
use super::capacity::Capacity;
use super::compile::Compiler;
use super::minimum::Minimum;
use super::state::State;
use crate::capability;
use crate::config;
use crate::limits::Limits;
use bytesize::ByteSize;
use std::path::PathBuf;
use std::time::Duration;
use wasmtime::component::Linker;
use wasmtime::{
    Config, Enabled, Engine, EngineWeak, InstanceAllocationStrategy, PoolingAllocationConfig,
};

/// How often a running guest gives way to others, and sees its deadline. At 10 ms
/// the others wait noticeably; at 1 ms they do not, and the guest does not either.
const EPOCH: Duration = Duration::from_millis(1);

/// What one component may be made of. A component of the usual tools has one
/// memory and three core instances: its own module and two small adapters.
const CORE_INSTANCES: u32 = 16;
const MEMORIES: u32 = 2;
const TABLES: u32 = 16;

/// This many bytes at the start of a memory and of a table are written over after each call,
/// which spares the page faults of the next one; what lies behind them goes back to the
/// system. The bundled plugins have their stack and most of their heap there. More would
/// make every call pay for it, some 3 µs for each 100 KiB.
const RESIDENT_MEMORY: usize = 256 << 10;
const RESIDENT_TABLE: usize = 64 << 10;

/// Host functions run on the guest's stack, behind what the guest may use.
const HOST_STACK: usize = 1536 << 10;

/// Compiles components and lends them places to run in.
///
/// A place is cleaned without asking the kernel which of its pages were written
/// (`PAGEMAP_SCAN`, which wasmtime can use): wasmtime 48 asks for pages that are present,
/// and a page that is in swap, or that the kernel is moving elsewhere at this moment, is
/// not. It would keep what the last call left there, for another tenant to read, and in a
/// table that is code pointers. Locking the memory (`mlockall`) would not help against
/// pages that are moved, takes a privilege, and has the kernel refuse to take pages back.
pub struct Sandbox {
    pub(super) engine: Engine,
    pub(super) linker: Linker<State>,
    capacity: Capacity,
    settings: config::Sandbox,
    largest: Limits,
    pub(super) compiler: Compiler,
    /// Where compiled code comes from. In tests there may be none.
    pub(super) cache: Option<CodeCache>,
}

impl Sandbox {
    /// Prepares an engine whose pool has `settings.concurrency` places, or as many as
    /// the memory has room for, each as large as the largest of the limits in use.
    ///
    /// # Errors
    /// The operating system's, mostly: the pool's address space cannot be had, or the
    /// folder for compiled code cannot be made.
    pub fn new(
        settings: &config::Sandbox,
        largest: &Limits,
        compiler: &Compiler,
    ) -> Result<Self, SandboxError> {
        let opened = match (&settings.cache, compiler) {
            (Some(folder), _) => {
                Some(
                    CodeCache::kept(folder).map_err(|error| SandboxError::NoCache {
                        folder: folder.clone(),
                        reason: error.root_cause().to_string(),
                    })?,
                )
            }
            (None, Compiler::Child { .. }) => {
                let no_folder = |error| SandboxError::NoFolder(format!("{error:#}"));
                Some(CodeCache::temporary().map_err(no_folder)?)
            }
            (None, Compiler::InProcess) => None,
        };
        let (cache, for_engine) = opened.unzip();
        let capacity = Capacity::of(settings, largest).ok_or(SandboxError::NoMemory)?;
        let mut config = code_settings();
        config
            // What a child compiles is compiled nowhere else.
            .enable_compiler(matches!(compiler, Compiler::InProcess))
            .cache(for_engine)
            .max_wasm_stack(settings.stack_bytes)
            .async_stack_size(settings.stack_bytes + HOST_STACK)
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(
                capacity.slots,
                largest,
            )));
        let (engine, linker) = start(&config).map_err(SandboxError::no_pool)?;
        Ok(Self {
            engine,
            linker,
            capacity,
            settings: settings.clone(),
            largest: *largest,
            compiler: compiler.clone(),
            cache,
        })
    }

    /// Makes sure that the next start finds what was compiled, and finds it undamaged.
    pub fn seal(&self) {
        if let Some(cache) = &self.cache {
            cache.seal();
        }
    }

    /// Whether it is as good as a new one for these settings and limits.
    #[must_use]
    pub fn is_fit(&self, settings: &config::Sandbox, largest: &Limits) -> bool {
        // How long a call or the compiler may take is no matter of the engine's.
        let same = config::Sandbox {
            wait: self.settings.wait,
            compile_timeout: self.settings.compile_timeout,
            compile_memory: self.settings.compile_memory,
            ..settings.clone()
        };
        self.settings == same
            && largest.memory_bytes <= self.largest.memory_bytes
            && largest.table_elements <= self.largest.table_elements
            && largest.output_bytes <= self.largest.output_bytes
    }

    /// How a call's memory is cleaned after it, and what that costs, in words for people.
    #[must_use]
    pub fn cleaning(&self) -> String {
        format!(
            "the first {} of each memory are written over after a call, which takes some 10 µs, \
             and the rest goes back to the system",
            ByteSize(RESIDENT_MEMORY as u64)
        )
    }

    /// What a component needs at its start and no place of the pool has, and what each has,
    /// in words.
    pub(super) fn lacks(&self, minimum: &Minimum) -> Option<(String, String)> {
        minimum.beyond(&self.largest)
    }

    /// How many calls it has room for.
    #[must_use]
    pub fn capacity(&self) -> &Capacity {
        &self.capacity
    }
}

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The engine or its pool cannot be had.
    #[error(
        "the sandbox cannot be set up: {0}\n    hint: a lower `concurrency` in [sandbox] needs less address space"
    )]
    NoPool(String),
    /// The system does not say how much memory there is.
    #[error(
        "this system does not say how much memory there is\n    hint: say how many calls there may be at once with `concurrency` in [sandbox]"
    )]
    NoMemory,
    /// There is no folder through which compiled code could come.
    #[error(
        "no temporary folder for compiled code can be made: {0}\n    hint: set TMPDIR to a folder that this process may write to, or name one with `cache` in [sandbox]"
    )]
    NoFolder(String),
    /// The folder for compiled code cannot be used.
    #[error(
        "compiled code cannot be kept in {}: {reason}\n    hint: `cache` in [sandbox] is a folder that this process may make or write to",
        folder.display()
    )]
    NoCache {
        /// As the configuration names it.
        folder: PathBuf,
        /// The operating system's words.
        reason: String,
    },
}

impl SandboxError {
    fn no_pool(error: wasmtime::Error) -> Self {
        Self::NoPool(format!("{error:#}"))
    }
}

/// The settings that decide which code the compiler makes. They are the same where code
/// is compiled and where it is loaded; an engine refuses code of other settings.
pub(super) fn code_settings() -> Config {
    let mut config = Config::new();
    config
        // Nothing unwinds through a guest, and what would let it makes every plugin larger.
        .native_unwind_info(false)
        .consume_fuel(true)
        .epoch_interruption(true);
    config
}

fn start(config: &Config) -> wasmtime::Result<(Engine, Linker<State>)> {
    let engine = Engine::new(config)?;
    let mut linker = Linker::new(&engine);
    capability::add_to_linker(&mut linker)?;
    start_epochs(engine.weak())?;
    Ok((engine, linker))
}

fn pool(places: u32, largest: &Limits) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(places)
        .total_stacks(places)
        .total_core_instances(places.saturating_mul(CORE_INSTANCES))
        .max_core_instances_per_component(CORE_INSTANCES)
        .total_memories(places.saturating_mul(MEMORIES))
        .max_memories_per_component(MEMORIES)
        .total_tables(places.saturating_mul(TABLES))
        .max_tables_per_component(TABLES)
        .max_memory_size(largest.memory_bytes)
        .table_elements(largest.table_elements)
        // Never: see `Sandbox`.
        .pagemap_scan(Enabled::No)
        .linear_memory_keep_resident(RESIDENT_MEMORY)
        .table_keep_resident(RESIDENT_TABLE);
    pool
}

/// Counts epochs for as long as the engine lives.
fn start_epochs(engine: EngineWeak) -> std::io::Result<()> {
    std::thread::Builder::new()
        .name("retort-epoch".to_owned())
        .spawn(move || {
            loop {
                std::thread::sleep(EPOCH);
                match engine.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => return,
                }
            }
        })
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_cleaned_whatever_the_kernel_says_of_its_pages() {
        let pool = pool(4, &Limits::DEFAULT);
        assert_eq!(pool.get_pagemap_scan(), Enabled::No);
    }
}
