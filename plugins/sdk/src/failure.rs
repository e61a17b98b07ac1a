//! Why a plugin has no outcome.

use alloc::string::{String, ToString};
use core::{error::Error, fmt};

use crate::bindings;

/// What a plugin's function returns.
pub type Result<T, E = Failure> = core::result::Result<T, E>;

/// Why there is no outcome. The message is for the operator's log; whoever talks to
/// the assistant never sees it.
///
/// Every error becomes [`Failure::Failed`] by `?`, with the errors behind it. (That is
/// why `Failure` is not an [`Error`] itself.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The plugin cannot work on this input.
    NotForMe(String),
    /// A service that the plugin called failed.
    ServiceFailed(String),
    /// The plugin itself failed.
    Failed(String),
}

impl Failure {
    /// The plugin cannot work on this input.
    pub fn not_for_me(message: impl Into<String>) -> Self {
        Self::NotForMe(message.into())
    }

    /// A service that the plugin called failed.
    pub fn service_failed(message: impl Into<String>) -> Self {
        Self::ServiceFailed(message.into())
    }

    /// The plugin itself failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }

    /// What happened, for the operator's log.
    pub fn message(&self) -> &str {
        match self {
            Self::NotForMe(message) | Self::ServiceFailed(message) | Self::Failed(message) => {
                message
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        Self::Failed(message)
    }
}

impl From<Failure> for bindings::Failure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotForMe(message) => Self::NotForMe(message),
            Failure::ServiceFailed(message) => Self::ServiceFailed(message),
            Failure::Failed(message) => Self::Failed(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("no number")
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn an_error_brings_those_behind_it() {
        fn fails() -> Result<u8> {
            Ok("x".parse().map_err(Outer)?)
        }
        let failure = fails().unwrap_err();
        assert_eq!(
            failure,
            Failure::failed("no number: invalid digit found in string")
        );
        assert_eq!(failure.to_string(), failure.message());
    }
}
