use super::{ConfigFile, Ending};
use crate::auth::Auth;
use crate::config::ConfigError;
use crate::snapshot::{Snapshot, SnapshotError};
use clap::Args;
use std::io::Write;

/// Check a configuration and load its components, without serving
///
/// Prints what would be served, or everything that is wrong, each with its line,
/// its column and a hint. The exit status is 1 if something is.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  retort check --config retort.toml")]
pub(super) struct Check {
    #[command(flatten)]
    file: ConfigFile,
}

impl Check {
    pub(super) fn execute(self) -> anyhow::Result<Ending> {
        let config = match self.file.load(super::SECRETS) {
            Ok(config) => config,
            Err(ConfigError::Wrong(problems)) => {
                tell!("{problems}");
                return Ok(Ending::Bad);
            }
            Err(unreadable @ ConfigError::Unreadable { .. }) => return Err(unreadable.into()),
        };
        let snapshot = match Snapshot::build(config, |name| tell!("compiling {name}")) {
            Ok(snapshot) => snapshot,
            Err(SnapshotError::Components(problems)) => {
                tell!("{problems}");
                return Ok(Ending::Bad);
            }
            Err(other @ SnapshotError::NoSandbox(_)) => return Err(other.into()),
        };
        report(&snapshot, &mut std::io::stdout().lock())?;
        Ok(Ending::Good)
    }
}

fn report(snapshot: &Snapshot, out: &mut impl Write) -> std::io::Result<()> {
    for plugin in snapshot.plugins.values() {
        writeln!(out, "plugin {} (sha256 {})", plugin.name(), plugin.sha256())?;
    }
    let mut assistants: Vec<_> = snapshot.assistants().collect();
    assistants.sort_by_key(|assistant| assistant.name.as_str());
    for assistant in assistants {
        let stages: Vec<_> = assistant.pipeline.iter().map(|s| s.plugin.name()).collect();
        writeln!(
            out,
            "assistant {} of tenant {}: {}, {}, stages: {}",
            assistant.name,
            assistant.tenant,
            kind(&assistant.auth),
            humantime::format_duration(assistant.timeout),
            if stages.is_empty() {
                "none".to_owned()
            } else {
                stages.join(", ")
            },
        )?;
    }
    writeln!(out, "the configuration is good")
}

fn kind(auth: &Auth) -> &'static str {
    match auth {
        Auth::Jwt(_) => "JWT",
        Auth::Basic(_) => "Basic",
        Auth::Bearer(_) => "bearer token",
        Auth::ApiKey(_) => "API key",
        Auth::None => "NO AUTHENTICATION",
    }
}
