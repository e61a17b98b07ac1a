//! From a file to a linked component, or to an error that says what to do.

use super::Plugin;
use super::compile::{CompileError, compile};
use super::interface::{Entry, Interface, PayloadEntry};
use super::nesting;
use super::sandbox::Sandbox;
use super::state::State;
use crate::bindings;
use crate::capability::{Capability, Import};
use crate::event::EventKind;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::{Component, InstancePre};

/// The largest component, in bytes: a Python interpreter with its library has 18 MB.
const LARGEST: u64 = 64 << 20;

/// The package of the contract, and the version of it that this host knows.
const PACKAGE: &str = "retort:transform";
const VERSION: &str = "0.1.0";

/// The name of an interface in a component's exports.
fn export(interface: Interface) -> String {
    format!("{PACKAGE}/{}@{VERSION}", interface.name())
}

impl Plugin {
    /// Compiles and links the component in `path`. It takes as long as its code is
    /// large, some 100 ms for 100 KB, and at most the sandbox's `compile_timeout` once
    /// it has its turn. It blocks the calling thread and works in another process,
    /// which gives way to this one.
    ///
    /// # Errors
    /// A file that cannot be read or has another digest, that is not a component,
    /// cannot be compiled in time or in memory, does not export the interface, or imports what it
    /// was not granted.
    pub fn load(
        sandbox: &Arc<Sandbox>,
        name: &str,
        path: &Path,
        sha256: Option<&str>,
    ) -> Result<Self, LoadError> {
        let file = path.to_path_buf();
        let bytes = read(path).map_err(|error| LoadError::Unreadable {
            file: file.clone(),
            reason: error.to_string(),
        })?;
        let actual = hex(&Sha256::digest(&bytes));
        if let Some(expected) = sha256
            && expected != actual
        {
            return Err(LoadError::WrongDigest {
                file,
                expected: expected.to_owned(),
                actual,
            });
        }
        check_form(&bytes, &file)?;
        if let Some(reason) = nesting::too_much(&bytes) {
            return Err(LoadError::TooMuchInside { file, reason });
        }
        let component = compile(sandbox, bytes).map_err(|error| {
            let file = file.clone();
            match error {
                CompileError::Refused(reason) => LoadError::Invalid { file, reason },
                CompileError::TooSlow => LoadError::CompiledTooSlowly {
                    file,
                    limit: sandbox.settings.compile_timeout,
                },
                CompileError::TooLarge => LoadError::CompiledTooLarge {
                    file,
                    limit: sandbox.settings.compile_memory,
                },
                CompileError::Broken(reason) => LoadError::CompilerFailed { file, reason },
            }
        })?;
        let needs = needs(&component, sandbox, &file)?;
        let interfaces = find_interfaces(&component, sandbox, &file)?;
        let wrong_type = |error: wasmtime::Error| LoadError::WrongType {
            file: file.clone(),
            reason: format!("{error:#}"),
        };
        let pre = sandbox
            .linker
            .instantiate_pre(&component)
            .map_err(wrong_type)?;
        let entry = |interface| entry(interface, &pre).map_err(wrong_type);
        let entries = interfaces
            .into_iter()
            .map(entry)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            name: name.into(),
            sha256: actual,
            needs,
            entries,
            sandbox: Arc::clone(sandbox),
        })
    }
}

impl Plugin {
    /// Whether it is what this file has, and may have.
    #[must_use]
    pub fn is_from(&self, path: &Path, sha256: Option<&str>) -> bool {
        let same = |digest: &str| digest == self.sha256;
        sha256.is_none_or(same) && read(path).is_ok_and(|bytes| same(&hex(&Sha256::digest(&bytes))))
    }
}

/// Reads a component's file, which is neither endless nor larger than a component.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    if about.len() > LARGEST {
        return Err(io::Error::other(format!(
            "it is larger than {LARGEST} bytes"
        )));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Tells what a file is by its first eight bytes: a magic number, a version, and
/// which of the two layers of WebAssembly it belongs to.
fn check_form(bytes: &[u8], file: &Path) -> Result<(), LoadError> {
    let file = file.to_path_buf();
    match bytes {
        [b'\0', b'a', b's', b'm', _, _, 1, 0, ..] => Ok(()),
        [b'\0', b'a', b's', b'm', _, _, 0, 0, ..] => Err(LoadError::CoreModule { file }),
        _ => Err(LoadError::NotWasm { file }),
    }
}

/// A component gets what it imports or does not load at all: here, what nobody can
/// have. What its stages have to grant it comes back.
fn needs(
    component: &Component,
    sandbox: &Sandbox,
    file: &Path,
) -> Result<Vec<Capability>, LoadError> {
    let (mut needs, mut unknown) = (Vec::new(), Vec::new());
    for (import, _) in component.component_type().imports(&sandbox.engine) {
        // The contract's own types are the interface's, not a way to anything.
        if import.starts_with("retort:transform/types@") {
            continue;
        }
        match Capability::of_import(import) {
            Import::Free => {}
            Import::Granted(capability) => needs.push(capability),
            Import::Unknown => unknown.push(import.to_owned()),
        }
    }
    if unknown.is_empty() {
        Ok(needs)
    } else {
        Err(LoadError::NotGranted {
            file: file.to_path_buf(),
            imports: unknown,
        })
    }
}

/// Finds out which of the contract's interfaces a component exports. With two of them
/// for one event nobody could say which is meant.
fn find_interfaces(
    component: &Component,
    sandbox: &Sandbox,
    file: &Path,
) -> Result<Vec<Interface>, LoadError> {
    let exports: Vec<_> = component
        .component_type()
        .exports(&sandbox.engine)
        .map(|(name, _)| name.to_owned())
        .collect();
    let known = Interface::ALL.into_iter();
    let found: Vec<_> = known.filter(|it| exports.contains(&export(*it))).collect();
    let file = file.to_path_buf();
    for event in EventKind::ALL {
        let mut serving = found.iter().filter(|it| it.serves(event));
        if let (Some(one), Some(other)) = (serving.next(), serving.next()) {
            let interfaces = [*one, *other];
            return Err(LoadError::SeveralInterfaces {
                file,
                interfaces,
                event,
            });
        }
    }
    if found.is_empty() {
        let of_contract = |name: &&String| name.starts_with(&format!("{PACKAGE}/"));
        return Err(match exports.iter().find(of_contract) {
            Some(other) => LoadError::OtherVersion {
                file,
                export: other.clone(),
            },
            None => LoadError::WrongWorld { file, exports },
        });
    }
    Ok(found)
}

/// An interface of a component, ready to be called.
fn entry(interface: Interface, pre: &InstancePre<State>) -> wasmtime::Result<Entry> {
    let pre = pre.clone();
    Ok(match interface {
        Interface::Response => {
            Entry::Payload(PayloadEntry::Response(bindings::response::Pre::new(pre)?))
        }
        Interface::Request => {
            Entry::Payload(PayloadEntry::Request(bindings::request::Pre::new(pre)?))
        }
        Interface::Observer => {
            Entry::Payload(PayloadEntry::Observer(bindings::observer::Pre::new(pre)?))
        }
        Interface::Texts => Entry::Texts(bindings::texts::Pre::new(pre)?),
    })
}

fn known() -> String {
    Interface::ALL.map(export).join(", ")
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
