//! Signals that come while it starts: before everything is compiled, and before there is
//! a port. A secret in a pipe holds up the start for as long as a test likes.

use crate::support::{component, retort};
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a test waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder with a configuration whose secret is in a pipe.
fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("secret");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let config = format!(
        "[server]\nwatch = \"0s\"\n[plugins.echo]\ncomponent = '{}'\n[tenants.t]\n[assistants.a]\ntenant = \"t\"\n\
         auth = {{ kind = \"bearer\", secrets = [\"file:secret\"] }}\npipeline = [{{ plugin = \"echo\" }}]\n",
        component("echo").display()
    );
    std::fs::write(folder.path().join("retort.toml"), config).unwrap();
    (folder, pipe)
}

fn serve(mut command: Command, folder: &TempDir) -> Child {
    let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--config"];
    let file = folder.path().join("retort.toml");
    arguments.push(file.to_str().unwrap());
    let command = command
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Waits until somebody reads the pipe, and gives it a secret when it is told to.
fn opened(pipe: &Path) -> std::fs::File {
    // Opening it waits for the reader.
    OpenOptions::new().write(true).open(pipe).unwrap()
}

fn signal(name: &str, process: u32) {
    let kill = Command::new("sh")
        .args(["-c", &format!("kill -{name} {process}")])
        .status();
    assert!(kill.unwrap().success());
}

fn ended(child: &mut Child) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("it goes on");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn sighup_while_it_starts_is_a_reload_after_the_start() {
    let (folder, pipe) = folder();
    let mut child = serve(retort(), &folder);
    let mut secret = opened(&pipe);
    signal("HUP", child.id());
    signal("HUP", child.id());
    secret.write_all(b"text").unwrap();
    drop(secret);
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    assert!(line.starts_with("retort is listening on "), "{line}");
    // The reload reads it again.
    let mut secret = opened(&pipe);
    secret.write_all(b"text").unwrap();
    drop(secret);
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let serves = |line: &std::io::Result<String>| {
        line.as_ref()
            .is_ok_and(|line| line.contains("the new configuration serves"))
    };
    assert!(stderr.lines().any(|line| serves(&line)));
    signal("TERM", child.id());
    assert_eq!(ended(&mut child).code(), Some(0));
}

#[test]
fn a_signal_to_stop_ends_the_start() {
    for name in ["TERM", "INT"] {
        let (folder, pipe) = folder();
        let mut child = serve(retort(), &folder);
        let _secret = opened(&pipe);
        signal(name, child.id());
        assert_eq!(ended(&mut child).code(), Some(0), "{name}");
        let mut said = String::new();
        child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        assert_eq!(said, "", "it never listened");
    }
}

/// The first process of a container gets only those signals that it asks for.
#[test]
fn a_signal_to_stop_ends_the_start_of_the_first_process() {
    let (folder, pipe) = folder();
    let retort = retort();
    let own_processes = [
        "--user",
        "--map-root-user",
        "--pid",
        "--fork",
        "--kill-child",
    ];
    let mut unshare = Command::new("unshare");
    unshare.args(own_processes);
    let works = Command::new("unshare")
        .args(own_processes)
        .arg("true")
        .status();
    if !works.as_ref().is_ok_and(ExitStatus::success) {
        eprintln!("SKIPPED: there can be no namespace of processes here: {works:?}");
        return;
    }
    unshare.arg(retort.get_program());
    let mut child = serve(unshare, &folder);
    let _secret = opened(&pipe);
    let children = format!("/proc/{0}/task/{0}/children", child.id());
    let first = std::fs::read_to_string(children).unwrap();
    signal("TERM", first.trim().parse().unwrap());
    assert_eq!(ended(&mut child).code(), Some(0));
}
