//! The HTTP clients that the tests call Retort with: curl, and Python's httpx.

use crate::run::{Result, check, root, succeeds};
use std::process::Command;

/// Makes sure that they are there. Python's packages are in `target/python`.
pub(crate) fn set_up() -> Result {
    if !succeeds("curl", &["--version"]) {
        install("curl")?;
    }
    let wanted = root().join("tests/clients/requirements.txt");
    let folder = root().join("target/python");
    let (python, installed) = (folder.join("bin/python"), folder.join("requirements.txt"));
    let text = |path| std::fs::read_to_string(path).ok();
    if python.exists() && text(&installed) == text(&wanted) {
        return Ok(());
    }
    if !succeeds("python3", &["-c", "import ensurepip, venv"]) {
        install("python3 python3-venv")?;
    }
    println!("xtask: installing the Python client of the tests: target/python");
    let mut venv = Command::new("python3");
    check({
        venv.args(["-m", "venv", "--clear"]).arg(&folder);
        venv
    })?;
    let mut pip = Command::new(&python);
    check({
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps"]);
        pip.arg("--disable-pip-version-check");
        pip.arg("--requirement").arg(&wanted);
        pip
    })?;
    // Last, so that what was broken off is begun again.
    std::fs::copy(&wanted, &installed)
        .map(drop)
        .map_err(|error| format!("cannot write {}: {error}", installed.display()))
}

/// Installs packages of Debian's, or says how.
fn install(packages: &str) -> Result {
    let install =
        format!("apt-get update && apt-get install -y --no-install-recommends {packages}");
    println!("xtask: installing the clients that the tests call with: {packages}");
    let mut shell = Command::new("sh");
    shell.args(["-c", &install]);
    check(shell).map_err(|reason| {
        format!(
            "{reason}\nThe tests need {packages}. Install it as root, then try again:\n  {install}"
        )
    })
}
