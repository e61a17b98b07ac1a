//! `wasi:logging/logging`: messages with a level. They go where what a plugin prints
//! goes, and count against the same limit.

use super::View;
use crate::grant::LogLevel;
use generated::wasi::logging::logging::{self, Level};
use std::marker::PhantomData;
use wasmtime::component::{HasData, Linker};

mod generated {
    wasmtime::component::bindgen!({
        path: "../wit/wasi/logging",
        world: "imports",
    });
}

/// Who takes the messages of one call.
pub(crate) trait Sink {
    /// A message that the stage's grant lets through.
    fn message(&mut self, level: LogLevel, context: &str, message: &str);
}

pub(super) fn add_to_linker<T: View>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    logging::add_to_linker::<T, HasLogging<T>>(linker, |data| Logging(data))
}

/// A store's data, as this interface sees it.
struct Logging<'a, T>(&'a mut T);

struct HasLogging<T>(PhantomData<T>);

impl<T: 'static> HasData for HasLogging<T> {
    type Data<'a> = Logging<'a, T>;
}

impl<T: View> logging::Host for Logging<'_, T> {
    fn log(&mut self, level: Level, context: String, message: String) {
        let level = match level {
            Level::Trace => LogLevel::Trace,
            Level::Debug => LogLevel::Debug,
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
            Level::Critical => LogLevel::Critical,
        };
        let least = self.0.reach().logging;
        if least.is_some_and(|least| level >= least) {
            self.0.message(level, &context, &message);
        }
    }
}
