//! `retort.toml`, read into checked types. Everything that is wrong with a file is
//! reported at once, with its place and what to do.
//!
//! Absent keys have documented defaults; unknown keys are problems. A value of one
//! of these types is fit for use: there is nothing left to validate.

mod admin;
mod assistant;
mod auth;
mod grants;
mod guard;
mod keyvalue;
mod problem;
mod quarantine;
mod reader;
mod server;
mod tenant;
mod trust;
mod view;

pub use admin::Admin;
pub use assistant::{Assistant, OnFault, Stage};
pub use keyvalue::{KeyValue, Place, Redis, RedisTls};
pub use problem::{Problem, Problems};
pub use server::{Sandbox, Server};

use crate::fairness::Allotment;
use crate::grant::Grants;
use crate::limits::{HttpLimitOverrides, LimitOverrides};
use crate::quarantine::Rule;
use crate::secret::Secrets;
use crate::tls::NoRoots;
use problem::{Collector, nearest};
use reader::{Item, Table};
use rustls::RootCertStore;
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use toml::de::DeTable;

/// A whole configuration file.
#[derive(Debug)]
pub struct Config {
    /// The file, as the user named it; messages start with it.
    pub file: String,
    /// Every file that it is made of: its own, components, secrets.
    pub files: Vec<PathBuf>,
    /// `[admin]`, where there is such a listener.
    pub admin: Option<Admin>,
    /// `[server]`
    pub server: Server,
    /// `[sandbox]`
    pub sandbox: Sandbox,
    /// `[keyvalue]`, where there is a store.
    pub keyvalue: Option<KeyValue>,
    /// `[quarantine]`
    pub quarantine: Rule,
    /// `[tenants.NAME]`
    pub tenants: BTreeMap<String, Allotment>,
    /// `[plugins.NAME]`
    pub plugins: BTreeMap<String, Plugin>,
    /// `[assistants.NAME]`
    pub assistants: BTreeMap<String, Assistant>,
}

/// A component and what it may use.
#[derive(Debug)]
pub struct Plugin {
    /// The component's file. A relative path in the configuration starts at its folder.
    pub component: PathBuf,
    /// What the file's SHA-256 has to be, in lower-case hexadecimal digits.
    pub sha256: Option<String>,
    /// Limits for all stages that run it.
    pub limits: LimitOverrides,
    /// What it may reach in all stages that run it and say nothing else.
    pub grants: Grants,
    /// Where the component is named: line and column, counted from 1.
    pub position: (usize, usize),
}

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// Everything that is wrong with it. Secrets are read from their sources here,
    /// so a missing one is reported too; components are not.
    pub fn load(path: &Path, secrets: Secrets<'_>) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable {
            file: path.display().to_string(),
            reason: error.to_string(),
        })?;
        let base = path.parent().unwrap_or(Path::new(""));
        let mut config = Self::parse(&text, &path.display().to_string(), base, secrets)?;
        config.files.insert(0, path.to_path_buf());
        Ok(config)
    }

    /// Reads the text of a configuration whose relative paths start at `base`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(
        text: &str,
        file: &str,
        base: &Path,
        secrets: Secrets<'_>,
    ) -> Result<Self, Problems> {
        let problems = Collector::new(text);
        let (table, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            for error in errors {
                let span = error.span().unwrap_or(0..0);
                problems.add(&span, format!("this is not TOML: {}", error.message()));
            }
            // What could be read of it would only give wrong hints.
            return problems.finish(file, None);
        }
        let root = Table::root(&table, &problems);
        let context = Context {
            base,
            secrets,
            problems: &problems,
            files: RefCell::new(Vec::new()),
            system_roots: OnceCell::new(),
            has_store: table.get_ref().get("keyvalue").is_some(),
        };
        let config = read(root, file, &context);
        problems.finish(file, config)
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file itself cannot be read.
    #[error("cannot read the configuration {file}: {reason}")]
    Unreadable {
        /// As the user named it.
        file: String,
        /// The operating system's words.
        reason: String,
    },
    /// The file can be read and is wrong.
    #[error(transparent)]
    Wrong(#[from] Problems),
}

/// What reading a part of the file needs besides the part.
struct Context<'a> {
    base: &'a Path,
    secrets: Secrets<'a>,
    problems: &'a Collector<'a>,
    /// Those that are looked at on the way.
    files: RefCell<Vec<PathBuf>>,
    /// Those that the system trusts, once somebody has asked.
    system_roots: OnceCell<Result<Arc<RootCertStore>, NoRoots>>,
    /// Whether there is a table `[keyvalue]`, a faulty one included.
    has_store: bool,
}

impl Context<'_> {
    /// A file that the configuration names: a change of it is one of the configuration.
    fn file(&self, name: &str) -> PathBuf {
        let path = self.base.join(name);
        self.files.borrow_mut().push(path.clone());
        path
    }
}

fn read(root: Table<'_>, file: &str, context: &Context<'_>) -> Option<Config> {
    let server = server::read_server(&root, context);
    let sandbox = server::read_sandbox(&root, context);
    let quarantine = quarantine::read(&root);
    let keyvalue = keyvalue::read(&root, context);
    let admin = admin::read(&root);
    let mut declared_plugins = Vec::new();
    let mut plugins = BTreeMap::new();
    for (name, table) in root.named_tables("plugins") {
        declared_plugins.push(name);
        if let Some(plugin) = read_plugin(table, context) {
            plugins.insert(name.to_owned(), plugin);
        }
    }
    let mut declared_tenants = Vec::new();
    let mut tenants = BTreeMap::new();
    for (name, table) in root.named_tables("tenants") {
        declared_tenants.push(name);
        if let Some(allotment) = tenant::read(table) {
            tenants.insert(name.to_owned(), allotment);
        }
    }
    let declared = Declared {
        plugins: declared_plugins,
        tenants: declared_tenants,
    };
    let assistants = root
        .named_tables("assistants")
        .filter_map(|(name, table)| {
            let assistant = assistant::read(table, &declared, &plugins, context)?;
            Some((name.to_owned(), assistant))
        })
        .collect();
    root.refuse_unknown_keys();
    Some(Config {
        file: file.to_owned(),
        files: context.files.take(),
        admin: admin?,
        server: server?,
        sandbox: sandbox?,
        quarantine: quarantine?,
        keyvalue: keyvalue?,
        tenants,
        plugins,
        assistants,
    })
}

/// The names that assistants may refer to, those of faulty tables included, so
/// that one mistake is not reported twice.
struct Declared<'a> {
    plugins: Vec<&'a str>,
    tenants: Vec<&'a str>,
}

/// Reports a reference to something that no table declares.
fn check_reference(item: &Item<'_>, name: &str, kind: &str, declared: &[&str]) {
    if declared.contains(&name) {
        return;
    }
    let hint = match nearest(name, declared.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("declare it with a table [{kind}s.{name}]"),
    };
    let reason = format!("there is no {kind} `{}`", name.escape_debug());
    item.refuse::<()>(reason, hint);
}

fn read_plugin(table: Table<'_>, context: &Context<'_>) -> Option<Plugin> {
    let component = table.required(
        "component",
        "name the component's file: component = \"my-plugin.wasm\"",
    );
    let position = component
        .as_ref()
        .map_or((1, 1), |item| context.problems.position(item.span().start));
    let component = component.and_then(|item| item.string());
    let sha256 = optional(&table, "sha256", |item| {
        let text = item.string()?;
        let digest = text.to_ascii_lowercase();
        if digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit()) {
            Some(digest)
        } else {
            item.refuse(
                "this is not a SHA-256 digest",
                "it has 64 hexadecimal digits, as `sha256sum FILE` prints them",
            )
        }
    });
    let limits = read_limits(&table, "`limits` of the plugin");
    let grants = grants::read(&table, "`grants` of the plugin", context);
    table.refuse_unknown_keys();
    Some(Plugin {
        component: context.file(component?),
        sha256: sha256?,
        limits: limits?,
        grants: grants?,
        position,
    })
}

/// Reads a value that may be absent. The outer `None` says that it is there and wrong.
#[expect(
    clippy::option_option,
    reason = "absent and wrong are two things, and both are handled with `?`"
)]
fn optional<'a, T>(
    table: &Table<'a>,
    key: &'static str,
    read: impl FnOnce(&Item<'a>) -> Option<T>,
) -> Option<Option<T>> {
    match table.optional(key) {
        None => Some(None),
        Some(item) => read(&item).map(Some),
    }
}

/// The range of every timeout: the vendor's settings page ends at 30 s.
const LONGEST: Duration = Duration::from_secs(30);

/// Reads the `limits` table of a plugin or a stage.
fn read_limits(table: &Table<'_>, path: &str) -> Option<LimitOverrides> {
    let Some(item) = table.optional("limits") else {
        return Some(LimitOverrides::default());
    };
    let limits = item.table(path.to_owned())?;
    let fuel = optional(&limits, "fuel", |i| i.integer(1..=1 << 62));
    let timeout = optional(&limits, "timeout", |i| {
        i.duration(Duration::from_millis(1)..=LONGEST)
    });
    let memory_bytes = optional(&limits, "memory", |i| i.bytes(64 << 10..=4 << 30));
    let table_elements = optional(&limits, "table_elements", |i| i.integer(0..=10_000_000));
    let output_bytes = optional(&limits, "output", |i| i.bytes(2..=64 << 20));
    let log_bytes = optional(&limits, "log", |i| i.bytes(0..=16 << 20));
    let http = read_http_limits(&limits);
    limits.refuse_unknown_keys();
    Some(LimitOverrides {
        fuel: fuel?,
        timeout: timeout?,
        memory_bytes: memory_bytes?,
        table_elements: table_elements?.and_then(|elements| usize::try_from(elements).ok()),
        output_bytes: output_bytes?,
        log_bytes: log_bytes?,
        http: http?,
    })
}

fn read_http_limits(limits: &Table<'_>) -> Option<HttpLimitOverrides> {
    let Some(item) = limits.optional("http") else {
        return Some(HttpLimitOverrides::default());
    };
    let table = item.table("`http` of the limits".to_owned())?;
    let number = |key, range| optional(&table, key, |i| u32::try_from(i.integer(range)?).ok());
    let requests = number("requests", 0..=1_000);
    let at_once = number("at_once", 1..=100);
    let bytes = |key| optional(&table, key, |i| u64::try_from(i.bytes(0..=64 << 20)?).ok());
    let request_bytes = bytes("request");
    let response_bytes = bytes("response");
    let timeout = optional(&table, "timeout", |i| {
        i.duration(Duration::from_millis(1)..=LONGEST)
    });
    table.refuse_unknown_keys();
    Some(HttpLimitOverrides {
        requests: requests?,
        at_once: at_once?,
        request_bytes: request_bytes?,
        response_bytes: response_bytes?,
        timeout: timeout?,
    })
}

#[cfg(test)]
mod tests;
