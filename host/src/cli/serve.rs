use super::listening::listen;
use super::{ConfigFile, Emptiness, Ending, output, runtime};
use crate::admin;
use crate::config::Admin;
use crate::plugin::Compiler;
use crate::process::Process;
use crate::reload::warnings::{self, Bound, Listener, Warning};
use crate::reload::{Sink, Source};
use crate::server::{self, Connections, Drained};
use clap::Args;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Serve the webhooks of a configuration
///
/// Everything is checked and compiled before the port is opened. Ctrl-C or SIGTERM
/// stop it: requests that have begun are finished first, unless a second signal comes.
/// SIGHUP, or a change of the configuration or of a file that it names, makes it read
/// everything again; if that is not good, it says why and goes on as before.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  retort serve --config retort.toml

  The assistant's webhook URL is then https://ADDRESS:PORT/webhooks/ASSISTANT with
  a certificate in [server.tls], or http:// behind whatever terminates TLS for you. GET /healthz says that the process
  lives, GET /readyz that it takes requests.")]
pub(super) struct Serve {
    #[command(flatten)]
    file: ConfigFile,
    /// Listen here instead of where the configuration says; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    #[command(flatten)]
    emptiness: Emptiness,
}

impl Serve {
    pub(super) fn execute(self) -> anyhow::Result<Ending> {
        runtime()?.block_on(self.serve())
    }

    async fn serve(self) -> anyhow::Result<Ending> {
        // Before anything that takes time, so that a signal finds somebody from the
        // beginning: a SIGHUP would end the process, and as the first of a container it
        // would not get the others at all.
        let mut first = Signals::new()?;
        let mut second = Signals::new()?;
        let hangup = signal(SignalKind::hangup())?;
        let source = self.source();
        let process = Process::new(Compiler::this_program());
        let (snapshot, files) = tokio::select! {
            made = source.first(&process) => made?,
            () = first.next() => {
                tracing::info!("stopped before anything was served");
                return Ok(Ending::Good);
            }
        };
        tracing::info!(memory = snapshot.sandbox.cleaning(), "the sandbox is ready");
        let scheme = snapshot.server.tls.as_ref().map_or("http", |_| "https");
        let connections = Arc::new(Connections::default());
        let asked = self.listen.unwrap_or(snapshot.server.listen);
        let listener = listen(asked, "--listen takes another").await?;
        let address = listener.local_addr()?;
        let server = Listener {
            asked,
            bound: address,
        };
        let mut bound = Bound {
            // With --listen, what the configuration says is of no matter.
            server: self.listen.is_none().then_some(server),
            admin: None,
        };
        let admin = match snapshot.admin {
            Some(Admin { listen: asked }) => {
                let socket = listen(asked, "`listen` in [admin] can take another").await?;
                let address = socket.local_addr()?;
                bound.admin = Some(Listener {
                    asked,
                    bound: address,
                });
                tracing::info!(%address, "metrics and status are at /metrics and /status");
                Some(socket)
            }
            None => None,
        };
        let warned = warnings::of(&snapshot, &bound);
        warned.iter().for_each(Warning::log);
        let (sender, snapshots) = watch::channel(Arc::new(snapshot));
        if let Some(socket) = admin {
            tokio::spawn(admin::run(
                socket,
                Arc::clone(&process),
                snapshots.clone(),
                Arc::clone(&connections),
            ));
        }
        let sink = Sink {
            snapshots: sender,
            bound,
            warned,
        };
        tokio::spawn(source.follow(Arc::clone(&process), sink, files, hangup));
        // The one line on standard output: programs that start Retort wait for it.
        writeln!(
            output::stdout(),
            "retort is listening on {scheme}://{address}"
        )?;
        let drained = tokio::select! {
            drained = server::run(listener, &process, snapshots, Arc::clone(&connections), first.next()) => drained,
            () = async { second.next().await; second.next().await } => {
                if server::nothing_in_flight(&process, &connections) {
                    Drained::Completely
                } else {
                    Drained::CutOff
                }
            }
        };
        match drained {
            Drained::Completely => tracing::info!("stopped"),
            Drained::CutOff => tracing::warn!("stopped; some requests were cut off"),
        }
        Ok(Ending::Good)
    }

    fn source(&self) -> Source {
        Source {
            file: self.file.config.clone(),
            allow_empty: self.emptiness.allow_empty,
        }
    }
}

/// The signals that ask a server to stop. Each set sees all of them.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
