//! What a JSON patch would write.

use crate::{
    operation::{Action, Operation},
    patch::operations,
    patch_error::PatchError,
    path::shortened,
    places::Places,
    pointer::Pointer,
};

/// Why a JSON patch may not be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// It is not a JSON patch; of the variants of [`PatchError`] only those that say
    /// so.
    #[error(transparent)]
    NotAPatch(#[from] PatchError),
    /// An operation changes a place that it may not write.
    #[error("operation {index} of the patch goes outside of what it may write, at {pointer:?}")]
    Outside {
        /// Which operation, counted from 0.
        index: usize,
        /// The place: the operation's `path`, or the `from` of a `move`.
        pointer: String,
    },
}

/// Checks that all that a JSON patch (RFC 6902) changes is inside `writes`. It is not
/// looked up what is at those places. What the patch copies or compares is not checked:
/// it is to be applied to what [`Places::visible`] gave, which holds nothing else than
/// what may be read.
///
/// This keeps a patch from moving or removing something of which it may change only
/// a part; [`crate::write_back`] sees only what comes of it. The place `-`, after an
/// array's last element, is any element, and none that has a name.
///
/// # Errors
/// [`CheckError`] names the operation and the place.
pub fn check_patch(patch: &str, writes: &Places) -> Result<(), CheckError> {
    for (index, operation) in operations(patch)?.enumerate() {
        let Operation { path, action } = operation?;
        let inside = |pointer: &Pointer| {
            if writes.contain(pointer) {
                return Ok(());
            }
            let pointer = shortened(pointer.as_str());
            Err(CheckError::Outside { index, pointer })
        };
        match action {
            Action::Add(_) | Action::Remove | Action::Replace(_) | Action::Copy(_) => {
                inside(&path)?;
            }
            Action::Move(from) => {
                inside(&from)?;
                inside(&path)?;
            }
            Action::Test(_) => {}
        }
    }
    Ok(())
}
