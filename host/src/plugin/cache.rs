//! The folder through which compiled code reaches the engine: `sandbox.cache`, which
//! keeps it for the next start, or a temporary one.
//!
//! Each compilation writes into a folder of its own. `CodeCache::take` moves the result
//! into wasmtime's cache, to the name under which an engine without a compiler looks for
//! it. wasmtime's cache is compressed without a checksum, so that a damaged entry may
//! unpack into other machine code than was written. A list of digests beside it, in the
//! format of `sha256sum`, says what was: an entry that is not in it, or not as it says,
//! is removed before the cache is used, and compiled again.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, Permissions};
use std::hash::{Hash, Hasher};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use wasmtime::{Cache, CacheConfig, Engine};

/// The list of digests, in the folder.
const LIST: &str = "sha256sums";

/// wasmtime's own folder in it, where it removes whatever it does not know.
const CACHE: &str = "wasmtime";

/// What wasmtime makes in its folder.
const ENTRIES: &str = "modules";

/// The use of each entry is written beside it; that is no code.
const STATISTICS: &str = "stats";

/// The folders of compilations begin with this.
const WORK: &str = "compile-";

/// A folder of a compilation that is older than this is left over: the longest
/// `compile_timeout` is ten minutes.
const LEFT_OVER: Duration = Duration::from_secs(3_600);

/// Where the entries together are larger than this, in bytes, those that were not used
/// for longest go.
const MOST_KEPT: u64 = 512 << 20;

/// Where a temporary folder can be made although the file system is read-only.
const SHARED_MEMORY: &str = "/dev/shm";

/// Who may use a temporary folder, and the folder of a compilation: this user.
const PRIVATE: u32 = 0o700;

/// The folder, with nothing in it that is not as it was written.
pub(super) struct CodeCache {
    folder: PathBuf,
    temporary: Option<TempDir>,
    /// Held while an entry of a temporary folder is there. Plugins of the same component
    /// have the same entry, and the first of them to load it would take it from the others.
    loading: Mutex<()>,
}

impl CodeCache {
    /// Opens a folder that keeps compiled code, and makes it where it is not there.
    pub(super) fn kept(folder: &Path) -> wasmtime::Result<(Self, Cache)> {
        let folder = std::path::absolute(folder)?;
        fs::create_dir_all(&folder)?;
        let kept = Self {
            folder,
            temporary: None,
            loading: Mutex::default(),
        };
        kept.remove_left_over();
        kept.remove_damaged()?;
        kept.open()
    }

    /// Makes a folder that is there for as long as this value is.
    pub(super) fn temporary() -> wasmtime::Result<(Self, Cache)> {
        let mut builder = tempfile::Builder::new();
        let builder = builder
            .prefix("retort-")
            .permissions(Permissions::from_mode(PRIVATE));
        let temporary = builder
            .tempdir()
            .or_else(|error| builder.tempdir_in(SHARED_MEMORY).map_err(|_| error))?;
        let folder = temporary.path().to_owned();
        let temporary = Some(temporary);
        Self {
            folder,
            temporary,
            loading: Mutex::default(),
        }
        .open()
    }

    fn open(self) -> wasmtime::Result<(Self, Cache)> {
        let mut config = CacheConfig::new();
        config
            .with_directory(self.folder.join(CACHE))
            // An entry that is compressed anew would no longer be as it was written.
            .with_optimized_compression_usage_counter_threshold(u64::MAX);
        Ok((self, Cache::new(config)?))
    }

    /// Whether compiled code may be here before it was asked for.
    pub(super) fn is_kept(&self) -> bool {
        self.temporary.is_none()
    }

    /// Makes an empty folder for one compilation, which nobody else may read.
    pub(super) fn work_folder(&self) -> io::Result<TempDir> {
        if self.temporary.is_some() {
            // Whoever cleans old files up may have removed it. Nobody else may have made
            // it again.
            make_private(&self.folder)?;
        }
        tempfile::Builder::new()
            .prefix(WORK)
            .permissions(Permissions::from_mode(PRIVATE))
            .tempdir_in(&self.folder)
    }

    /// The name of a component's entry for an engine: what wasmtime's cache makes of
    /// what decides the code.
    pub(super) fn name_of(&self, engine: &Engine, bytes: &[u8]) -> String {
        let mut hasher = Sha256Hasher(Sha256::new());
        let none: (Option<&[u8]>, Option<&str>) = (None, None);
        let settings = engine.precompile_compatibility_hash();
        (settings, bytes, none.0, none.1).hash(&mut hasher);
        URL_SAFE_NO_PAD.encode(hasher.0.finalize())
    }

    /// Moves the one entry that a compilation has written to this name.
    pub(super) fn take(&self, work_folder: &Path, name: &str) -> io::Result<Taken<'_>> {
        let mut written = files(&work_folder.join(ENTRIES))?;
        // An entry's name has no dot; what the cache was writing beside it may be left.
        written.retain(|path| path.extension().is_none());
        let mut written = written.into_iter();
        let (Some(code), None) = (written.next(), written.next()) else {
            return Err(io::Error::other("the compiler has not written one result"));
        };
        // wasmtime's version is in the name of the folder.
        let relative = code
            .parent()
            .and_then(|folder| folder.strip_prefix(work_folder).ok())
            .ok_or_else(|| io::Error::other("the compiler has written elsewhere"))?;
        let folder = self.folder.join(CACHE).join(relative);
        fs::create_dir_all(&folder)?;
        let file = folder.join(name);
        let loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        fs::rename(code, &file)?;
        Ok(Taken {
            cache: self,
            file,
            _alone: (!self.is_kept()).then_some(loading),
        })
    }

    /// Writes down what is there now, in one step.
    pub(super) fn seal(&self) {
        if !self.is_kept() {
            return;
        }
        let write = || -> io::Result<()> {
            self.remove_unused()?;
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
        for path in files(&self.folder.join(CACHE).join(ENTRIES))? {
            // Another process may have just replaced it.
            let Ok(bytes) = fs::read(&path) else { continue };
            if let Ok(name) = path.strip_prefix(&self.folder) {
                let digest = super::load::hex(&Sha256::digest(bytes));
                entries.insert(name.to_string_lossy().into_owned(), digest);
            }
        }
        Ok(entries)
    }

    /// Removes the entries that were not used for longest where all are too large.
    /// wasmtime does that only where it compiles.
    fn remove_unused(&self) -> io::Result<()> {
        let mut entries = Vec::new();
        for path in files(&self.folder.join(CACHE).join(ENTRIES))? {
            let Ok(about) = path.metadata() else { continue };
            let statistics = path.with_extension(STATISTICS);
            let used = statistics.metadata().and_then(|about| about.modified());
            let used = used.or_else(|_| about.modified())?;
            entries.push((used, about.len(), path));
        }
        for path in unused(entries, MOST_KEPT) {
            fs::remove_file(&path)?;
            // It may have none.
            let _ = fs::remove_file(path.with_extension(STATISTICS));
        }
        Ok(())
    }

    /// Removes what compilations have left whose process was killed.
    fn remove_left_over(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let is_ours = entry.file_name().to_string_lossy().starts_with(WORK);
            let made = entry.metadata().and_then(|about| about.modified());
            let age = made.map(|made| made.elapsed().unwrap_or_default());
            if is_ours && age.is_ok_and(|age| age > LEFT_OVER) {
                // It takes room and does no other harm.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

impl Drop for CodeCache {
    fn drop(&mut self) {
        let Some(temporary) = self.temporary.take() else {
            return;
        };
        let folder = temporary.keep();
        // wasmtime's thread may be writing the statistics of an entry just now.
        let mut gone = fs::remove_dir_all(&folder);
        for _ in 0..10 {
            if gone.is_err() {
                gone = fs::remove_dir_all(&folder);
            }
        }
    }
}

/// Compiled code in its place, for the engine to load.
pub(super) struct Taken<'a> {
    cache: &'a CodeCache,
    file: PathBuf,
    _alone: Option<MutexGuard<'a, ()>>,
}

impl Taken<'_> {
    /// The engine has loaded it, or cannot. What is not kept is removed.
    pub(super) fn loaded(self) {
        if !self.cache.is_kept() {
            // It takes room until the end of the process otherwise, and no more.
            let _ = fs::remove_file(&self.file);
        }
    }
}

/// SHA-256 as a hasher of the standard library, as wasmtime's cache has one.
struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        // Nobody asks: the digest is longer.
        0
    }
}

/// Makes a folder that only this user may use, or sees that it is one.
fn make_private(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(PRIVATE).create(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let about = fs::symlink_metadata(folder)?;
            let own = about.uid() == rustix::process::geteuid().as_raw();
            if about.is_dir() && own && about.mode() & 0o077 == 0 {
                Ok(())
            } else {
                Err(io::Error::other(format!(
                    "{} is not the folder that this process has made",
                    folder.display()
                )))
            }
        }
        made => made,
    }
}

/// Every regular file in a folder and those within it that has compiled code.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let inside = match fs::read_dir(&folder) {
            Ok(inside) => inside,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in inside {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && path.extension().is_none_or(|it| it != STATISTICS) {
                found.push(path);
            }
        }
    }
    Ok(found)
}

/// Of entries, each with the time of its last use and its size in bytes, those that
/// have to go so that the rest is no larger than `most`.
fn unused(mut entries: Vec<(SystemTime, u64, PathBuf)>, most: u64) -> Vec<PathBuf> {
    entries.sort_by_key(|(used, ..)| std::cmp::Reverse(*used));
    let mut sum = 0_u64;
    let kept = entries.iter().take_while(|(_, size, _)| {
        sum = sum.saturating_add(*size);
        sum <= most
    });
    let kept = kept.count();
    entries
        .into_iter()
        .skip(kept)
        .map(|(.., path)| path)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_longest_goes() {
        let at = |second, size, name: &str| {
            let used = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
            (used, size, PathBuf::from(name))
        };
        let entries = vec![at(1, 3, "old"), at(3, 5, "new"), at(2, 4, "middle")];
        let gone = |most| unused(entries.clone(), most);
        assert_eq!(gone(12), Vec::<PathBuf>::new());
        assert_eq!(gone(11), [PathBuf::from("old")]);
        assert_eq!(gone(5), [PathBuf::from("middle"), "old".into()]);
    }

    #[test]
    fn a_temporary_folder_is_private_made_again_and_removed() {
        let (cache, _) = CodeCache::temporary().unwrap();
        let folder = cache.folder.clone();
        let mode = || fs::metadata(&folder).unwrap().mode() & 0o777;
        assert_eq!(mode(), PRIVATE);
        fs::remove_dir_all(&folder).unwrap();
        drop(cache.work_folder().unwrap());
        assert_eq!(mode(), PRIVATE);
        // Somebody else could have made it.
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        let error = cache.work_folder().unwrap_err();
        assert!(error.to_string().contains("is not the folder"), "{error}");
        drop(cache);
        assert!(!folder.exists());
    }
}
