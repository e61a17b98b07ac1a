//! A server under test: started, found, and ended with the value.

use crate::Result;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long a server may take to start. Retort compiles its plugins before it listens.
const PATIENCE: Duration = Duration::from_secs(600);

/// How long a server may take to end after it was asked to.
const FAREWELL: Duration = Duration::from_secs(5);

/// A running server. It ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub(crate) address: String,
    /// From the start of the process until it said where it listens.
    pub(crate) ready_after: Duration,
}

/// Which of its outputs a server says its address on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Says {
    /// The usual one.
    OnStdout,
    /// As `wasmtime serve` does.
    OnStderr,
}

impl Server {
    /// Starts a server that takes a free port of its own and prints its address.
    pub(crate) fn start(mut command: Command, says: Says) -> Result<Self> {
        let shown = format!("{:?}", command.get_program());
        let start = Instant::now();
        match says {
            Says::OnStdout => command.stdout(Stdio::piped()),
            Says::OnStderr => command.stderr(Stdio::piped()),
        };
        let mut child = command
            .stdin(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot start {shown}: {error}"))?;
        let output: Option<Box<dyn Read + Send>> = match says {
            Says::OnStdout => child.stdout.take().map(|output| Box::new(output) as _),
            Says::OnStderr => child.stderr.take().map(|output| Box::new(output) as _),
        };
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || find_address(output, &sender));
        let found = receiver.recv_timeout(PATIENCE);
        let mut server = Self {
            child,
            address: String::new(),
            ready_after: start.elapsed(),
        };
        match found {
            Ok(address) => {
                server.address = address;
                Ok(server)
            }
            Err(_) => Err(format!("{shown} did not say where it listens")),
        }
    }

    /// The process; a cluster's others are below it.
    pub(crate) fn process(&self) -> Pid {
        // Linux gives no process a number that is larger than an i32.
        Pid::from_raw(i32::try_from(self.child.id()).unwrap_or(i32::MAX))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = kill(self.process(), Signal::SIGTERM);
        let asked = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if asked.elapsed() > FAREWELL {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Sends the first address among the lines, then reads on, so that a server that goes
/// on printing is not held up. Without an address, the sender's end says so.
fn find_address(output: Option<impl Read>, sender: &mpsc::Sender<String>) {
    let Some(output) = output else { return };
    for line in BufReader::new(output)
        .lines()
        .map_while(std::io::Result::ok)
    {
        if let Some(at) = line.find("http://127.0.0.1:")
            && let Some(address) = line.get(at..)
        {
            // Nobody listens any more after the first.
            let _ = sender.send(address.trim_end_matches('/').to_owned());
        }
    }
}
