//! Why a component cannot be used, and what to do about it.

use super::export;
use crate::event::EventKind;
use crate::plugin::Interface;
use std::path::PathBuf;
use std::time::Duration;

fn known() -> String {
    Interface::ALL.map(export).join(", ")
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "nothing".to_owned(),
        names => names.join(", "),
    }
}

/// Why a component cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file does not exist or may not be read.
    #[error("cannot read the component {}: {reason}", file.display())]
    Unreadable {
        /// The component's file.
        file: PathBuf,
        /// The operating system's words.
        reason: String,
    },
    /// The configuration names another digest.
    #[error("the component {} has the SHA-256 digest {actual}, and the configuration says {expected}", file.display())]
    WrongDigest {
        /// The component's file.
        file: PathBuf,
        /// What the configuration says.
        expected: String,
        /// What the file has.
        actual: String,
    },
    /// Something else altogether.
    #[error("{} is not WebAssembly", file.display())]
    NotWasm {
        /// The component's file.
        file: PathBuf,
    },
    /// The lower layer of WebAssembly.
    #[error("{} is a core module, not a component", file.display())]
    CoreModule {
        /// The component's file.
        file: PathBuf,
    },
    /// A component that is cut off, broken, or needs more than a place of the pool has.
    #[error("{} is not a component that can be used: {reason}", file.display())]
    Invalid {
        /// The component's file.
        file: PathBuf,
        /// The compiler's words.
        reason: String,
    },
    /// It starts with more than any of the limits lets it have.
    #[error("{} starts with {needed}, and the limits allow {allowed}", file.display())]
    BeyondLimits {
        /// The component's file.
        file: PathBuf,
        /// What it needs, in words.
        needed: String,
        /// What the largest of the limits in use allows, in words.
        allowed: String,
    },
    /// The system lets this process have no code that it makes itself.
    #[error("{} cannot be run: this process may not make memory executable: {reason}", file.display())]
    NotExecutable {
        /// The component's file.
        file: PathBuf,
        /// The operating system's words.
        reason: String,
    },
    /// It is small and would unfold to more than there is memory for.
    #[error("{} has too much inside: {reason}", file.display())]
    TooMuchInside {
        /// The component's file.
        file: PathBuf,
        /// What is too much.
        reason: String,
    },
    /// It takes the compiler too long.
    #[error("{} was not compiled within {}, which is `compile_timeout` in [sandbox]", file.display(), humantime::format_duration(*limit))]
    CompiledTooSlowly {
        /// The component's file.
        file: PathBuf,
        /// What `compile_timeout` says.
        limit: Duration,
    },
    /// It takes the compiler too much memory.
    #[error("{} takes the compiler more memory than {}, which is `compile_memory` in [sandbox]", file.display(), bytesize::ByteSize::b(*limit).display().iec())]
    CompiledTooLarge {
        /// The component's file.
        file: PathBuf,
        /// What `compile_memory` says, in bytes.
        limit: u64,
    },
    /// The compiler itself went wrong.
    #[error("{} cannot be compiled: {reason}", file.display())]
    CompilerFailed {
        /// The component's file.
        file: PathBuf,
        /// What is known of it.
        reason: String,
    },
    /// It imports what there is no grant for.
    #[error("{} imports what no plugin can have: {}", file.display(), imports.join(", "))]
    NotGranted {
        /// The component's file.
        file: PathBuf,
        /// Every import of that kind.
        imports: Vec<String>,
    },
    /// It exports the interface of another version of the contract.
    #[error("{} exports {export}; this version of Retort knows {}", file.display(), known())]
    OtherVersion {
        /// The component's file.
        file: PathBuf,
        /// What it exports.
        export: String,
    },
    /// It exports more than one interface for the same event.
    #[error("{} exports both {} and {}, which are both for {}", file.display(), export(interfaces[0]), export(interfaces[1]), event.name())]
    SeveralInterfaces {
        /// The component's file.
        file: PathBuf,
        /// Two of them.
        interfaces: [Interface; 2],
        /// The event.
        event: EventKind,
    },
    /// It is made for something else.
    #[error("{} exports none of {}; it exports {}", file.display(), known(), listed(exports))]
    WrongWorld {
        /// The component's file.
        file: PathBuf,
        /// What it exports.
        exports: Vec<String>,
    },
    /// Names fit and types do not.
    #[error("{} does not fit the contract: {reason}", file.display())]
    WrongType {
        /// The component's file.
        file: PathBuf,
        /// The linker's words.
        reason: String,
    },
}

impl LoadError {
    /// Whether it can pass without a change of the configuration's files: who may read a
    /// file, and what else the compiler has to do, changes too.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unreadable { .. } | Self::CompilerFailed { .. })
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => {
                "a relative path starts at the configuration's folder; bundled plugins are built with `cargo xtask plugins`"
            }
            Self::WrongDigest { .. } => {
                "if the new file is meant, put its digest, as `sha256sum FILE` prints it, into the configuration"
            }
            Self::NotWasm { .. } => "name the file that the build for wasm32-wasip2 wrote",
            Self::CoreModule { .. } => {
                "build it for wasm32-wasip2; wasm32-wasip1 and wasm32-unknown-unknown give core modules"
            }
            Self::Invalid { .. } => "build or copy it again; the file may be cut off",
            Self::BeyondLimits { .. } => {
                "raise `memory` or `table_elements` in the limits of the plugin or of its stage"
            }
            Self::NotExecutable { .. } => {
                "compiled plugins need it: allow it in what forbids it, such as MemoryDenyWriteExecute= of systemd, PR_SET_MDWE, or execmem of SELinux"
            }
            Self::TooMuchInside { .. } => {
                "compose it of fewer components, in fewer layers; no tool makes such components by itself"
            }
            Self::CompiledTooSlowly { .. } => {
                "raise `compile_timeout`, or build the component with less code and smaller functions; with `cache` in [sandbox] it is compiled once"
            }
            Self::CompiledTooLarge { .. } => {
                "raise `compile_memory` if you trust the component, or build it with smaller functions"
            }
            Self::CompilerFailed { .. } => {
                "try again; if it lacks memory, lower `concurrency` in [sandbox] or give the machine more"
            }
            Self::NotGranted { .. } => {
                "a plugin can reach clocks, random numbers, its log, and what `grants` can name; build it without what needs these imports"
            }
            Self::OtherVersion { .. } => "build the plugin against the wit/ folder of this version",
            Self::SeveralInterfaces { .. } => "build it with only one of them",
            Self::WrongWorld { .. } | Self::WrongType { .. } => {
                "a plugin exports a world of wit/; with the Rust SDK, `retort_sdk::export_texts!`, `export!`, `export_request!` or `export_observer!` does that"
            }
        }
    }
}
