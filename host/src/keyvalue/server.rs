//! Entries on a server that speaks Redis' protocol, which several hosts may share. The
//! server expires them itself; what a scope's entries count is kept next to them, by
//! scripts that the server runs as one step. All keys of a scope have its hash tag, so
//! that they are on one node of a cluster.
//!
//! | key | |
//! |---|---|
//! | `retort:{SCOPE}:NAME` | a record |
//! | `retort:{SCOPE}:expiries` | names, by when they expire |
//! | `retort:{SCOPE}:costs` | names, to what they count; the empty one has the sum |
//! | `retort:{SCOPE}:names` | names, in their order |

mod connection;
mod words;

use super::breaker::PATIENCE;
use super::seal::{self, Name, Scope};
use super::{Error, KEY_BYTES, PAGE, Records, Write, cost};
use crate::config::Redis;
use connection::{Address, Open};
use redis::aio::MultiplexedConnection;
use redis::{Pipeline, RedisError, Script, cmd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

/// A server, connected when it is first needed, and again whenever it has to be.
pub(super) struct Server {
    address: Address,
    timeout: Duration,
    connection: Mutex<Connection>,
    /// The number of a connection that did not answer somebody who gave up; 0 is none.
    suspect: AtomicU64,
    set: Script,
    delete: Script,
}

/// One connection serves everybody; each has a number of its own.
#[derive(Default)]
struct Connection {
    open: Option<Open>,
    number: u64,
}

impl Server {
    /// Where the configuration says. An operation may take `timeout`, from its wait for a
    /// connection to its answer. Nothing is connected yet.
    pub(super) fn new(redis: &Redis, timeout: Duration) -> Result<Self, String> {
        Ok(Self {
            address: Address::new(redis)?,
            timeout,
            connection: Mutex::default(),
            suspect: AtomicU64::new(0),
            set: Script::new(include_str!("server/set.lua")),
            delete: Script::new(include_str!("server/delete.lua")),
        })
    }

    /// The records of these names.
    pub(super) async fn get(
        &self,
        scope: Scope,
        names: &[Name],
    ) -> Result<Vec<Option<Vec<u8>>>, Error> {
        let mut get = cmd("MGET");
        for name in names {
            get.arg(key(scope, &hex(name)));
        }
        self.run(async |connection| get.query_async(connection).await)
            .await
    }

    pub(super) async fn set(&self, write: Write) -> Result<(), Error> {
        let mut call = self.set.prepare_invoke();
        for index in INDEX {
            call.key(key(write.scope, index));
        }
        call.arg(&write.record)
            .arg(cost(write.record.len()))
            .arg(write.ttl)
            .arg(write.quota);
        for name in &write.names {
            let name = hex(name);
            call.key(key(write.scope, &name)).arg(name);
        }
        let call = &call;
        match self
            .run(async |connection| call.invoke_async::<u8>(connection).await)
            .await?
        {
            1 => Ok(()),
            _ => Err(Error::QuotaUsedUp { limit: write.quota }),
        }
    }

    pub(super) async fn delete(&self, scope: Scope, names: Vec<Name>) -> Result<(), Error> {
        let mut call = self.delete.prepare_invoke();
        for index in INDEX {
            call.key(key(scope, index));
        }
        for name in &names {
            let name = hex(name);
            call.key(key(scope, &name)).arg(name);
        }
        let call = &call;
        self.run(async |connection| call.invoke_async::<u8>(connection).await)
            .await
            .map(drop)
    }

    /// The heads of the records of a page.
    pub(super) async fn list(&self, scope: Scope, from: u64) -> Result<Records, Error> {
        let mut range = cmd("ZRANGEBYLEX");
        range
            .arg(key(scope, "names"))
            .arg(format!("[{from:016x}"))
            .arg("+")
            .arg(("LIMIT", 0, PAGE + 1));
        let last = seal::head(KEY_BYTES) - 1;
        self.run(async |connection| {
            let mut names: Vec<String> = range.query_async(connection).await?;
            let next = names
                .get(PAGE)
                .and_then(|name| u64::from_str_radix(name.get(..16)?, 16).ok());
            names.truncate(PAGE);
            let mut heads = Pipeline::new();
            for name in &names {
                heads.cmd("GETRANGE").arg(key(scope, name)).arg(0).arg(last);
            }
            let heads: Vec<Vec<u8>> = if names.is_empty() {
                Vec::new()
            } else {
                heads.query_async(connection).await?
            };
            let records = names.iter().zip(heads).filter_map(|(name, head)| {
                // It has expired, and its name is still to be removed.
                let there = !head.is_empty();
                there.then(|| Some((unhex(name)?, head))).flatten()
            });
            Ok(Records {
                records: records.collect(),
                next,
            })
        })
        .await
    }

    /// Runs an operation over the connection, in time. One that may be unusable after it
    /// is left, and the next operation makes another.
    async fn run<T>(
        &self,
        work: impl AsyncFnOnce(&mut MultiplexedConnection) -> Result<T, RedisError>,
    ) -> Result<T, Error> {
        let deadline = Instant::now() + self.timeout;
        let (mut open, number) = self.connect(deadline).await?;
        let mut waiting = Waiting::new(&self.suspect, number);
        let done = timeout_at(deadline, work(&mut open.connection)).await;
        waiting.over = true;
        let error = match done {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(error)) => {
                let words = words::of_operation(&error, self.address.has_tls());
                // It has answered, if only with an error.
                if error.code().is_some() || error.clone().into_server_errors().is_some() {
                    return Err(self.fault(&error, &words));
                }
                self.fault(&error, &words)
            }
            Err(_) => self.slow("it did not answer"),
        };
        let mut connection = self.connection.lock().await;
        if connection.number == number {
            connection.open = None;
        }
        Err(error)
    }

    /// The connection that is open, or a new one.
    async fn connect(&self, deadline: Instant) -> Result<(Open, u64), Error> {
        let waiting = timeout_at(deadline, self.connection.lock());
        let mut connection = waiting
            .await
            .map_err(|_| self.slow("others waited for a connection as well"))?;
        let suspect = self.suspect.load(Ordering::Relaxed) == connection.number;
        if let Some(open) = connection.open.as_ref().filter(|_| !suspect) {
            return Ok((open.clone(), connection.number));
        }
        connection.open = None;
        let open = self.address.open(deadline, self.timeout).await?;
        connection.number += 1;
        connection.open = Some(open.clone());
        Ok((open, connection.number))
    }

    fn slow(&self, what: &str) -> Error {
        self.address.slow(what, self.timeout)
    }

    /// What an error of the library means for one operation. Before version 7 of Redis all
    /// errors of scripts have one code, and their own in the text.
    fn fault(&self, error: &RedisError, words: &str) -> Error {
        if error.is_timeout() {
            self.slow("it did not answer")
        } else if error.code() == Some("OOM") || error.to_string().contains("-OOM ") {
            Error::StoreFull
        } else {
            self.address.gone(words)
        }
    }
}

/// An operation that waits for its answer. If it is dropped before, because its stage has
/// less time than the store, the connection may be dead: nobody else would ever find out.
struct Waiting<'s> {
    suspect: &'s AtomicU64,
    number: u64,
    start: Instant,
    over: bool,
}

impl<'s> Waiting<'s> {
    fn new(suspect: &'s AtomicU64, number: u64) -> Self {
        Self {
            suspect,
            number,
            start: Instant::now(),
            over: false,
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.over && self.start.elapsed() >= PATIENCE {
            self.suspect.store(self.number, Ordering::Relaxed);
        }
    }
}

/// What a scope has besides its entries, in the order in which scripts take it.
const INDEX: [&str; 3] = ["expiries", "costs", "names"];

fn key(scope: Scope, last: &str) -> String {
    format!("retort:{{{}}}:{last}", hex(&scope.0))
}

fn hex(bytes: &[u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(*bytes))
}

fn unhex(text: &str) -> Option<[u8; 16]> {
    u128::from_str_radix(text, 16).ok().map(u128::to_be_bytes)
}
