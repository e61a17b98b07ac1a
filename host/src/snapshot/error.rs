//! Why there is no snapshot.

use crate::config::Problems;
use crate::event::EventKind;
use crate::keyvalue::OpenError;
use crate::plugin::SandboxError;

/// Why a configuration cannot be made ready.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The engine or its pool cannot be had.
    #[error(transparent)]
    NoSandbox(#[from] SandboxError),
    /// The store of `[keyvalue]` cannot be opened.
    #[error(transparent)]
    NoStore(#[from] OpenError),
    /// Components that cannot be used.
    #[error(transparent)]
    Components(#[from] Problems),
    /// An assistant without its tenant, which the configuration refuses already.
    #[error("the assistant `{0}` cannot be made: its tenant is not there")]
    NoTenant(String),
    /// A stage without its plugin, which the configuration refuses already.
    #[error("stage {number} of `{assistant}` for {} cannot be made: its plugin is not there", event.name())]
    NoStage {
        /// Whose stage it is.
        assistant: String,
        /// In which of its pipelines.
        event: EventKind,
        /// Counted from 1.
        number: usize,
    },
}

impl SnapshotError {
    /// Whether it can pass without a change of the configuration's files.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            // Memory, files and servers come and go.
            Self::NoSandbox(_) | Self::NoStore(_) => true,
            Self::Components(problems) => problems.may_pass(),
            Self::NoTenant(_) | Self::NoStage { .. } => false,
        }
    }
}
