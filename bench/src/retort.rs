//! Retort itself: its configurations, its process, and the token that an assistant
//! would send.

use crate::server::{Says, Server};
use crate::{Result, places};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What stands in the Secret field of the vendor's example.
pub(crate) const SECRET: (&str, &str) = ("PEERS_SECRET", "purple unicorn");

/// The plugin whose transform the peers have too.
pub(crate) const PLUGIN: &str = "southern-charm";

/// What a stage puts at the end of each text. The peers with one stage have it in
/// their source.
pub(crate) fn suffix(stage: usize) -> String {
    match stage {
        0 | 1 => ", y'all.".to_owned(),
        _ => format!(", y'all of stage {stage}."),
    }
}

/// A configuration in the making.
pub(crate) struct Config(String);

impl Config {
    /// Waits and timeouts are as long as they may be: a run at full load is to show
    /// how slow something is, not that it was given up.
    pub(crate) fn new() -> Self {
        Self("[sandbox]\nwait = \"30s\"\n".to_owned())
    }

    /// With the product's own defaults, which are what an attack has to be stopped by.
    pub(crate) fn with_defaults() -> Self {
        Self("[sandbox]\n".to_owned())
    }

    /// Adds tables, and perhaps before them keys of `[sandbox]`.
    pub(crate) fn add(&mut self, toml: &str) {
        self.0.push_str(toml);
    }

    /// Keeps compiled code in this folder. To be called first.
    pub(crate) fn with_cache(mut self, folder: &Path) -> Self {
        self.line(format_args!("cache = '{}'", folder.display()));
        self
    }

    /// Declares a plugin.
    pub(crate) fn plugin(&mut self, name: &str, component: &Path) {
        self.line(format_args!("[plugins.{name}]"));
        self.line(format_args!("component = '{}'", component.display()));
    }

    /// An assistant whose pipeline runs `PLUGIN` as often as `stages` says.
    pub(crate) fn assistant(&mut self, name: &str, stages: usize) {
        self.line(format_args!("[assistants.{name}]"));
        self.line(format_args!("tenant = \"peers\"\ntimeout = \"30s\""));
        // A stage that is skipped would make Retort look fast.
        self.line(format_args!("on_fault = \"fail\""));
        let secret = SECRET.0;
        self.line(format_args!(
            "auth = {{ kind = \"jwt\", secrets = [\"env:{secret}\"] }}\npipeline = ["
        ));
        for stage in 1..=stages {
            let suffix = suffix(stage);
            self.line(format_args!(
                "  {{ plugin = \"{PLUGIN}\", settings = {{ suffix = \"{suffix}\" }} }},"
            ));
        }
        self.line(format_args!("]"));
    }

    /// Writes the configuration and serves it. What Retort logs goes nowhere, except
    /// warnings where that is all it may log.
    pub(crate) fn serve(&self, name: &str, logs: Logs) -> Result<Server> {
        let file = self.write(name)?;
        let mut command = program()?;
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(&file);
        match logs {
            Logs::Warnings => command.args(["--log", "warn"]),
            Logs::Default => command.stderr(Stdio::null()),
        };
        Server::start(command, Says::OnStdout).map_err(|reason| format!("{name}: {reason}"))
    }

    /// Writes the configuration's file, which a server of that name reads.
    pub(crate) fn write(&self, name: &str) -> Result<PathBuf> {
        let file = places::scratch()?.join(format!("{name}.toml"));
        places::write(&file, format!("{}\n[tenants.peers]\n", self.0))?;
        Ok(file)
    }

    /// Whether this Retort would serve it: it refuses keys that it does not know, and
    /// components that ask for what they may not have.
    pub(crate) fn is_accepted(&self) -> Result<bool> {
        let output = program()?
            .args(["check", "--config"])
            .arg(self.write("is-accepted")?)
            .output()
            .map_err(|error| format!("cannot start retort: {error}"))?;
        Ok(output.status.success())
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a String does not fail.
        let _ = self.0.write_fmt(text);
        self.0.push('\n');
    }
}

/// How much Retort logs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Logs {
    /// No line for a request that goes well.
    Warnings,
    /// What it does without being told.
    Default,
}

/// Where an assistant's webhook is.
pub(crate) fn webhook(assistant: &str) -> String {
    format!("/webhooks/{assistant}")
}

/// A token that is good for longer than a run.
pub(crate) fn token() -> Result<String> {
    let output = program()?
        .args(["token", "--expires", "1day", "--secret"])
        .arg(format!("env:{}", SECRET.0))
        .output()
        .map_err(|error| format!("cannot start retort: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        let reason = String::from_utf8_lossy(&output.stderr);
        Err(format!("`retort token` failed: {reason}"))
    }
}

/// Whether this Retort can keep compiled code.
pub(crate) fn has_cache() -> Result<bool> {
    let folder = places::scratch()?.join("cache");
    Config::new().with_cache(&folder).is_accepted()
}

fn program() -> Result<Command> {
    let mut command = Command::new(places::retort()?);
    command.env_remove("RETORT_LOG").envs([SECRET]);
    Ok(command)
}
