//! From a file to a linked component, or to an error that says what to do.

mod error;

pub use error::LoadError;

use super::Plugin;
use super::compile::{CompileBounds, CompileError, compile};
use super::executable;
use super::interface::{Entry, Interface, PayloadEntry};
use super::minimum::Minimum;
use super::nesting;
use super::sandbox::Sandbox;
use super::state::State;
use crate::bindings;
use crate::capability::{Capability, Import};
use crate::event::EventKind;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
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
    /// large, some 100 ms for 100 KB, and at most `bounds` once it has its turn. It blocks
    /// the calling thread and works in another process, which gives way to this one.
    ///
    /// # Errors
    /// A file that cannot be read or has another digest, that is not a component, starts
    /// with more memory than the sandbox has, cannot be compiled within the bounds, does not
    /// export the interface, or imports what it was not granted.
    pub fn load(
        sandbox: &Arc<Sandbox>,
        name: &str,
        path: &Path,
        sha256: Option<&str>,
        bounds: &CompileBounds,
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
        let minimum = Minimum::of(&bytes);
        if let Some((needed, allowed)) = sandbox.lacks(&minimum) {
            return Err(LoadError::BeyondLimits {
                file,
                needed,
                allowed,
            });
        }
        let component = compile(sandbox, bytes, bounds).map_err(|error| {
            let file = file.clone();
            match error {
                CompileError::Refused(reason) if executable::is_denied() => {
                    LoadError::NotExecutable { file, reason }
                }
                CompileError::Refused(reason) => LoadError::Invalid { file, reason },
                CompileError::TooSlow => LoadError::CompiledTooSlowly {
                    file,
                    limit: bounds.time,
                },
                CompileError::TooLarge => LoadError::CompiledTooLarge {
                    file,
                    limit: bounds.memory,
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
            minimum,
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

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
