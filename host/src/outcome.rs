//! What a plugin's call came to: plain data, without any of the machinery that
//! produced it.

mod fault;

pub use fault::{Failure, Fault, Origin};

use crate::event::check_reply;
use crate::view::View;
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

/// What a call used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// In units of fuel.
    pub fuel: u64,
    /// Wall-clock time from instantiation to the answer.
    pub time: Duration,
    /// The most linear memory that the instance had, in bytes. Memory never shrinks.
    pub memory_bytes: usize,
}
