//! What becomes of the payload.

use serde::Serialize;

use crate::{Payload, Result};

/// What becomes of the payload, as JSON text where it is more than nothing.
///
/// A function that edits its [`Payload`] need not make one: see [`IntoOutcome`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The payload stays as it came in, to the byte, whatever the function did to it.
    Unchanged,
    /// The payload becomes this object.
    Replaced(String),
    /// The payload is changed by a JSON Merge Patch (RFC 7396): an object.
    MergePatch(String),
    /// The payload is changed by a JSON Patch (RFC 6902): an array of operations.
    JsonPatch(String),
}

impl Outcome {
    /// The payload becomes this value, which must be an object.
    ///
    /// # Errors
    /// [`Failure::Failed`](crate::Failure::Failed) if it cannot be written as JSON.
    pub fn replaced<T: Serialize + ?Sized>(payload: &T) -> Result<Self> {
        Ok(Self::Replaced(serde_json::to_string(payload)?))
    }

    /// The payload is changed by this JSON Merge Patch, which must be an object.
    ///
    /// # Errors
    /// [`Failure::Failed`](crate::Failure::Failed) if it cannot be written as JSON.
    pub fn merge_patch<T: Serialize + ?Sized>(patch: &T) -> Result<Self> {
        Ok(Self::MergePatch(serde_json::to_string(patch)?))
    }

    /// The payload is changed by this JSON Patch, which must be an array of operations.
    ///
    /// # Errors
    /// [`Failure::Failed`](crate::Failure::Failed) if it cannot be written as JSON.
    pub fn json_patch<T: Serialize + ?Sized>(patch: &T) -> Result<Self> {
        Ok(Self::JsonPatch(serde_json::to_string(patch)?))
    }
}

/// What a plugin's function may return.
pub trait IntoOutcome {
    /// The outcome, given the payload as the function left it.
    ///
    /// # Errors
    /// [`Failure`](crate::Failure), as the function itself might have.
    fn into_outcome(self, payload: &Payload<'_>) -> Result<Outcome>;
}

/// The payload as the function left it: unchanged if it was not edited, else replaced.
impl IntoOutcome for () {
    fn into_outcome(self, payload: &Payload<'_>) -> Result<Outcome> {
        Ok(match payload.document().changed() {
            Some(json) => Outcome::Replaced(json.into_owned()),
            None => Outcome::Unchanged,
        })
    }
}

impl IntoOutcome for Outcome {
    fn into_outcome(self, _: &Payload<'_>) -> Result<Outcome> {
        Ok(self)
    }
}
