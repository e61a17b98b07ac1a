//! Whether files have changed. They are looked at every other second: what tells of
//! changes (inotify and its like) does not see those on network file systems, and
//! misses the links with which orchestrators swap whole folders.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Files and what was last known of them.
#[derive(Debug, Clone)]
pub struct Files {
    seen: BTreeMap<PathBuf, Seen>,
}

/// What a file was when it was last looked at. `None` is one whose content is not known
/// to be what was then there, so that it counts as changed.
type Seen = Option<Look>;

/// What changes with a file's content, or with who may read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// It cannot be looked at; mostly, it is not there.
    Nothing,
    /// It is there.
    Something {
        modified: SystemTime,
        /// Of the inode: seconds and nanoseconds. Unlike the time of the content, it
        /// changes with the mode and the owner, and nobody can set it back.
        changed: (i64, i64),
        bytes: u64,
        inode: u64,
    },
}

impl Files {
    /// As they are now.
    pub(super) fn of(paths: Vec<PathBuf>) -> Self {
        let look = |path: PathBuf| {
            let look = Look::at(&path);
            (path, Some(look))
        };
        Self {
            seen: paths.into_iter().map(look).collect(),
        }
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

    /// Waits until the files stay as they are for a while, at most for `longest`: one that
    /// changes all the time must not keep the others' changes out. Those that have changed
    /// since the last look come back.
    pub(super) async fn settle(&mut self, settling: Duration, longest: Duration) -> Vec<PathBuf> {
        let before = self.seen.clone();
        let end = tokio::time::Instant::now() + longest;
        let mut now = self.now().await;
        loop {
            tokio::time::sleep(settling).await;
            let later = self.now().await;
            if later == now || tokio::time::Instant::now() >= end {
                now = later;
                break;
            }
            now = later;
        }
        self.seen = now;
        let has_changed = |(path, seen): &(&PathBuf, &Seen)| before.get(*path) != Some(*seen);
        let changed = self.seen.iter().filter(has_changed);
        changed.map(|(path, _)| path.clone()).collect()
    }

    /// From now on these are looked at. What is known of them from before stays known.
    /// They may have been read at any time since `since`: those that have changed since
    /// then are to be read again.
    pub(super) fn look_at(&mut self, paths: Vec<PathBuf>, since: SystemTime) {
        let known = std::mem::take(&mut self.seen);
        let look = |path: PathBuf| {
            let look = known.get(&path).copied();
            let look =
                look.unwrap_or_else(|| Some(Look::at(&path)).filter(|it| !it.is_as_young(since)));
            (path, look)
        };
        self.seen = paths.into_iter().map(look).collect();
    }

    async fn now(&self) -> BTreeMap<PathBuf, Seen> {
        let seen = self.seen.clone();
        tokio::task::spawn_blocking(move || look(&seen))
            .await
            .unwrap_or_else(|_| self.seen.clone())
    }
}

/// The same files as they are now.
fn look(seen: &BTreeMap<PathBuf, Seen>) -> BTreeMap<PathBuf, Seen> {
    let paths = seen.keys();
    paths
        .map(|path| (path.clone(), Some(Look::at(path))))
        .collect()
}

impl Look {
    fn at(path: &Path) -> Self {
        let Ok(about) = std::fs::metadata(path) else {
            return Self::Nothing;
        };
        Self::Something {
            // No system that Retort runs on is without it.
            modified: about.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            changed: (about.ctime(), about.ctime_nsec()),
            bytes: about.len(),
            inode: about.ino(),
        }
    }

    /// Whether it was made what it is at this time or later.
    fn is_as_young(self, time: SystemTime) -> bool {
        let Self::Something {
            changed: (seconds, nanoseconds),
            ..
        } = self
        else {
            return false;
        };
        let changed = u64::try_from(seconds).ok().and_then(|seconds| {
            let nanoseconds = u64::try_from(nanoseconds).ok()?;
            let age = Duration::from_secs(seconds) + Duration::from_nanos(nanoseconds);
            SystemTime::UNIX_EPOCH.checked_add(age)
        });
        changed.is_some_and(|changed| changed >= time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(60);

    async fn changes(files: &mut Files) -> bool {
        let patience = Duration::from_millis(500);
        let changed = async {
            files.changed(SOON).await;
            files.settle(SOON, LONG).await;
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
        files.look_at(vec![path("a"), path("b")], SystemTime::now());
        assert!(changes(&mut files).await);
    }

    #[tokio::test]
    async fn a_change_while_it_is_read_for_the_first_time_is_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut files = Files::of(vec![path("a")]);
        let reading = SystemTime::now() - Duration::from_secs(1);
        std::fs::write(path("b"), "1").unwrap();
        files.look_at(vec![path("a"), path("b")], reading);
        assert!(changes(&mut files).await);
        assert!(!changes(&mut files).await);
        // One that was there before is not read again.
        let later = SystemTime::now() + Duration::from_secs(1);
        std::fs::write(path("c"), "1").unwrap();
        files.look_at(vec![path("c")], later);
        assert!(!changes(&mut files).await);
    }

    #[tokio::test]
    async fn who_may_read_a_file_matters() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "1").unwrap();
        let mut files = Files::of(vec![path.clone()]);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        assert!(changes(&mut files).await);
        assert!(!changes(&mut files).await);
    }

    #[tokio::test]
    async fn a_file_that_never_settles_is_not_waited_for_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let mut files = Files::of(vec![path.clone()]);
        let changing = async {
            for number in 0.. {
                std::fs::write(&path, "x".repeat(number)).unwrap();
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let settled = files.settle(SOON, Duration::from_millis(200));
        let changed = tokio::select! {
            changed = settled => changed,
            () = changing => unreachable!(),
            () = tokio::time::sleep(LONG) => panic!("it waits"),
        };
        assert_eq!(changed, vec![path.clone()]);
    }
}
