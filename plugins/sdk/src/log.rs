//! Messages for the operator's log, through `wasi:logging/logging`.
//!
//! The stage needs the grant `logging`, which also says from which level on. The host
//! adds who the message is from, so it need not say so. Keep personal data out of it.
//!
//! ```
//! # fn f(_: &retort_sdk::Invocation, _: &mut retort_sdk::Payload) -> retort_sdk::Result<()> {
//! retort_sdk::log::info("the service was slow");
//! # Ok(())
//! # }
//! # let call = retort_sdk::testing::Call::new();
//! # call.outcome(f, "{}").unwrap();
//! # assert_eq!(call.logged(), ["info: the service was slow"]);
//! ```

/// How much a message matters, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Every step.
    Trace,
    /// For finding errors.
    Debug,
    /// What happens in the ordinary way.
    Info,
    /// What may be wrong.
    Warn,
    /// What is wrong.
    Error,
    /// What has to be looked at now.
    Critical,
}

/// Logs a message of [`Level::Debug`].
pub fn debug(message: &str) {
    log(Level::Debug, "", message);
}

/// Logs a message of [`Level::Info`].
pub fn info(message: &str) {
    log(Level::Info, "", message);
}

/// Logs a message of [`Level::Warn`].
pub fn warn(message: &str) {
    log(Level::Warn, "", message);
}

/// Logs a message of [`Level::Error`].
pub fn error(message: &str) {
    log(Level::Error, "", message);
}

/// Logs a message. `context` says which part of the plugin it is from; it may be empty.
#[cfg(target_family = "wasm")]
pub fn log(level: Level, context: &str, message: &str) {
    use crate::bindings::logging;

    let level = match level {
        Level::Trace => logging::Level::Trace,
        Level::Debug => logging::Level::Debug,
        Level::Info => logging::Level::Info,
        Level::Warn => logging::Level::Warn,
        Level::Error => logging::Level::Error,
        Level::Critical => logging::Level::Critical,
    };
    logging::log(level, context, message);
}

/// Logs a message. `context` says which part of the plugin it is from; it may be empty.
#[cfg(not(target_family = "wasm"))]
pub fn log(level: Level, context: &str, message: &str) {
    let level = format!("{level:?}").to_lowercase();
    let context = match context {
        "" => String::new(),
        context => format!("{context}: "),
    };
    crate::testing::services(|services| services.log(format!("{level}: {context}{message}")));
}
