//! Starting other programs, and where the project's files are.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A verb's result; the error is a sentence for the person at the terminal.
pub(crate) type Result<T = ()> = std::result::Result<T, String>;

/// The repository's top folder.
pub(crate) fn root() -> PathBuf {
    // This crate is one level below it.
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// Runs this toolchain's cargo in `folder`, its output passed through.
pub(crate) fn cargo(folder: &Path, arguments: &[&str]) -> Result {
    cargo_with(folder, arguments, &[])
}

/// The same with environment variables added.
pub(crate) fn cargo_with(folder: &Path, arguments: &[&str], env: &[(&str, &str)]) -> Result {
    let mut command = Command::new(env!("CARGO"));
    command
        .current_dir(folder)
        .args(arguments)
        // Read by the verbs that make documentation; the others do not look at it.
        .env("RUSTDOCFLAGS", "-D warnings")
        .envs(env.iter().copied());
    check(command)
}

/// In CI, what is built is what was committed. Elsewhere somebody may just be adding
/// a dependency.
pub(crate) fn locked() -> &'static [&'static str] {
    match std::env::var_os("CI") {
        Some(_) => &["--locked"],
        None => &[],
    }
}

/// Runs a command to its end; a failure names the command.
pub(crate) fn check(mut command: Command) -> Result {
    let shown = format!("{command:?}");
    let status = command
        .status()
        .map_err(|error| format!("cannot start {shown}: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{shown} failed ({status})"))
    }
}

/// Whether a command can be started and succeeds; its output is not shown.
pub(crate) fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// What a command prints, without the white space around it.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start {program}: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{program} {}` failed", arguments.join(" ")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
