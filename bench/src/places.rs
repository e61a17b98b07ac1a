//! Where the things are that `cargo xtask bench-peers` and `bench-attack` have built.

use crate::Result;
use std::fs::File;
use std::path::{Path, PathBuf};

/// The repository's top folder.
pub(crate) fn root() -> PathBuf {
    // This crate is one level below it.
    let bench = Path::new(env!("CARGO_MANIFEST_DIR"));
    bench.parent().unwrap_or(bench).to_path_buf()
}

/// The product's own release build.
pub(crate) fn retort() -> Result<PathBuf> {
    built("release/retort")
}

/// A peer that is a program of this workspace.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    built(&format!("peers/release/{name}"))
}

/// A bundled plugin.
pub(crate) fn plugin(name: &str) -> Result<PathBuf> {
    built(&format!("components/{name}.wasm"))
}

/// A guest that only the tests use.
pub(crate) fn test_guest(name: &str) -> Result<PathBuf> {
    built(&format!("test-components/{name}.wasm"))
}

/// The names of all of them, sorted.
pub(crate) fn test_guests() -> Result<Vec<String>> {
    let folder = root().join("target/test-components");
    let entries = std::fs::read_dir(&folder)
        .map_err(|error| format!("cannot list {}: {error}", folder.display()))?;
    let mut names: Vec<_> = entries
        .filter_map(std::result::Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Some(name.strip_suffix(".wasm")?.to_owned())
        })
        .collect();
    names.sort();
    Ok(names)
}

/// A component for `wasmtime serve`.
pub(crate) fn peer_component(name: &str) -> Result<PathBuf> {
    built(&format!("peer-components/{name}.wasm"))
}

/// A script of `bench/peers`.
pub(crate) fn script(name: &str) -> PathBuf {
    root().join("bench/peers").join(name)
}

/// Where the reports of `bench-attack` are kept.
pub(crate) fn attack_report() -> PathBuf {
    root().join("target/attack.md")
}

/// Where the reports of `bench-peers` are kept.
pub(crate) fn report() -> PathBuf {
    root().join("target/peers.md")
}

/// A folder for what a run writes: bodies, configurations, logs of the load generator.
pub(crate) fn scratch() -> Result<PathBuf> {
    let folder = root().join("target/peers-run");
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    Ok(folder)
}

/// Makes sure that no other run uses the folder, for as long as the file is open: it
/// would change the bodies under the load generator's hands, and both would be slow.
pub(crate) fn lock() -> Result<File> {
    let path = scratch()?.join("lock");
    let file =
        File::create(&path).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    file.try_lock().map_err(|error| {
        format!(
            "another run is going on here; wait for its end ({}: {error})",
            path.display()
        )
    })?;
    Ok(file)
}

/// Writes a file, and names it if that fails.
pub(crate) fn write(file: &Path, content: impl AsRef<[u8]>) -> Result {
    std::fs::write(file, content)
        .map_err(|error| format!("cannot write {}: {error}", file.display()))
}

fn built(path: &str) -> Result<PathBuf> {
    let file = root().join("target").join(path);
    if file.is_file() {
        Ok(file)
    } else {
        Err(format!(
            "{} is not built: `cargo xtask bench-peers` and `bench-attack` build what they need",
            file.display()
        ))
    }
}
