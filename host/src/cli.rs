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
mod listening;
mod logging;
mod output;
mod rehearse;
mod send;
mod serve;
mod token;

use crate::config::{Config, ConfigError};
use crate::plugin;
use crate::secret::{Secrets, environment};
use clap::{Args, Parser, Subcommand};
use logging::Logging;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

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

/// The configuration file of those commands that need one.
#[derive(Debug, Args)]
struct ConfigFile {
    /// The configuration file
    #[arg(long, short, value_name = "FILE", default_value = "retort.toml")]
    config: PathBuf,
}

impl ConfigFile {
    fn load(&self, secrets: Secrets<'_>) -> Result<Config, ConfigError> {
        Config::load(&self.config, secrets)
    }
}

/// Whether a configuration may have nobody to serve.
#[derive(Debug, Args)]
struct Emptiness {
    /// Take a configuration without assistants, which is refused otherwise, because a file
    /// that was cut off looks like that
    #[arg(long)]
    allow_empty: bool,
}

impl Emptiness {
    fn check(&self, config: Config) -> Result<Config, ConfigError> {
        if self.allow_empty {
            return Ok(config);
        }
        config.with_assistants()
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

/// The runtime of every command that runs guests.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // Look for arrived bytes after every step: the default of 61 steps starves
        // connections beside guests that compute for long.
        .event_interval(1)
        .build()
}
