//! Why a patch was not applied.

use std::fmt;

use crate::{
    check::NotJson,
    operation::Verb,
    work::{Budget, Exhausted},
};

/// Why a patch was not applied. Nothing was changed then. The messages name
/// places and never values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// The patch, or the text that it is for, is not JSON.
    #[error("not JSON: {0}")]
    NotJson(#[from] NotJson),
    /// The patch is JSON, but not a patch.
    #[error("not a patch: {reason}{}", At(*.index))]
    NotAPatch {
        /// Which operation of a JSON patch is wrong, counted from 0; nothing
        /// where the patch as a whole is.
        index: Option<usize>,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An operation of a JSON patch cannot be applied to this text.
    #[error("operation {index} of the patch, {verb} at {pointer:?}: {obstacle}")]
    Inapplicable {
        /// Which operation, counted from 0.
        index: usize,
        /// What it was to do.
        verb: Verb,
        /// The place that was the trouble: the operation's `path` or `from`.
        pointer: String,
        /// The trouble.
        obstacle: Obstacle,
    },
    /// Applying the patch takes more work than two texts of these sizes may.
    #[error("applying the patch takes more than {limit} units of work")]
    TooMuchWork {
        /// The work that was allowed: 16 units for each byte of the text and of
        /// the patch, and 1,048,576. A unit is roughly a nanosecond: a byte looked
        /// at; an entry of an object or array costs more of them.
        limit: usize,
    },
}

/// What stands in the way of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// There is no value at that place.
    #[error("there is nothing at that place")]
    NotThere,
    /// A value cannot be put there or taken from there, because what is above is
    /// neither an object nor an array.
    #[error("what is above that place is neither an object nor an array")]
    NoContainer,
    /// An array has no such index.
    #[error("the array has no such index")]
    NoSuchIndex,
    /// A value cannot be moved to a place inside itself.
    #[error("a value cannot be moved into itself")]
    IntoItself,
    /// The whole document cannot be taken away.
    #[error("the whole document cannot be taken away")]
    WholeDocument,
    /// A `test` found another value.
    #[error("the value there is another one")]
    Different,
}

/// Why an edit ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    Obstacle(Obstacle),
    Exhausted,
}

impl From<Obstacle> for Stop {
    fn from(obstacle: Obstacle) -> Self {
        Self::Obstacle(obstacle)
    }
}

impl From<Exhausted> for Stop {
    fn from(_: Exhausted) -> Self {
        Self::Exhausted
    }
}

impl PatchError {
    pub(crate) fn too_much_work(budget: &Budget) -> Self {
        Self::TooMuchWork {
            limit: budget.limit(),
        }
    }
}

/// Where a patch is wrong, at the end of a sentence.
struct At(Option<usize>);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(index) => write!(f, " (operation {index})"),
            None => Ok(()),
        }
    }
}
