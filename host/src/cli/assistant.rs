//! One assistant of a configuration, made ready to run without a server.

use super::ConfigFile;
use crate::plugin::Compiler;
use crate::process::Process;
use crate::secret::{Secrets, environment};
use crate::snapshot::{Assistant, Snapshot};
use anyhow::{Context, bail};
use std::io::Write;

impl ConfigFile {
    /// The assistant of that name, with its pipelines. Nobody is verified, so that no
    /// callers' credentials are read; what plugins send is sent.
    pub(super) fn load_assistant(&self, name: &str) -> anyhow::Result<Assistant> {
        let mut config = self.load(Secrets::Granted(&environment))?;
        if config.keyvalue.is_some() {
            tell!("what plugins keep is kept in memory, for this run: [keyvalue] is not opened");
        }
        // It belongs to the server, and to the user that the server runs as.
        config.sandbox.cache = None;
        // The others' components need not be compiled.
        config.assistants.retain(|other, _| other == name);
        let Some(assistant) = config.assistants.get(name) else {
            bail!(
                "there is no assistant `{name}` in {}",
                self.config.display()
            );
        };
        let uses = |plugin: &String| {
            let mut stages = assistant.pipelines.values().flatten();
            stages.any(|stage| stage.plugin == *plugin)
        };
        let used: Vec<_> = config
            .plugins
            .keys()
            .filter(|name| uses(name))
            .cloned()
            .collect();
        config.plugins.retain(|name, _| used.contains(name));
        let snapshot = Snapshot::build(
            config,
            &Process::aside(Compiler::this_program()),
            None,
            |plugin| tell!("compiling {plugin}"),
        )?;
        let assistant = snapshot.into_assistant(name);
        assistant.context("the assistant is gone")
    }
}
