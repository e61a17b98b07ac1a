//! How a plugin's call goes wrong, and who caused it.

use crate::fairness::Refusal;
use crate::guard::Violation;
use retort_json::{CheckError, PatchError, WriteError};
use serde::Serialize;
use std::time::Duration;

/// How a plugin's call went wrong. A plugin can cause no other error than these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It computed for longer than its fuel lasts.
    #[error("used up its fuel ({limit} units)")]
    FuelExhausted {
        /// In units of fuel.
        limit: u64,
    },
    /// It had not answered when its own time was over, or nearly all of the assistant's.
    #[error("did not answer within {} ms", limit.as_millis())]
    TimedOut {
        /// What it had.
        limit: Duration,
    },
    /// The assistant's time was over, and others had used most of it.
    #[error("did not answer within the {} ms that were left of the assistant's timeout", left.as_millis())]
    DeadlineExceeded {
        /// What was left when the stage was to be called. Nothing: it was not called.
        left: Duration,
    },
    /// Its own time was over, and it had waited for a core for most of it.
    #[error("did not answer within {} ms, of which it waited {} ms for a core", limit.as_millis(), waited.as_millis())]
    CpuStarved {
        /// What it had.
        limit: Duration,
        /// How much of that it waited.
        waited: Duration,
    },
    /// The operating system did not give what the call needs.
    #[error("could not be run: {0}")]
    HostFailed(String),
    /// It wanted more memory and did not survive the refusal.
    #[error("wanted {wanted} bytes of memory; it may have {limit}")]
    MemoryRefused {
        /// In bytes.
        limit: usize,
        /// In bytes, all memories together.
        wanted: usize,
    },
    /// It wanted larger tables and did not survive the refusal.
    #[error("wanted {wanted} table elements; it may have {limit}")]
    TableRefused {
        /// In elements.
        limit: usize,
        /// In elements, all tables together.
        wanted: usize,
    },
    /// WebAssembly's own end of a broken program: a panic, an invalid access, too
    /// deep a recursion.
    #[error("trapped: {0}")]
    Trapped(String),
    /// Its outcome, or the payload that would come of it, is too large.
    #[error("returned more than {limit} bytes")]
    OutputTooLarge {
        /// In bytes.
        limit: usize,
    },
    /// Its outcome is not JSON, or the payload would not be an object.
    #[error("returned something unusable: {0}")]
    OutputNotJson(String),
    /// It answered in the assistant's place with what is no answer.
    #[error("returned a reply that is not a message response: {0}")]
    ReplyNotAResponse(String),
    /// Its patch cannot be applied to the payload.
    #[error("returned a patch that cannot be applied: {0}")]
    PatchNotApplicable(String),
    /// It changed what its view does not let it write.
    #[error("wrote outside its view: at {pointer:?}")]
    WroteOutsideView {
        /// The first such place, as a JSON pointer.
        pointer: String,
    },
    /// It was not called, because there are more texts than a call may have.
    #[error(
        "not called: the view selects more than {limit} texts, or texts whose pointers are too long"
    )]
    TooManyTexts {
        /// In texts.
        limit: usize,
    },
    /// It answered another number of texts than it was given.
    #[error("returned {returned} texts for {given}")]
    TextsMismatch {
        /// How many it was given.
        given: usize,
        /// How many it returned.
        returned: usize,
    },
    /// What would come of it is not what the assistant's guard lets out.
    #[error("made an answer that the guard refuses: {0}")]
    RefusedByGuard(#[from] Violation),
    /// It said itself that it failed.
    #[error("{kind}: {}", message.escape_debug())]
    Failed {
        /// In which of three ways.
        kind: Failure,
        /// The plugin's own words, shortened.
        message: String,
    },
    /// It was not called, because its tenant may not have a place for the call now.
    #[error("not called: {0}")]
    Unavailable(#[from] Refusal),
    /// It was not called, because it has faulted over and over.
    #[error("not called: the stage is quarantined for {} ms more", left.as_millis())]
    Quarantined {
        /// Until it is tried again, at least.
        left: Duration,
    },
}

impl Fault {
    /// One word for it: what a machine looks for in a report.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::FuelExhausted { .. } => "fuel-exhausted",
            Self::TimedOut { .. } => "timed-out",
            Self::DeadlineExceeded { .. } => "deadline-exceeded",
            Self::CpuStarved { .. } => "cpu-starved",
            Self::HostFailed(_) => "host-failed",
            Self::MemoryRefused { .. } => "memory-refused",
            Self::TableRefused { .. } => "table-refused",
            Self::Trapped(_) => "trapped",
            Self::OutputTooLarge { .. } => "output-too-large",
            Self::OutputNotJson(_) => "output-not-json",
            Self::ReplyNotAResponse(_) => "reply-not-a-response",
            Self::PatchNotApplicable(_) => "patch-not-applicable",
            Self::WroteOutsideView { .. } => "wrote-outside-view",
            Self::TooManyTexts { .. } => "too-many-texts",
            Self::TextsMismatch { .. } => "texts-mismatch",
            Self::RefusedByGuard(_) => "refused-by-guard",
            Self::Failed { .. } => "failed",
            Self::Unavailable(_) => "unavailable",
            Self::Quarantined { .. } => "quarantined",
        }
    }

    /// Who caused it. Only what the plugin caused counts against it.
    #[must_use]
    pub fn origin(&self) -> Origin {
        match self {
            Self::FuelExhausted { .. }
            | Self::TimedOut { .. }
            | Self::MemoryRefused { .. }
            | Self::TableRefused { .. }
            | Self::Trapped(_)
            | Self::OutputTooLarge { .. }
            | Self::OutputNotJson(_)
            | Self::ReplyNotAResponse(_)
            | Self::PatchNotApplicable(_)
            | Self::WroteOutsideView { .. }
            | Self::TextsMismatch { .. }
            | Self::RefusedByGuard(_) => Origin::Plugin,
            Self::Failed { kind, .. } => kind.origin(),
            Self::TooManyTexts { .. } => Origin::Input,
            Self::DeadlineExceeded { .. } => Origin::Deadline,
            Self::CpuStarved { .. }
            | Self::HostFailed(_)
            | Self::Unavailable(_)
            | Self::Quarantined { .. } => Origin::Host,
        }
    }
}

/// Who caused a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The plugin: its code, or the service that it needs.
    Plugin,
    /// Retort or its machine: no slot, no core, no memory.
    Host,
    /// The payload, which the plugin has nothing to do with.
    Input,
    /// The assistant's timeout, which others had used up.
    Deadline,
}

impl From<PatchError> for Fault {
    fn from(error: PatchError) -> Self {
        match error {
            PatchError::NotJson(reason) => Self::OutputNotJson(reason.to_string()),
            other => Self::PatchNotApplicable(other.to_string()),
        }
    }
}

impl From<CheckError> for Fault {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::NotAPatch(error) => error.into(),
            CheckError::Outside { pointer, .. } => Self::WroteOutsideView { pointer },
        }
    }
}

impl From<WriteError> for Fault {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Outside { pointer } => Self::WroteOutsideView { pointer },
            WriteError::TooMuchWork { .. } => Self::OutputNotJson(error.to_string()),
        }
    }
}

/// The ways in which a plugin can fail by its own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// It cannot work on this input.
    NotForMe,
    /// A service that it called failed.
    ServiceFailed,
    /// It failed itself.
    Failed,
}

impl Failure {
    /// Who caused it. A plugin whose service fails is skipped for a while like one that
    /// fails itself: the service is spared, and so is the caller's time.
    fn origin(self) -> Origin {
        match self {
            Self::NotForMe => Origin::Input,
            Self::ServiceFailed | Self::Failed => Origin::Plugin,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NotForMe => "said that the input is not for it",
            Self::ServiceFailed => "said that a service it called failed",
            Self::Failed => "said that it failed",
        })
    }
}
