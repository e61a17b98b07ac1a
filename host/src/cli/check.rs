use super::{ConfigFile, Emptiness, Ending, output};
use crate::config::{Config, ConfigError};
use crate::event::EventKind;
use crate::fairness::{Allotment, Tenant};
use crate::pipeline::Pipeline;
use crate::plugin::{Capacity, Compiler, Interface, SandboxError};
use crate::process::Process;
use crate::snapshot::{Snapshot, SnapshotError};
use bytesize::ByteSize;
use clap::Args;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

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
    #[command(flatten)]
    emptiness: Emptiness,
}

impl Check {
    pub(super) fn execute(self) -> anyhow::Result<Ending> {
        let config = self.file.load(super::SECRETS);
        let mut config = match config.and_then(|config| self.emptiness.check(config)) {
            Ok(config) => config,
            Err(ConfigError::Wrong { problems, .. }) => {
                tell!("{problems}");
                return Ok(Ending::Bad);
            }
            Err(unreadable @ ConfigError::Unreadable { .. }) => return Err(unreadable.into()),
        };
        let cache = unused_cache(&mut config)?;
        let progress = |name: &str| tell!("compiling {name}");
        let process = Process::aside(Compiler::this_program());
        let snapshot = match Snapshot::build(config, &process, None, progress) {
            Ok(snapshot) => snapshot,
            Err(SnapshotError::Components(problems)) => {
                tell!("{problems}");
                return Ok(Ending::Bad);
            }
            Err(
                other @ (SnapshotError::NoSandbox(_)
                | SnapshotError::NoStore(_)
                | SnapshotError::NoTenant(_)
                | SnapshotError::NoStage { .. }),
            ) => {
                return Err(other.into());
            }
        };
        report(&process, &snapshot, cache.as_deref(), &mut output::stdout())?;
        Ok(Ending::Good)
    }
}

/// Takes the folder for compiled code out of a configuration, because a server finds in it
/// what it wrote itself, and may not be able to read what somebody else wrote, such as root
/// with this command. It only looks whether it can be a folder.
fn unused_cache(config: &mut Config) -> Result<Option<PathBuf>, SandboxError> {
    let Some(folder) = config.sandbox.cache.take() else {
        return Ok(None);
    };
    match std::fs::metadata(&folder) {
        Ok(about) if !about.is_dir() => Err(SandboxError::NoCache {
            folder,
            reason: "it is not a folder".to_owned(),
        }),
        // `serve` makes it.
        _ => Ok(Some(folder)),
    }
}

fn report(
    process: &Process,
    snapshot: &Snapshot,
    cache: Option<&Path>,
    out: &mut impl Write,
) -> std::io::Result<()> {
    writeln!(out, "sandbox: {}", slots(snapshot.sandbox.capacity()))?;
    writeln!(out, "memory: {}", snapshot.sandbox.cleaning())?;
    let bodies = ByteSize(process.fairness.body_memory_use().capacity);
    writeln!(
        out,
        "bodies: {bodies} for those of requests and answers together"
    )?;
    if let Some(cache) = cache {
        let cache = cache.display();
        writeln!(
            out,
            "compiled code is kept in {cache} by `retort serve`, not by this command"
        )?;
    }
    for tenant in snapshot.tenants.values() {
        writeln!(out, "tenant {}: {}", tenant.name(), allotment(tenant))?;
    }
    if let Some(tls) = &snapshot.server.tls {
        let certificate = tls.files.certificate.display();
        write!(out, "https on {}: {certificate}", snapshot.server.listen)?;
        if let Some(expiry) = tls.expiry {
            let word = if tls.expired(SystemTime::now()) {
                "EXPIRED on"
            } else {
                "valid until"
            };
            let expiry = humantime::format_rfc3339_seconds(expiry);
            write!(out, ", {word} {expiry}")?;
        }
        writeln!(out)?;
    }
    for plugin in snapshot.plugins.values() {
        let interfaces: Vec<_> = plugin.interfaces().map(Interface::name).collect();
        let (name, digest) = (plugin.name(), plugin.sha256());
        let interfaces = interfaces.join(", ");
        writeln!(out, "plugin {name}: {interfaces} (sha256 {digest})")?;
    }
    let mut assistants: Vec<_> = snapshot.assistants().collect();
    assistants.sort_by_key(|assistant| Arc::clone(&assistant.name));
    for assistant in assistants {
        writeln!(
            out,
            "assistant {} of tenant {}: {}, {}",
            assistant.name,
            assistant.tenant.name(),
            assistant.gate.auth().kind(),
            humantime::format_duration(assistant.timeout),
        )?;
        for (event, pipeline) in assistant.pipelines() {
            report_pipeline(event, pipeline, out)?;
        }
        if assistant.pipelines().next().is_none() {
            writeln!(out, "  no stages")?;
        }
    }
    writeln!(out, "the configuration is good")
}

/// What each stage may see, change and reach.
fn report_pipeline(
    event: EventKind,
    pipeline: &Pipeline,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let stages = match pipeline.stages.len() {
        0 => "no stages".to_owned(),
        1 => "1 stage".to_owned(),
        count => format!("{count} stages"),
    };
    writeln!(out, "  {}: {stages}", event.name())?;
    for (stage, number) in pipeline.stages.iter().zip(1..) {
        let view = stage.plugin.view_in_words(&stage.view);
        writeln!(out, "    {number}. {} {view}", stage.plugin.name())?;
        for need in stage.plugin.needs() {
            let what = stage.reach.in_words(*need);
            writeln!(out, "       asks for {}: gets {what}", need.interface())?;
        }
    }
    Ok(())
}

/// How many calls may go on at once, and why so many.
fn slots(capacity: &Capacity) -> String {
    let Capacity {
        slots,
        call_bytes,
        memory_bytes,
        configured,
    } = *capacity;
    let call = ByteSize(call_bytes);
    let memory = memory_bytes.map_or_else(String::new, |bytes| format!(" of {}", ByteSize(bytes)));
    let source = if configured {
        "as `concurrency` says"
    } else {
        "for half of the memory"
    };
    let beyond = if capacity.is_beyond_memory() {
        "; TOGETHER THEY CAN TAKE MORE THAN THE MEMORY"
    } else {
        ""
    };
    format!("{slots} calls at once, {source}: each can take {call}{memory}{beyond}")
}

/// What a tenant may have.
fn allotment(tenant: &Tenant) -> String {
    let Allotment {
        concurrency: _,
        queue,
        share,
        fuel_per_minute,
        body_memory: _,
    } = tenant.allotment();
    let concurrency = tenant.calls().concurrency;
    let fuel = fuel_per_minute.map_or_else(String::new, |fuel| {
        format!(", {fuel} units of fuel a minute")
    });
    let bodies = ByteSize(tenant.body_memory());
    format!("{concurrency} calls at once, {queue} waiting, share {share}{fuel}, {bodies} of bodies")
}
