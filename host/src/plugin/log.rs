//! What a plugin prints goes to the log, line by line, and so do the messages that it
//! logs, as much as its limit allows.
//!
//! The events are emitted inside the request's span, which labels them with
//! tenant, assistant and request; each names the plugin itself.

use crate::grant::LogLevel;
use bytes::Bytes;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// The target of the log's events, for filters.
const TARGET: &str = "retort::guest";

/// What a line costs besides its text, in bytes: time, labels and the like stand in
/// front of each.
const LINE: usize = 100;

/// One of the two streams of a call. Both share the limit.
#[derive(Clone)]
pub(super) struct GuestStream {
    plugin: Arc<str>,
    name: &'static str,
    line: Arc<Mutex<Vec<u8>>>,
    budget: Arc<Mutex<Budget>>,
}

/// What a call may still log, in bytes.
struct Budget {
    plugin: Arc<str>,
    left: usize,
    limit: usize,
}

impl Budget {
    /// As much of a text as the budget has room for. When it is used up, the log
    /// says so, once.
    fn take<'a>(&mut self, text: &'a [u8]) -> &'a [u8] {
        let taken = text.get(..self.left).unwrap_or(text);
        self.spend(taken.len());
        taken
    }

    fn spend(&mut self, bytes: usize) {
        if self.left > 0 {
            self.left = self.left.saturating_sub(bytes);
            if self.left == 0 {
                let (plugin, limit) = (self.plugin.as_ref(), self.limit);
                tracing::warn!(target: TARGET, plugin, limit, "the plugin printed up to its limit of bytes; the rest is dropped");
            }
        }
    }
}

/// What one call logs.
pub(super) struct GuestLog {
    plugin: Arc<str>,
    budget: Arc<Mutex<Budget>>,
}

impl GuestLog {
    /// Of a call that may log `limit` bytes.
    pub(super) fn new(plugin: &Arc<str>, limit: usize) -> Self {
        let budget = Budget {
            plugin: Arc::clone(plugin),
            left: limit,
            limit,
        };
        Self {
            plugin: Arc::clone(plugin),
            budget: Arc::new(Mutex::new(budget)),
        }
    }

    /// Standard output and standard error.
    pub(super) fn streams(&self) -> [GuestStream; 2] {
        ["stdout", "stderr"].map(|name| GuestStream {
            plugin: Arc::clone(&self.plugin),
            name,
            line: Arc::default(),
            budget: Arc::clone(&self.budget),
        })
    }

    /// Logs a message, with the host's level next to the plugin's.
    pub(super) fn message(&self, level: LogLevel, context: &str, message: &str) {
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        if budget.left == 0 {
            return;
        }
        let context = budget.take(context.as_bytes());
        let message = budget.take(message.as_bytes());
        let (context, line) = (
            String::from_utf8_lossy(context),
            String::from_utf8_lossy(message),
        );
        let (plugin, context, line) = (self.plugin.as_ref(), context.as_ref(), line.as_ref());
        let level_name = level.name();
        macro_rules! emit {
            ($host_level:ident) => {
                tracing::$host_level!(target: TARGET, plugin, level = level_name, context, line, "the plugin logged")
            };
        }
        match level {
            LogLevel::Trace => emit!(trace),
            LogLevel::Debug => emit!(debug),
            LogLevel::Info => emit!(info),
            LogLevel::Warn => emit!(warn),
            LogLevel::Error | LogLevel::Critical => emit!(error),
        }
        budget.spend(LINE);
    }
}

impl GuestStream {
    fn accept(&self, bytes: &[u8]) {
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            if budget.left == 0 {
                return;
            }
            let text = part.strip_suffix(b"\n");
            line.extend_from_slice(budget.take(text.unwrap_or(part)));
            if text.is_some() {
                self.emit(&mut line);
                budget.spend(LINE);
            }
        }
    }

    /// Logs what stands in the line. A string field is escaped by the log's format,
    /// so that a plugin cannot forge lines or send control characters.
    fn emit(&self, line: &mut Vec<u8>) {
        if !line.is_empty() {
            let text = String::from_utf8_lossy(line);
            let plugin = self.plugin.as_ref();
            tracing::info!(target: TARGET, plugin, stream = self.name, line = text.as_ref(), "the plugin printed");
        }
        line.clear();
    }

    /// Logs a last line without an end.
    pub(super) fn finish(&self) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        self.emit(&mut line);
    }
}

impl IsTerminal for GuestStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestStream {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for GuestStream {
    async fn ready(&mut self) {}
}

impl OutputStream for GuestStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.accept(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        // What is over the limit is dropped, so there is always room.
        Ok(64 << 10)
    }
}

impl AsyncWrite for GuestStream {
    fn poll_write(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.accept(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
