//! `retort.toml`, read into checked types. Everything that is wrong with a file is
//! reported at once, with its place and what to do.
//!
//! Absent keys have documented defaults; unknown keys are problems. A value of one
//! of these types is fit for use: there is nothing left to validate.

mod admin;
mod assistant;
mod auth;
mod file;
mod grants;
mod guard;
mod keyvalue;
mod limits;
mod outline;
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
pub use outline::{Difference, Outline};
pub use problem::{Problem, Problems};
pub use server::{Sandbox, Server};

use crate::fairness::Allotment;
use crate::grant::Grants;
use crate::limits::LimitOverrides;
use crate::quarantine::Rule;
use crate::secret::Secrets;
use crate::tls::NoRoots;
use limits::{LONGEST, read_limits};
use problem::{Collector, nearest};
use reader::{Item, Table};
use rustls::RootCertStore;
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml::de::DeTable;

/// A whole configuration file.
#[derive(Debug)]
pub struct Config {
    /// The file, as the user named it; messages start with it.
    pub file: String,
    /// Every file that it is made of: its own, components, secrets.
    pub files: Vec<PathBuf>,
    /// What it says, to compare it with another.
    pub outline: Outline,
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
        let text = file::read(path).map_err(|error| ConfigError::Unreadable {
            file: path.display().to_string(),
            reason: error.to_string(),
        })?;
        let base = path.parent().unwrap_or(Path::new(""));
        let (config, mut files) = parse(&text, &path.display().to_string(), base, secrets);
        files.insert(0, path.to_path_buf());
        match config {
            Ok(config) => Ok(Self { files, ..config }),
            Err(problems) => Err(ConfigError::Wrong { problems, files }),
        }
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
        let (config, files) = parse(text, file, base, secrets);
        config.map(|config| Self { files, ..config })
    }

    /// Refuses a configuration that would serve nobody.
    ///
    /// # Errors
    /// There is no assistant in it.
    pub fn with_assistants(self) -> Result<Self, ConfigError> {
        if !self.assistants.is_empty() {
            return Ok(self);
        }
        let problem = Problem {
            line: 1,
            column: 1,
            message: "there is no assistant, so that nobody would be served".to_owned(),
            hint: Some(
                "a file that was cut off, or a template that came to nothing, looks like this: \
                 write a table [assistants.NAME], or say --allow-empty if it is meant"
                    .to_owned(),
            ),
            may_pass: false,
        };
        Err(ConfigError::Wrong {
            problems: Problems {
                file: self.file,
                problems: vec![problem],
            },
            files: self.files,
        })
    }
}

/// The configuration or what is wrong with it, and every file that it names, as far as it
/// can be read.
fn parse(
    text: &str,
    file: &str,
    base: &Path,
    secrets: Secrets<'_>,
) -> (Result<Config, Problems>, Vec<PathBuf>) {
    let problems = Collector::new(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            problems.add(&span, format!("this is not TOML: {}", error.message()));
        }
        // What could be read of it would only give wrong hints.
        return (problems.finish(file, None), Vec::new());
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
    let outline = Outline::of(table.get_ref());
    let config = read(root, file, outline, &context);
    let files = context.files.take();
    (problems.finish(file, config), files)
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
    #[error("{problems}")]
    Wrong {
        /// What is wrong.
        problems: Problems,
        /// The file itself, and those that it names: when one of them changes, it may be
        /// right.
        files: Vec<PathBuf>,
    },
}

impl ConfigError {
    /// Whether it can pass without a change of the files.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreadable { .. } => true,
            Self::Wrong { problems, .. } => problems.may_pass(),
        }
    }
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

fn read(root: Table<'_>, file: &str, outline: Outline, context: &Context<'_>) -> Option<Config> {
    let server = server::read_server(&root, context);
    let sandbox = server::read_sandbox(&root, context);
    let quarantine = quarantine::read(&root);
    let keyvalue = keyvalue::read(&root, context);
    let listen = server.as_ref().map(|server| server.listen);
    let admin = admin::read(&root, listen);
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
        files: Vec::new(),
        outline,
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

#[cfg(test)]
mod tests;
