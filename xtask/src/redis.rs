//! The Redis server that the tests of the key-value store start.

use crate::run::{Result, check, succeeds};
use std::process::Command;

/// Makes sure that there is one.
pub(crate) fn set_up() -> Result {
    if succeeds("redis-server", &["--version"]) {
        return Ok(());
    }
    let install = "apt-get update && apt-get install -y --no-install-recommends redis-server";
    println!("xtask: installing the Redis server that the tests start: redis-server");
    let mut shell = Command::new("sh");
    shell.args(["-c", install]);
    check(shell).map_err(|reason| {
        format!(
            "{reason}\nThe tests need `redis-server` in PATH. Install it as root, then try again:\n  {install}"
        )
    })
}
