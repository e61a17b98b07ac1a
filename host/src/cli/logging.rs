//! What goes to standard error, and how.

use clap::{Args, ValueEnum};
use std::io::IsTerminal;
use tracing::{Level, Metadata};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// What there is, from silence to everything.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// How many lines of the log wait to be written before further ones are dropped.
const LOG_BUFFER: usize = 10_000;

/// What goes to standard error, and how.
#[derive(Debug, Args)]
pub(super) struct Logging {
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

impl Logging {
    pub(super) fn start(&self, default: &str) -> anyhow::Result<WorkerGuard> {
        let filter = self.log.as_deref().unwrap_or(default);
        let filter = match filter.parse::<LevelFilter>() {
            // A bare level is meant for Retort; what its libraries debug is a flood.
            Ok(level) => format!("{},retort={level}", level.min(LevelFilter::INFO)),
            Err(_) => filter.to_owned(),
        };
        if let Some(word) = unknown_level(&filter) {
            anyhow::bail!("{}", no_level(word));
        }
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

/// A part of a filter that is one bare word and no level. The library would take it for the
/// name of a target of which everything is logged, and nothing of the others: so
/// `warning` would silence all.
fn unknown_level(filter: &str) -> Option<&str> {
    let parts = filter.split(',').map(str::trim);
    let mut bare = parts.filter(|part| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        !part.is_empty() && part.chars().all(plain)
    });
    bare.find(|part| part.parse::<LevelFilter>().is_err())
}

fn no_level(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    let near = LEVELS
        .iter()
        .map(|level| (strsim::jaro_winkler(&lower, level), level))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    let meant = near.map_or_else(String::new, |(_, level)| {
        format!("did you mean `{level}`? ")
    });
    let levels = LEVELS.join(", ");
    format!(
        "--log (or RETORT_LOG): there is no level `{}`\n    hint: {meant}the levels are {levels}; a target has one of them after it, as in `retort::guest=info`",
        word.escape_debug()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_word_is_a_level_or_a_mistake() {
        for filter in [
            "warn",
            "INFO",
            "off",
            "3",
            "",
            "warn,retort::guest=info",
            "hyper=trace,retort=debug",
            "retort::guest",
            "[request{assistant=a}]=debug",
            "info, retort=debug",
        ] {
            assert_eq!(unknown_level(filter), None, "{filter}");
        }
        for (filter, word) in [
            ("warning", "warning"),
            ("verbose", "verbose"),
            ("warning,retort::guest=info", "warning"),
            ("info,everything", "everything"),
        ] {
            assert_eq!(unknown_level(filter), Some(word));
        }
    }

    #[test]
    fn the_hint_has_the_levels() {
        assert!(no_level("warning").contains("did you mean `warn`?"));
        assert!(no_level("Information").contains("did you mean `info`?"));
        let verbose = no_level("verbose");
        assert!(!verbose.contains("did you mean") && verbose.contains("error, warn, info"));
    }
}
