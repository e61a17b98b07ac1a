//! Who is compared: each peer does the same work, and is set up as its users would.

use crate::retort::{self, Config, Logs, PLUGIN};
use crate::server::{Says, Server};
use crate::{Result, places};
use std::path::Path;
use std::process::Command;
use std::rc::Rc;

/// What a peer is. The order is that of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The token is verified and the body goes back unread.
    Echo,
    /// The transform compiled into the same HTTP server as Retort's.
    Native,
    Retort,
    RetortLogging,
    NodeHttp,
    ExpressTuned,
    ExpressVendor,
    WasmtimeTuned,
    WasmtimeDefault,
}

impl Kind {
    /// How the reports call it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Echo => "echo: hyper and JWT, no transform (the limit)",
            Self::Native => "native: hyper, JWT, transform in Rust (the floor)",
            Self::Retort => "**Retort**",
            Self::RetortLogging => "Retort, a log line for each request",
            Self::NodeHttp => "Node without a framework, key reused, on every core",
            Self::ExpressTuned => "express tuned, key reused, on every core",
            Self::ExpressVendor => "express as the vendor's page writes it",
            Self::WasmtimeTuned => "wasmtime serve tuned, without JWT",
            Self::WasmtimeDefault => "wasmtime serve, without JWT",
        }
    }

    /// Whether it refuses a token that somebody else signed.
    pub(crate) fn verifies(self) -> bool {
        !matches!(self, Self::WasmtimeTuned | Self::WasmtimeDefault)
    }
}

/// A peer that does its work a number of times for each request.
pub(crate) struct Service {
    pub(crate) kind: Kind,
    pub(crate) stages: usize,
    pub(crate) server: Rc<Server>,
    pub(crate) url: String,
}

/// What Retort and the floor are asked to do; the others do one stage.
pub(crate) const STAGES: [usize; 3] = [1, 3, 8];

/// Starts every server, or all but those that take long to build.
pub(crate) fn start(with_wasmtime: bool) -> Result<Vec<Service>> {
    let mut services = Vec::new();
    let mut add = |kind, server: &Rc<Server>, stages, path: &str| {
        services.push(Service {
            kind,
            stages,
            server: Rc::clone(server),
            url: format!("{}{path}", server.address),
        });
    };

    let native = Rc::new(native()?);
    add(Kind::Echo, &native, 1, "/stages/0");
    let retort = Rc::new(retort("peers", Logs::Warnings)?);
    for stages in STAGES {
        add(Kind::Native, &native, stages, &format!("/stages/{stages}"));
        let webhook = retort::webhook(&assistant(stages));
        add(Kind::Retort, &retort, stages, &webhook);
    }
    let logging = Rc::new(self::retort("peers-logging", Logs::Default)?);
    add(
        Kind::RetortLogging,
        &logging,
        1,
        &retort::webhook(&assistant(1)),
    );
    for (kind, server) in [
        (Kind::NodeHttp, node("node-http.js", true)?),
        (Kind::ExpressTuned, node("express-tuned.js", true)?),
        (Kind::ExpressVendor, node("express-vendor.js", false)?),
    ] {
        add(kind, &Rc::new(server), 1, "/");
    }
    if with_wasmtime {
        let tuned = Rc::new(wasmtime_serve(&TUNED)?);
        add(Kind::WasmtimeTuned, &tuned, 1, "/");
        let default = Rc::new(wasmtime_serve(&[])?);
        add(Kind::WasmtimeDefault, &default, 1, "/");
    }
    Ok(services)
}

fn native() -> Result<Server> {
    let mut command = Command::new(places::program("native")?);
    command.args((1..=STAGES.into_iter().max().unwrap_or(1)).map(retort::suffix));
    Server::start(command, Says::OnStdout)
}

fn retort(name: &str, logs: Logs) -> Result<Server> {
    let mut config = Config::new();
    config.plugin(PLUGIN, &places::plugin(PLUGIN)?);
    for stages in STAGES {
        config.assistant(&assistant(stages), stages);
    }
    config.serve(name, logs)
}

fn assistant(stages: usize) -> String {
    format!("stages-{stages}")
}

fn node(script: &str, in_production: bool) -> Result<Server> {
    let modules = places::script("node_modules");
    if !Path::new(&modules).is_dir() {
        return Err(format!(
            "{} is missing: run `cargo xtask bench-peers`",
            modules.display()
        ));
    }
    let mut command = Command::new("node");
    command.arg(places::script(script)).env_remove("NODE_ENV");
    if in_production {
        command.env("NODE_ENV", "production");
    }
    Server::start(command, Says::OnStdout)
}

/// What Retort sets too: instances from a pool whose memory is cleaned in place, with
/// the kernel's word on which pages were written.
const TUNED: [&str; 4] = [
    "pooling-allocator=y",
    "pooling-memory-keep-resident=4194304",
    "pooling-table-keep-resident=1048576",
    "pooling-pagemap-scan=auto",
];

fn wasmtime_serve(optimisations: &[&str]) -> Result<Server> {
    let mut command = Command::new(places::program("wasmtime-serve")?);
    // Rust's standard library imports more of WASI than the HTTP world has.
    command.args(["--addr", "127.0.0.1:0", "-S", "cli=y"]);
    for option in optimisations {
        command.args(["-O", option]);
    }
    command.arg(places::peer_component("charm-over-http")?);
    Server::start(command, Says::OnStderr)
}
