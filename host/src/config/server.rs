//! `[server]` and `[sandbox]`.

use super::reader::{Item, Table};
use super::{Context, optional};
use crate::tls::{Tls, TlsFiles};
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
    /// What the bodies of all requests and answers may take together, in bytes. Default:
    /// an eighth of the machine's memory, and at least four of the largest bodies.
    pub body_memory: Option<u64>,
    /// The largest request head (request line and header fields), in bytes. Default: 64 KiB.
    pub head_bytes: usize,
    /// How long a request's head may take to arrive; a connection's first one with the
    /// TLS handshake before it. Default: 10 s.
    pub head_timeout: Duration,
    /// How long a request's body may take to arrive, from the end of its head; the
    /// assistant's timeout holds too. Default: 10 s.
    pub body_timeout: Duration,
    /// How long a connection may wait for its next request. Default: 60 s.
    pub idle_timeout: Duration,
    /// How long a caller may take nothing of an answer. Default: 30 s.
    pub write_timeout: Duration,
    /// How many connections may be open at once. Default: 4,096.
    pub connections: usize,
    /// How many requests one HTTP/2 connection may have in flight. Default: 128.
    pub streams: u32,
    /// What the listener speaks TLS with. Default: none, so that it speaks plain HTTP.
    pub tls: Option<Tls>,
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
            body_memory: None,
            head_bytes: 64 << 10,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(30),
            connections: 4_096,
            streams: 128,
            tls: None,
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
    /// How much memory a component may take the compiler, in bytes, before it counts as
    /// unusable. Default: 2 GiB.
    pub compile_memory: u64,
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
            compile_memory: 2 << 30,
            cache: None,
        }
    }
}

pub(super) fn read_server(root: &Table<'_>, context: &Context<'_>) -> Option<Server> {
    let default = Server::default();
    let Some(item) = root.optional("server") else {
        return Some(default);
    };
    let table = item.table("[server]".to_owned())?;
    let listen = optional(&table, "listen", address);
    let body_bytes = optional(&table, "body", |i| i.bytes(1 << 10..=64 << 20));
    let largest = body_bytes.flatten().unwrap_or(default.body_bytes);
    let body_memory = optional(&table, "body_memory", |i| {
        let bytes = i.bytes(1 << 20..=1 << 40)?;
        if bytes < largest {
            let hint = "raise it, or lower `body` in [server]";
            return i.refuse("the largest request body has no room in it", hint);
        }
        Some(bytes as u64)
    });
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
    let body_timeout = optional(&table, "body_timeout", |i| {
        i.duration(Duration::from_millis(100)..=seconds(60))
    });
    let idle_timeout = optional(&table, "idle_timeout", |i| {
        i.duration(Duration::from_millis(100)..=seconds(3_600))
    });
    let write_timeout = optional(&table, "write_timeout", |i| {
        i.duration(Duration::from_millis(100)..=seconds(300))
    });
    let connections = optional(&table, "connections", |i| i.integer(1..=1_000_000));
    let streams = optional(&table, "streams", |i| i.integer(1..=1_000));
    let tls = match table.optional("tls") {
        None => Some(None),
        Some(item) => item
            .table("[server.tls]".to_owned())
            .and_then(|table| read_tls(table, context)),
    };
    table.refuse_unknown_keys();
    Some(Server {
        listen: listen?.unwrap_or(default.listen),
        body_bytes: body_bytes?.unwrap_or(default.body_bytes),
        body_memory: body_memory?,
        head_bytes: head_bytes?.unwrap_or(default.head_bytes),
        head_timeout: head_timeout?.unwrap_or(default.head_timeout),
        drain_timeout: drain_timeout?.unwrap_or(default.drain_timeout),
        watch: watch?.unwrap_or(default.watch),
        body_timeout: body_timeout?.unwrap_or(default.body_timeout),
        idle_timeout: idle_timeout?.unwrap_or(default.idle_timeout),
        write_timeout: write_timeout?.unwrap_or(default.write_timeout),
        connections: connections?
            .and_then(|connections| usize::try_from(connections).ok())
            .unwrap_or(default.connections),
        streams: streams?
            .and_then(|streams| u32::try_from(streams).ok())
            .unwrap_or(default.streams),
        tls: tls?,
    })
}

/// Reads an address to listen on.
pub(super) fn address(item: &Item<'_>) -> Option<SocketAddr> {
    item.string()?.parse().ok().or_else(|| {
        item.refuse(
            "this is not an address and port",
            "write it as \"127.0.0.1:8080\" or \"[::1]:8080\"; 0.0.0.0 is every IPv4 interface",
        )
    })
}

/// Reads `[server.tls]` and its files. Where secrets are not read, neither is the key.
#[expect(
    clippy::option_option,
    reason = "the outer one says that something is wrong, the inner that nothing is read"
)]
fn read_tls(table: Table<'_>, context: &Context<'_>) -> Option<Option<Tls>> {
    let certificate = table.required(
        "certificate",
        "name the file of the certificate: certificate = \"cert.pem\"",
    );
    let key = table.required("key", "name the file of its private key: key = \"key.pem\"");
    let path = |item: &Option<Item<'_>>| Some(context.base.join(item.as_ref()?.string()?));
    let files = (path(&certificate), path(&key));
    table.refuse_unknown_keys();
    let files = TlsFiles {
        certificate: files.0?,
        key: files.1?,
    };
    let (certificate, key) = (certificate?, key?);
    if !context.secrets.verifies() {
        return Some(None);
    }
    let in_key = files.key.clone();
    let looked_at = [files.certificate.clone(), files.key.clone()];
    context.files.borrow_mut().extend(looked_at);
    match Tls::load(files) {
        Ok(tls) => Some(Some(tls)),
        Err(error) => {
            let place = if error.path() == in_key {
                key
            } else {
                certificate
            };
            place.refuse_tls(&error)
        }
    }
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
    let compile_memory = optional(&table, "compile_memory", |i| i.bytes(128 << 20..=64 << 30));
    let cache = optional(&table, "cache", |i| Some(context.base.join(i.string()?)));
    table.refuse_unknown_keys();
    Some(Sandbox {
        concurrency: concurrency?.and_then(|concurrency| u32::try_from(concurrency).ok()),
        wait: wait?.unwrap_or(default.wait),
        stack_bytes: stack_bytes?.unwrap_or(default.stack_bytes),
        compile_timeout: compile_timeout?.unwrap_or(default.compile_timeout),
        compile_memory: compile_memory?.map_or(default.compile_memory, |bytes| bytes as u64),
        cache: cache?,
    })
}

#[cfg(test)]
mod tests;
