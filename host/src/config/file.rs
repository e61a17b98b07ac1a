//! Reading the configuration's own file.

use rustix::fs::OFlags;
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The largest configuration, in bytes. One with 5,000 assistants has 2 MB.
const MOST_BYTES: u64 = 16 << 20;

/// The text of a file, which is a regular one or a link to such: a pipe could be read only
/// once, and a reload reads it again; others, such as `/dev/zero`, have no end.
///
/// # Errors
/// It cannot be read, is not a file, is too large, or is not UTF-8.
pub(super) fn read(path: &Path) -> io::Result<String> {
    // Without it, opening a pipe waits until somebody writes to it.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other(
            "it is not a regular file, which can be read again when it changes",
        ));
    }
    let mut text = String::new();
    let read = file.take(MOST_BYTES + 1).read_to_string(&mut text)?;
    if u64::try_from(read).is_ok_and(|read| read > MOST_BYTES) {
        return Err(io::Error::other(format!(
            "it is larger than {MOST_BYTES} bytes"
        )));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(path: &Path, words: &str) {
        let error = read(path).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }

    #[test]
    fn only_regular_files_up_to_the_limit_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("retort.toml");
        std::fs::write(&path, "[server]\n").unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(read(&link).unwrap(), "[server]\n");
        refused(Path::new("/dev/zero"), "not a regular file");
        refused(folder.path(), "not a regular file");
        // A file of nothing but holes takes no room.
        let file = std::fs::File::create(&path).unwrap();
        file.set_len(MOST_BYTES).unwrap();
        assert_eq!(read(&path).unwrap().len() as u64, MOST_BYTES);
        file.set_len(MOST_BYTES + 1).unwrap();
        refused(&path, "larger than 16777216 bytes");
        std::fs::write(&path, [0xff]).unwrap();
        refused(&path, "UTF-8");
    }
}
