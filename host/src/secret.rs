//! Secrets come from an environment variable or a file, never from the
//! configuration's own text, and never go into a log, an error or a debug print.

use secrecy::SecretString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// What the vendor's settings page allows: 1 to 1,024 characters.
const MOST_CHARACTERS: usize = 1024;

/// What a secret file can have at most, in bytes: 1,024 characters and a line end.
const MOST_BYTES: u64 = 4 * 1024 + 2;

/// Where secrets are looked up.
#[derive(Clone, Copy)]
pub enum Secrets<'a> {
    /// In files, and in the environment that this function reads.
    Read(&'a dyn Fn(&str) -> Option<String>),
    /// Those that plugins' grants name are read, and of those of callers only the form is
    /// checked: for whoever runs plugins and verifies nobody.
    Granted(&'a dyn Fn(&str) -> Option<String>),
}

impl Secrets<'_> {
    /// Whether callers are verified, so that what that takes is read.
    #[must_use]
    pub fn verifies(self) -> bool {
        matches!(self, Self::Read(_))
    }

    /// Where those are looked up that go out with requests of plugins.
    #[must_use]
    pub fn of_grants(self) -> Self {
        match self {
            Self::Granted(environment) => Self::Read(environment),
            Self::Read(environment) => Self::Read(environment),
        }
    }
}

/// Reads the environment of this process.
#[must_use]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Reads the secret that `source` names.
///
/// A relative `file:` path starts at `base`, the configuration's folder. One line
/// end at the end of a file is not part of the secret, because editors add it.
///
/// # Errors
/// A source of another form, a variable that is not set, a file that cannot be
/// read as UTF-8, a secret that is empty or longer than 1,024 characters. No
/// error contains the secret, nor a source that may be one.
pub fn resolve(
    source: &str,
    base: &Path,
    secrets: Secrets<'_>,
) -> Result<SecretString, SecretError> {
    let (kind, place) = source.split_once(':').ok_or(SecretError::NotASource)?;
    let text = match (kind, secrets) {
        ("env" | "file", Secrets::Granted(_)) => return Ok("unread".into()),
        ("env", Secrets::Read(environment)) => {
            environment(place).ok_or_else(|| SecretError::NotSet(place.to_owned()))?
        }
        ("file", Secrets::Read(_)) => read_file(&base.join(place))?,
        _ => return Err(SecretError::NotASource),
    };
    match text.chars().count() {
        0 => Err(SecretError::Empty(source.to_owned())),
        1..=MOST_CHARACTERS => Ok(SecretString::from(text)),
        length => Err(SecretError::TooLong {
            source_name: source.to_owned(),
            length,
        }),
    }
}

/// The file that a source names, if it names one.
#[must_use]
pub fn file(source: &str, base: &Path) -> Option<PathBuf> {
    source.strip_prefix("file:").map(|path| base.join(path))
}

/// A file's text without its last line end.
fn read_file(path: &Path) -> Result<String, SecretError> {
    let unreadable = |reason: String| SecretError::Unreadable {
        path: path.display().to_string(),
        reason,
    };
    let mut bytes = Vec::new();
    let read = File::open(path)
        .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(error.to_string()))?;
    // What is cut off has too many characters, wherever the cut is.
    let mut text = if u64::try_from(read).is_ok_and(|read| read > MOST_BYTES) {
        String::from_utf8_lossy(&bytes).into_owned()
    } else {
        String::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8".to_owned()))?
    };
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

/// Why a secret cannot be had.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SecretError {
    /// Neither `env:NAME` nor `file:PATH`. The text is not repeated: it may be the secret.
    #[error("a secret is named as `env:NAME` or `file:PATH`; its text must not stand here")]
    NotASource,
    /// The environment variable does not exist or is not UTF-8.
    #[error("the environment variable `{0}` is not set")]
    NotSet(String),
    /// The file does not exist, may not be read, or is not UTF-8.
    #[error("cannot read the secret file {path}: {reason}")]
    Unreadable {
        /// The file, as it was looked for.
        path: String,
        /// The operating system's words.
        reason: String,
    },
    /// Nothing in it.
    #[error("the secret in `{0}` is empty; it takes 1 to 1,024 characters")]
    Empty(String),
    /// More than the vendor's settings page takes.
    #[error("the secret in `{source_name}` has {length} characters; at most 1,024 are possible")]
    TooLong {
        /// The `env:` or `file:` form.
        source_name: String,
        /// In characters.
        length: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn from_env(value: &str) -> Result<String, SecretError> {
        let environment = |name: &str| (name == "S").then(|| value.to_owned());
        resolve("env:S", Path::new("."), Secrets::Read(&environment))
            .map(|secret| secret.expose_secret().to_owned())
    }

    #[test]
    fn takes_any_text_of_1_to_1024_characters() {
        assert_eq!(from_env("x").unwrap(), "x");
        assert_eq!(from_env("purple unicorn").unwrap(), "purple unicorn");
        assert_eq!(from_env(&"ü".repeat(1024)).unwrap().chars().count(), 1024);
        assert_eq!(from_env(""), Err(SecretError::Empty("env:S".into())));
        assert!(matches!(
            from_env(&"ü".repeat(1025)),
            Err(SecretError::TooLong { length: 1025, .. })
        ));
    }

    #[test]
    fn reads_a_file_without_its_last_line_end() {
        let folder = tempfile::tempdir().unwrap();
        for (content, secret) in [("a b\n", "a b"), ("a b\r\n", "a b"), ("a\n\n", "a\n")] {
            std::fs::write(folder.path().join("s"), content).unwrap();
            let read = resolve("file:s", folder.path(), Secrets::Read(&|_| None)).unwrap();
            assert_eq!(read.expose_secret(), secret);
        }
        let error = resolve("file:missing", folder.path(), Secrets::Read(&|_| None)).unwrap_err();
        assert!(error.to_string().contains("missing"), "{error}");
        // A file without an end is not read to its end.
        let endless = resolve("file:/dev/zero", folder.path(), Secrets::Read(&|_| None));
        assert!(matches!(endless, Err(SecretError::TooLong { .. })));
        for (content, too_long) in [
            ("aü".repeat(10_000).into_bytes(), true),
            (vec![0xff], false),
        ] {
            std::fs::write(folder.path().join("s"), content).unwrap();
            let error = resolve("file:s", folder.path(), Secrets::Read(&|_| None)).unwrap_err();
            assert_eq!(
                matches!(error, SecretError::TooLong { .. }),
                too_long,
                "{error}"
            );
        }
    }

    #[test]
    fn never_repeats_a_secret_that_stands_in_the_configuration() {
        let error =
            resolve("purple unicorn", Path::new("."), Secrets::Read(&|_| None)).unwrap_err();
        assert!(!error.to_string().contains("purple"), "{error}");
    }
}
