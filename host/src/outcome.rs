//! What a plugin's call came to: plain data, without any of the machinery that
//! produced it.

use crate::event::check_reply;
use crate::fairness::Refusal;
use crate::guard::Violation;
use crate::view::View;
use retort_json::{CheckError, PatchError, WriteError};
use serde::Serialize;
use std::time::Duration;

/// What a plugin wants to become of the payload. The texts are the plugin's own
/// and are not known to be JSON before [`Outcome::apply`] has looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It stays as it is, to the byte.
    Unchanged,
    /// It becomes this object.
    Replaced(String),
    /// A JSON Merge Patch (RFC 7396).
    MergePatch(String),
    /// A JSON Patch (RFC 6902).
    JsonPatch(String),
}

impl Outcome {
    /// One word for it.
    #[must_use]
    pub fn kind(&self) -> OutcomeKind {
        match self {
            Self::Unchanged => OutcomeKind::Unchanged,
            Self::Replaced(_) => OutcomeKind::Replaced,
            Self::MergePatch(_) => OutcomeKind::MergePatch,
            Self::JsonPatch(_) => OutcomeKind::JsonPatch,
        }
    }

    /// The plugin's text; nothing for unchanged.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Unchanged => "",
            Self::Replaced(text) | Self::MergePatch(text) | Self::JsonPatch(text) => text,
        }
    }

    /// The payload that comes of it; `None` is the payload that was. `seen` is what
    /// the view shows of the payload.
    ///
    /// # Errors
    /// An outcome over `limit` bytes, one that is not JSON, one that would not
    /// leave an object, a patch that cannot be applied, a change outside of what the
    /// view lets write.
    pub fn apply(
        self,
        payload: &str,
        seen: &str,
        view: &View,
        limit: usize,
    ) -> Result<Option<String>, Fault> {
        check_size(self.text(), limit)?;
        let made = match self {
            Self::Unchanged => return Ok(None),
            Self::Replaced(text) => {
                retort_json::check(&text)
                    .map_err(|error| Fault::OutputNotJson(error.to_string()))?;
                // What stands around the object would be carried from stage to stage.
                text.trim_ascii().to_owned()
            }
            Self::MergePatch(patch) => retort_json::merge_patch(seen, &patch)?,
            Self::JsonPatch(patch) => {
                if !view.writes().is_everything() {
                    retort_json::check_patch(&patch, view.writes())?;
                }
                retort_json::json_patch(seen, &patch)?
            }
        };
        check_size(&made, limit)?;
        if !made.trim_ascii_start().starts_with('{') {
            let reason = "the payload has to be an object".to_owned();
            return Err(Fault::OutputNotJson(reason));
        }
        if view.writes().is_everything() {
            return Ok(Some(made));
        }
        let result = retort_json::write_back(payload, seen, &made, view.writes())?;
        check_size(result.as_deref().unwrap_or_default(), limit)?;
        Ok(result)
    }
}

fn check_size(text: &str, limit: usize) -> Result<(), Fault> {
    if text.len() > limit {
        Err(Fault::OutputTooLarge { limit })
    } else {
        Ok(())
    }
}

/// What a plugin decides of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It goes on, as the outcome says.
    Pass(Outcome),
    /// This is the answer, and the assistant is not asked. The text is the plugin's own.
    Reply(String),
}

/// What a call has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// A payload; `None` is the payload that was.
    Payload(OutcomeKind, Option<String>),
    /// The body of a message response, in the assistant's place.
    Reply(String),
}

impl Made {
    /// One word for it.
    #[must_use]
    pub fn kind(&self) -> OutcomeKind {
        match self {
            Self::Payload(kind, _) => *kind,
            Self::Reply(_) => OutcomeKind::Reply,
        }
    }
}

impl Decision {
    /// The plugin's text.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Pass(outcome) => outcome.text(),
            Self::Reply(text) => text,
        }
    }

    /// What it makes of the payload. See [`Outcome::apply`].
    ///
    /// # Errors
    /// Those of an outcome; a reply that is no message response, or of a stage that may
    /// not write the whole payload: a reply stands in the place of all of it.
    pub fn apply(
        self,
        payload: &str,
        seen: &str,
        view: &View,
        limit: usize,
    ) -> Result<Made, Fault> {
        match self {
            Self::Pass(outcome) => {
                let kind = outcome.kind();
                let changed = outcome.apply(payload, seen, view, limit)?;
                Ok(Made::Payload(kind, changed))
            }
            Self::Reply(text) => {
                check_size(&text, limit)?;
                if !view.writes().is_everything() {
                    let pointer = String::new();
                    return Err(Fault::WroteOutsideView { pointer });
                }
                check_reply(&text).map_err(Fault::ReplyNotAResponse)?;
                Ok(Made::Reply(text))
            }
        }
    }
}

/// What a plugin did, without its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeKind {
    /// See [`Outcome::Unchanged`].
    Unchanged,
    /// See [`Outcome::Replaced`].
    Replaced,
    /// See [`Outcome::MergePatch`].
    MergePatch,
    /// See [`Outcome::JsonPatch`].
    JsonPatch,
    /// New texts, of a plugin that transforms texts.
    Texts,
    /// See [`Decision::Reply`].
    Reply,
}

/// How a plugin's call went wrong. A plugin can cause no other error than these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It computed for longer than its fuel lasts.
    #[error("used up its fuel ({limit} units)")]
    FuelExhausted {
        /// In units of fuel.
        limit: u64,
    },
    /// It had not answered when its time was over.
    #[error("did not answer within {} ms", limit.as_millis())]
    TimedOut {
        /// What it had: its own timeout, or what was left of the assistant's.
        limit: Duration,
    },
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

    /// Whether it speaks against the plugin. A call that was not made does not, nor does
    /// an input that the plugin has nothing to do with.
    #[must_use]
    pub fn is_the_plugins(&self) -> bool {
        match self {
            Self::TimedOut { limit } => !limit.is_zero(),
            Self::Failed { kind, .. } => *kind != Failure::NotForMe,
            Self::TooManyTexts { .. } | Self::Unavailable(_) | Self::Quarantined { .. } => false,
            _ => true,
        }
    }
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

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NotForMe => "said that the input is not for it",
            Self::ServiceFailed => "said that a service it called failed",
            Self::Failed => "said that it failed",
        })
    }
}

/// What a call used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// In units of fuel.
    pub fuel: u64,
    /// Wall-clock time from instantiation to the answer.
    pub time: Duration,
    /// The most linear memory that the instance had, in bytes. Memory never shrinks.
    pub memory_bytes: usize,
}
