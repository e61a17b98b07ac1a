use super::{ConfigFile, Ending, runtime};
use crate::admin;
use crate::auth::Auth;
use crate::config::Admin;
use crate::plugin::Compiler;
use crate::process::Process;
use crate::reload::{Files, Source};
use crate::server::{self, Connections, Drained};
use crate::snapshot::Snapshot;
use anyhow::Context;
use clap::Args;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
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
}

impl Serve {
    pub(super) fn execute(self) -> anyhow::Result<Ending> {
        let source = self.file.source();
        let process = Process::new(Compiler::this_program());
        let (snapshot, files) = source.first(&process)?;
        tracing::info!(memory = snapshot.sandbox.cleaning(), "the sandbox is ready");
        let capacity = snapshot.sandbox.capacity();
        if capacity.is_beyond_memory() {
            tracing::warn!(
                slots = capacity.slots,
                call_bytes = capacity.call_bytes,
                memory_bytes = capacity.memory_bytes,
                "all calls together can take more than the memory; lower `concurrency` in [sandbox]"
            );
        }
        for assistant in snapshot.assistants() {
            if matches!(assistant.gate.auth(), Auth::None) {
                tracing::warn!(
                    assistant = assistant.name.as_ref(),
                    "anybody can call this webhook: its auth kind is none"
                );
            }
        }
        runtime()?.block_on(self.serve(source, process, snapshot, files))
    }

    async fn serve(
        self,
        source: Source,
        process: Arc<Process>,
        snapshot: Snapshot,
        files: Files,
    ) -> anyhow::Result<Ending> {
        let admin = snapshot.admin;
        let scheme = snapshot.server.tls.as_ref().map_or("http", |_| "https");
        let connections = Arc::new(Connections::default());
        let address = self.listen.unwrap_or(snapshot.server.listen);
        // Before the port is open, so that a signal finds somebody from the beginning.
        let mut first = Signals::new()?;
        let mut second = Signals::new()?;
        let hangup = signal(SignalKind::hangup())?;
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!(
                "cannot listen on {address}; is another program using it? --listen takes another"
            )
        })?;
        let address = listener.local_addr()?;
        let (sender, snapshots) = watch::channel(Arc::new(snapshot));
        if let Some(Admin { listen }) = admin {
            let listener = TcpListener::bind(listen).await.with_context(|| {
                format!("cannot listen on {listen}; `listen` in [admin] can take another")
            })?;
            let address = listener.local_addr()?;
            tracing::info!(%address, "metrics and status are at /metrics and /status");
            tokio::spawn(admin::run(
                listener,
                Arc::clone(&process),
                snapshots.clone(),
                Arc::clone(&connections),
            ));
        }
        tokio::spawn(source.follow(Arc::clone(&process), sender, files, hangup));
        // The one line on standard output: programs that start Retort wait for it.
        writeln!(
            std::io::stdout(),
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
