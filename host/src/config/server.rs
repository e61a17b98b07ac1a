//! `[server]` and `[sandbox]`.

use super::reader::Table;
use super::{Context, optional};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// How the server listens and what it takes from strangers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Where to listen. Default: `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// The largest request body, in bytes. Default: 4 MiB.
    pub body_bytes: usize,
    /// The largest request head (request line and header fields), in bytes. Default: 64 KiB.
    pub head_bytes: usize,
    /// How long a request's head may take to arrive. Default: 10 s.
    pub head_timeout: Duration,
    /// How long requests in flight may go on after a signal to stop. Default: 30 s.
    pub drain_timeout: Duration,
    /// How often to look whether the configuration's files have changed. Default: 2 s;
    /// nothing is never.
    pub watch: Duration,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            body_bytes: 4 << 20,
            head_bytes: 64 << 10,
            head_timeout: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(30),
            watch: Duration::from_secs(2),
        }
    }
}

/// What all calls share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sandbox {
    /// How many calls may run at once, in the whole process. Default: as many as half
    /// of the machine's memory can hold, each with all that its limits let it take.
    pub concurrency: Option<u32>,
    /// How long a call waits for its turn before its stage is a fault. Default: 1 s.
    pub wait: Duration,
    /// The stack of a guest, in bytes. It is one for all, because compiled code
    /// relies on it. Default: 512 KiB.
    pub stack_bytes: usize,
    /// How long a component may take the compiler before it counts as unusable.
    /// Default: 60 s.
    pub compile_timeout: Duration,
    /// A folder that keeps compiled components for the next start. Whoever may write
    /// to it decides what this process runs. Default: none, so that every start
    /// compiles.
    pub cache: Option<PathBuf>,
}

impl Sandbox {
    /// The range of [`Sandbox::concurrency`] ends here.
    pub const MOST_CALLS: u32 = 4_096;
}

impl Default for Sandbox {
    fn default() -> Self {
        Self {
            concurrency: None,
            wait: Duration::from_secs(1),
            stack_bytes: 512 << 10,
            compile_timeout: Duration::from_secs(60),
            cache: None,
        }
    }
}

pub(super) fn read_server(root: &Table<'_>) -> Option<Server> {
    let default = Server::default();
    let Some(item) = root.optional("server") else {
        return Some(default);
    };
    let table = item.table("[server]".to_owned())?;
    let listen = read_address(&table);
    let body_bytes = optional(&table, "body", |i| i.bytes(1 << 10..=64 << 20));
    // hyper takes no less than 8 KiB.
    let head_bytes = optional(&table, "head", |i| i.bytes(8 << 10..=1 << 20));
    let seconds = Duration::from_secs;
    let head_timeout = optional(&table, "head_timeout", |i| {
        i.duration(Duration::from_millis(100)..=seconds(60))
    });
    let drain_timeout = optional(&table, "drain_timeout", |i| {
        i.duration(Duration::ZERO..=seconds(300))
    });
    let watch = optional(&table, "watch", |i| {
        i.duration(Duration::ZERO..=seconds(3_600))
    });
    table.refuse_unknown_keys();
    Some(Server {
        listen: listen?.unwrap_or(default.listen),
        body_bytes: body_bytes?.unwrap_or(default.body_bytes),
        head_bytes: head_bytes?.unwrap_or(default.head_bytes),
        head_timeout: head_timeout?.unwrap_or(default.head_timeout),
        drain_timeout: drain_timeout?.unwrap_or(default.drain_timeout),
        watch: watch?.unwrap_or(default.watch),
    })
}

/// Reads `listen` of a table.
#[expect(
    clippy::option_option,
    reason = "absent and wrong are two things, and both are handled with `?`"
)]
pub(super) fn read_address(table: &Table<'_>) -> Option<Option<SocketAddr>> {
    optional(table, "listen", |item| {
        item.string()?.parse().ok().or_else(|| {
            item.refuse(
                "this is not an address and port",
                "write it as \"127.0.0.1:8080\" or \"[::1]:8080\"; 0.0.0.0 is every IPv4 interface",
            )
        })
    })
}

pub(super) fn read_sandbox(root: &Table<'_>, context: &Context<'_>) -> Option<Sandbox> {
    let default = Sandbox::default();
    let Some(item) = root.optional("sandbox") else {
        return Some(default);
    };
    let table = item.table("[sandbox]".to_owned())?;
    let concurrency = optional(&table, "concurrency", |i| {
        i.integer(1..=Sandbox::MOST_CALLS.into())
    });
    let wait = optional(&table, "wait", |i| {
        i.duration(Duration::ZERO..=super::LONGEST)
    });
    let stack_bytes = optional(&table, "stack", |i| i.bytes(16 << 10..=16 << 20));
    let compile_timeout = optional(&table, "compile_timeout", |i| {
        i.duration(Duration::from_secs(1)..=Duration::from_secs(600))
    });
    let cache = optional(&table, "cache", |i| Some(context.base.join(i.string()?)));
    table.refuse_unknown_keys();
    Some(Sandbox {
        concurrency: concurrency?.and_then(|concurrency| u32::try_from(concurrency).ok()),
        wait: wait?.unwrap_or(default.wait),
        stack_bytes: stack_bytes?.unwrap_or(default.stack_bytes),
        compile_timeout: compile_timeout?.unwrap_or(default.compile_timeout),
        cache: cache?,
    })
}
