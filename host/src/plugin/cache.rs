//! The folder that keeps compiled components. wasmtime's cache is compressed without a
//! checksum, so that a damaged entry may unpack into other machine code than was
//! written. A list of digests beside it, in the format of `sha256sum`, says what was:
//! an entry that is not in it, or not as it says, is removed before the cache is used,
//! and compiled again.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use wasmtime::{Cache, CacheConfig};

/// The list of digests, in the folder.
const LIST: &str = "sha256sums";

/// wasmtime's own folder in it, where it removes whatever it does not know.
const CACHE: &str = "wasmtime";

/// What wasmtime makes in its folder.
const ENTRIES: &str = "modules";

/// The use of each entry is written beside it; that is no code.
const STATISTICS: &str = "stats";

/// The folder, with nothing in it that is not as it was written.
pub(super) struct Kept {
    folder: PathBuf,
}

impl Kept {
    /// Opens the folder, and makes it where it is not there.
    pub(super) fn open(folder: &Path) -> wasmtime::Result<(Self, Cache)> {
        let folder = std::path::absolute(folder)?;
        fs::create_dir_all(&folder)?;
        let kept = Self { folder };
        kept.remove_damaged()?;
        let mut config = CacheConfig::new();
        config
            .with_directory(kept.folder.join(CACHE))
            // An entry that is compressed anew would no longer be as it was written.
            .with_optimized_compression_usage_counter_threshold(u64::MAX);
        Ok((kept, Cache::new(config)?))
    }

    /// Writes down what is there now, in one step.
    pub(super) fn seal(&self) {
        let write = || -> io::Result<()> {
            let mut list = tempfile::NamedTempFile::new_in(&self.folder)?;
            for (name, digest) in self.entries()? {
                writeln!(list, "{digest}  {name}")?;
            }
            list.persist(self.folder.join(LIST))?;
            Ok(())
        };
        if let Err(error) = write() {
            tracing::warn!(%error, "compiled code is not kept: the next start compiles again");
        }
    }

    fn remove_damaged(&self) -> io::Result<()> {
        let known = self.list()?;
        for (name, digest) in self.entries()? {
            if known.get(&name) == Some(&digest) {
                continue;
            }
            // One that was written when the process was killed is no reason to worry.
            if known.contains_key(&name) {
                tracing::warn!(
                    entry = name.as_str(),
                    "kept code is damaged: it is compiled again"
                );
            }
            fs::remove_file(self.folder.join(name))?;
        }
        Ok(())
    }

    fn list(&self) -> io::Result<BTreeMap<String, String>> {
        let text = match fs::read(self.folder.join(LIST)) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let lines = text.lines().filter_map(|line| line.split_once("  "));
        Ok(lines
            .map(|(digest, name)| (name.to_owned(), digest.to_owned()))
            .collect())
    }

    /// Every entry's name, relative to the folder, and digest.
    fn entries(&self) -> io::Result<BTreeMap<String, String>> {
        let mut entries = BTreeMap::new();
        let mut folders = vec![self.folder.join(CACHE).join(ENTRIES)];
        while let Some(folder) = folders.pop() {
            let inside = match fs::read_dir(&folder) {
                Ok(inside) => inside,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            for entry in inside {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_none_or(|it| it != STATISTICS)
                    && let Ok(name) = path.strip_prefix(&self.folder)
                {
                    // Another process may have just replaced it.
                    let Ok(bytes) = fs::read(&path) else { continue };
                    let digest = super::load::hex(&Sha256::digest(bytes));
                    entries.insert(name.to_string_lossy().into_owned(), digest);
                }
            }
        }
        Ok(entries)
    }
}
