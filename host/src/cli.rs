//! The command line: one file for each command.

/// Prints a line for people to standard error. Whoever does not read it is no reason
/// to panic, which `eprintln!` would.
macro_rules! tell {
    ($($words:tt)*) => {{
        let _ = writeln!(std::io::stderr(), $($words)*);
    }};
}

mod assistant;
mod check;
mod compile_component;
mod delivery;
mod invoke;
mod json_input;
mod rehearse;
mod send;
mod serve;
mod token;

use crate::config::{Config, ConfigError};
use crate::plugin;
use crate::reload::Source;
use crate::secret::{Secrets, environment};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use tracing::{Level, Metadata};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// A host for WebAssembly plugins that transform a chatbot's answers.
///
/// An assistant's post-message webhook calls Retort with every answer that it is
/// about to give. Retort verifies the caller, runs the assistant's plugins over the
/// answer, each in a sandbox of its own, and returns it.
#[derive(Debug, Parser)]
#[command(name = "retort", version, after_help = EXAMPLES)]
pub struct Command {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    logging: Logging,
}

const EXAMPLES: &str = "\
Examples:
  retort check --config retort.toml           is the configuration right?
  retort serve --config retort.toml           serve it
  retort invoke my-plugin.wasm answer.json    what does a plugin make of an answer?
  retort send http://127.0.0.1:8080/webhooks/lobby answer.json --secret env:SECRET
  retort rehearse lobby 'Hello' --answers answers.json      what does a user see?

Each command has more with --help.";

#[derive(Debug, Subcommand)]
enum Verb {
    Serve(serve::Serve),
    Check(check::Check),
    Invoke(invoke::Invoke),
    Rehearse(rehearse::Rehearse),
    Token(token::Token),
    Send(send::Send),
    #[command(name = plugin::COMMAND, hide = true)]
    CompileComponent(compile_component::CompileComponent),
}

/// How many lines of the log wait to be written before further ones are dropped.
const LOG_BUFFER: usize = 10_000;

/// What goes to standard error, and how.
#[derive(Debug, Args)]
struct Logging {
    /// How much to log: error, warn, info, debug or trace; or a filter such as
    /// `warn,retort::guest=info` (what plugins print has the target `retort::guest`)
    #[arg(long, global = true, env = "RETORT_LOG", value_name = "FILTER")]
    log: Option<String>,
    /// How log lines look
    #[arg(long, global = true, value_enum, default_value = "text")]
    log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    /// A line for people
    Text,
    /// A JSON object a line, for machines
    Json,
}

/// The configuration file of those commands that need one.
#[derive(Debug, Args)]
struct ConfigFile {
    /// The configuration file
    #[arg(long, short, value_name = "FILE", default_value = "retort.toml")]
    config: PathBuf,
}

impl ConfigFile {
    fn source(&self) -> Source {
        Source {
            file: self.config.clone(),
        }
    }

    fn load(&self, secrets: Secrets<'_>) -> Result<Config, ConfigError> {
        Config::load(&self.config, secrets)
    }
}

/// Secrets as they are in production.
const SECRETS: Secrets<'static> = Secrets::Read(&environment);

/// How a command ended, as its exit status says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// 0
    Good,
    /// 1: what the command was asked about is not good.
    Bad,
}

impl Command {
    /// Does what the command line says. The exit status is 0 for success, 1 where
    /// what was asked about is bad (a configuration, a plugin's fault, an answer
    /// that the assistant would not take), 2 where the command could not do its work.
    #[must_use]
    pub fn execute(self) -> ExitCode {
        // This has no log: it gives up its rights before it starts a thread.
        if let Verb::CompileComponent(compile) = self.verb {
            return compile.execute();
        }
        // Only the server tells its story unasked; the others have their results.
        let default = match self.verb {
            Verb::Serve(_) => "info",
            _ => "error,retort::guest=info",
        };
        // Its end writes what is still to be written.
        let _log = match self.logging.start(default) {
            Ok(log) => log,
            Err(error) => return failed(&error),
        };
        let ending = match self.verb {
            Verb::Serve(serve) => serve.execute(),
            Verb::Check(check) => check.execute(),
            Verb::Invoke(invoke) => invoke.execute(),
            Verb::Rehearse(rehearse) => rehearse.execute(),
            Verb::Token(token) => token.execute(),
            Verb::Send(send) => send.execute(),
            Verb::CompileComponent(compile) => return compile.execute(),
        };
        match ending {
            Ok(Ending::Good) => ExitCode::SUCCESS,
            Ok(Ending::Bad) => ExitCode::from(1),
            Err(error) => failed(&error),
        }
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    tell!("retort: {error:#}");
    ExitCode::from(2)
}

impl Logging {
    fn start(&self, default: &str) -> anyhow::Result<WorkerGuard> {
        let filter = self.log.as_deref().unwrap_or(default);
        let filter = match filter.parse::<LevelFilter>() {
            // A bare level is meant for Retort; what its libraries debug is a flood.
            Ok(level) => format!("{},retort={level}", level.min(LevelFilter::INFO)),
            Err(_) => filter.to_owned(),
        };
        let filter = EnvFilter::try_new(&filter)
            .map_err(|error| anyhow::anyhow!("--log {filter:?} is not a filter: {error}"))?;
        // A thread of its own writes the log, and drops lines while nobody reads them:
        // whoever stalls the log must not stall the server.
        let (writer, guard) = NonBlockingBuilder::default()
            .buffered_lines_limit(LOG_BUFFER)
            .lossy(true)
            .finish(std::io::stderr());
        let lines = tracing_subscriber::fmt::layer().with_writer(writer);
        let lines = match self.log_format {
            LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
            LogFormat::Json => lines.json().flatten_event(true).boxed(),
        };
        tracing_subscriber::registry()
            .with(filter)
            .with(lines.with_filter(filter_fn(tells_no_secret)))
            .init();
        Ok(guard)
    }
}

/// The HTTP libraries trace headers, and with them the callers' credentials.
fn tells_no_secret(event: &Metadata<'_>) -> bool {
    let tracing = *event.level() == Level::TRACE;
    let library = ["hyper", "h2", "rustls"];
    !(tracing && library.iter().any(|name| event.target().starts_with(name)))
}

/// The runtime of every command that runs guests.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // Look for arrived bytes after every step: the default of 61 steps starves
        // connections beside guests that compute for long.
        .event_interval(1)
        .build()
}
