//! The first command of a newcomer: serves the bundled example and plays the
//! assistant once against it.

use crate::guests;
use crate::run::{Result, cargo, root};
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

/// What stands in the Secret field of the example's assistant: the vendor's own example.
const SECRET: (&str, &str) = ("LOBBY_SECRET", "purple unicorn");
const API_KEY: (&str, &str) = ("DESK_KEY", "an example");

const BODY: &str = "examples/answer.json";

pub(crate) fn demo() -> Result {
    println!("xtask: building the plugins and the host; the first time takes some minutes");
    guests::build_plugins()?;
    cargo(&root(), &["build", "--package", "retort"])?;
    let mut server = start()?;
    let played = play(&mut server);
    if let Err(reason) = played {
        // It would go on serving behind the prompt.
        let _ = server.kill();
        let _ = server.wait();
        return Err(reason);
    }
    let status = server
        .wait()
        .map_err(|error| format!("cannot wait for the server: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("the server ended ({status})"))
    }
}

fn retort() -> Command {
    let mut command = Command::new(root().join("target/debug/retort"));
    command.current_dir(root()).envs([SECRET, API_KEY]);
    command
}

fn start() -> Result<Child> {
    retort()
        .args(["serve", "--config", "examples/retort.toml"])
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start the server: {error}"))
}

/// Waits for the server, sends the vendor's sample body, and shows both ways.
fn play(server: &mut Child) -> Result {
    let address = address(server.stdout.take())?;
    let url = format!("{address}/webhooks/lobby");
    println!("\nThe assistant sends {BODY}:\n");
    let body = std::fs::read_to_string(root().join(BODY))
        .map_err(|error| format!("cannot read {BODY}: {error}"))?;
    println!("{}\n\nRetort answers:\n", body.trim_end());
    let sent = retort()
        .args(["send", &url, BODY, "--secret", "env:LOBBY_SECRET"])
        .status()
        .map_err(|error| format!("cannot play the assistant: {error}"))?;
    if !sent.success() {
        return Err("the answer is not what an assistant would take".to_owned());
    }
    let token = token()?;
    println!(
        "\nNow you (the token is good for a day):\n\n\
         curl {url} -H 'Content-Type: application/json' \\\n  \
         -d @{BODY} -H 'Authorization: Bearer {token}'\n\n\
         Change examples/retort.toml: what is served changes with it.\n\
         Serving until Ctrl-C.\n"
    );
    Ok(())
}

/// The address in the line that the server prints when it is ready.
fn address(stdout: Option<ChildStdout>) -> Result<String> {
    let mut line = String::new();
    if let Some(stdout) = stdout {
        BufReader::new(stdout)
            .read_line(&mut line)
            .map_err(|error| format!("cannot read what the server prints: {error}"))?;
    }
    match line.trim().strip_prefix("retort is listening on ") {
        Some(address) => Ok(address.to_owned()),
        None => Err("the server did not start; its own words are above".to_owned()),
    }
}

fn token() -> Result<String> {
    let output = retort()
        .args(["token", "--secret", "env:LOBBY_SECRET", "--expires", "1day"])
        .output()
        .map_err(|error| format!("cannot mint a token: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
