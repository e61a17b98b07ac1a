//! Whether files have changed. They are looked at every other second: what tells of
//! changes (inotify and its like) does not see those on network file systems, and
//! misses the links with which orchestrators swap whole folders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Files and what was last known of them.
#[derive(Debug, Clone)]
pub struct Files {
    seen: BTreeMap<PathBuf, Look>,
}

/// What changes with a file's content. `None` is a file that cannot be looked at.
type Look = Option<(SystemTime, u64, u64)>;

impl Files {
    /// As they are now.
    pub(super) fn of(paths: Vec<PathBuf>) -> Self {
        let mut files = Self {
            seen: BTreeMap::new(),
        };
        files.look_at(paths);
        files
    }

    /// Has a look at the same files again.
    pub(super) fn look_again(&mut self) {
        self.seen = look(&self.seen);
    }

    /// Waits until a file has changed. With an interval of nothing it waits forever.
    pub(super) async fn changed(&self, interval: Duration) {
        if interval.is_zero() {
            std::future::pending::<()>().await;
        }
        loop {
            tokio::time::sleep(interval).await;
            if self.now().await != self.seen {
                return;
            }
        }
    }

    /// Waits until the files stay as they are for a while.
    pub(super) async fn settle(&mut self, settling: Duration) {
        let mut now = self.now().await;
        loop {
            tokio::time::sleep(settling).await;
            let later = self.now().await;
            if later == now {
                break;
            }
            now = later;
        }
        self.seen = now;
    }

    /// From now on these are looked at. What is known of them from before stays known.
    pub(super) fn look_at(&mut self, paths: Vec<PathBuf>) {
        let known = std::mem::take(&mut self.seen);
        self.seen = paths
            .into_iter()
            .map(|path| {
                let look = known.get(&path).copied();
                let look = look.unwrap_or_else(|| look_at(&path));
                (path, look)
            })
            .collect();
    }

    async fn now(&self) -> BTreeMap<PathBuf, Look> {
        let seen = self.seen.clone();
        tokio::task::spawn_blocking(move || look(&seen))
            .await
            .unwrap_or_else(|_| self.seen.clone())
    }
}

/// The same files as they are now.
fn look(seen: &BTreeMap<PathBuf, Look>) -> BTreeMap<PathBuf, Look> {
    let paths = seen.keys();
    paths.map(|path| (path.clone(), look_at(path))).collect()
}

fn look_at(path: &Path) -> Look {
    let about = std::fs::metadata(path).ok()?;
    Some((about.modified().ok()?, about.len(), inode(&about)))
}

#[cfg(unix)]
fn inode(about: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(about)
}

#[cfg(not(unix))]
fn inode(_: &std::fs::Metadata) -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(20);

    async fn changes(files: &mut Files) -> bool {
        let patience = Duration::from_millis(500);
        let changed = async {
            files.changed(SOON).await;
            files.settle(SOON).await;
        };
        tokio::time::timeout(patience, changed).await.is_ok()
    }

    #[tokio::test]
    async fn sees_what_is_written_replaced_removed_and_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("a"), "1").unwrap();
        let mut files = Files::of(vec![path("a"), path("b")]);
        assert!(!changes(&mut files).await);
        std::fs::write(path("a"), "12").unwrap();
        assert!(changes(&mut files).await);
        std::fs::write(path("other"), "12").unwrap();
        std::fs::rename(path("other"), path("a")).unwrap();
        assert!(changes(&mut files).await);
        std::fs::remove_file(path("a")).unwrap();
        assert!(changes(&mut files).await);
        std::fs::write(path("b"), "").unwrap();
        assert!(changes(&mut files).await);
        assert!(!changes(&mut files).await);
    }

    #[tokio::test]
    async fn a_change_of_a_known_file_is_not_lost_when_others_are_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut files = Files::of(vec![path("a")]);
        std::fs::write(path("a"), "1").unwrap();
        files.look_at(vec![path("a"), path("b")]);
        assert!(changes(&mut files).await);
    }
}
