//! A real Redis server on a free port of the loopback, for one test.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A server that ends with the test.
pub(crate) struct Redis {
    child: Child,
    port: u16,
    /// Whether the port is one with TLS.
    tls: bool,
    arguments: Vec<String>,
    folder: TempDir,
}

impl Redis {
    /// Starts one with more arguments, such as `--maxmemory 2mb`.
    pub(crate) fn start(arguments: &str) -> Self {
        Self::start_with(arguments, false)
    }

    /// The same with TLS on its only port, where the arguments name certificates.
    pub(crate) fn start_tls(arguments: &str) -> Self {
        Self::start_with(arguments, true)
    }

    fn start_with(arguments: &str, tls: bool) -> Self {
        let arguments: Vec<_> = arguments.split_whitespace().map(str::to_owned).collect();
        let folder = tempfile::tempdir().unwrap();
        // Another process may take the port before the server does.
        for _ in 0..10 {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = free.local_addr().unwrap().port();
            drop(free);
            let mut child = spawn((port, tls), &arguments, &folder);
            if answers(&mut child, port) {
                return Self {
                    child,
                    port,
                    tls,
                    arguments,
                    folder,
                };
            }
        }
        panic!("redis-server does not start; try it by hand");
    }

    /// `redis://…`
    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    /// The host and the port.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Kills it, so that nothing of it is left but its port and folder.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again after [`Redis::kill`].
    pub(crate) fn start_again(&mut self) {
        let port = (self.port, self.tls);
        self.child = spawn(port, &self.arguments, &self.folder);
        assert!(answers(&mut self.child, self.port));
    }

    /// Sends it a signal by its name, such as `STOP`.
    pub(crate) fn signal(&self, name: &str) {
        let command = format!("kill -{name} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &command]).status();
        assert!(status.unwrap().success());
    }

    /// What it answers to a command, in its protocol.
    pub(crate) fn command(&self, words: &[&[u8]]) -> Vec<u8> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            bytes.extend(format!("${}\r\n", word.len()).into_bytes());
            bytes.extend_from_slice(word);
            bytes.extend(b"\r\n");
        }
        // It closes the connection after that.
        bytes.extend(b"*1\r\n$4\r\nQUIT\r\n");
        connection.write_all(&bytes).unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).unwrap();
        answer.strip_suffix(b"+OK\r\n").unwrap().to_vec()
    }

    /// All keys that it has.
    pub(crate) fn keys(&self) -> Vec<String> {
        let answer = String::from_utf8(self.command(&[b"KEYS", b"*"])).unwrap();
        let lines = answer.lines().skip(1).filter(|line| !line.starts_with('$'));
        lines.map(str::to_owned).collect()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn((port, tls): (u16, bool), arguments: &[String], folder: &TempDir) -> Child {
    let port = port.to_string();
    let ports = if tls {
        vec!["--port", "0", "--tls-port", &port]
    } else {
        vec!["--port", &port]
    };
    let started = Command::new("redis-server")
        .args(["--bind", "127.0.0.1"])
        .args(ports)
        .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
        .arg("--dir")
        .arg(folder.path())
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match started {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => panic!(
            "redis-server is not installed: `cargo xtask test` installs it, or the package redis-server has it"
        ),
        Err(error) => panic!("redis-server cannot be started: {error}"),
    }
}

/// Waits until it takes connections, unless it ends before.
fn answers(child: &mut Child, port: u16) -> bool {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}
