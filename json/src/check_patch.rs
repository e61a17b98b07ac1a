//! What a JSON patch would read and write.

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
    /// An operation goes to a place that it may not read or write.
    #[error(
        "operation {index} of the patch goes outside of what it may read or write, at {pointer:?}"
    )]
    Outside {
        /// Which operation, counted from 0.
        index: usize,
        /// The place: the operation's `path` or `from`.
        pointer: String,
    },
}

/// Checks that all that a JSON patch (RFC 6902) changes is inside `writes`, and all
/// that it copies or compares inside `reads`. It is not looked up what is at those
/// places.
///
/// This keeps a patch from moving or removing something of which it may change only
/// a part; [`crate::write_back`] sees only what comes of it. The place `-`, after an
/// array's last element, is any element, and none that has a name.
///
/// # Errors
/// [`CheckError`] names the operation and the place.
pub fn check_patch(patch: &str, reads: &Places, writes: &Places) -> Result<(), CheckError> {
    for (index, operation) in operations(patch)?.enumerate() {
        let Operation { path, action } = operation?;
        let inside = |places: &Places, pointer: &Pointer| {
            if places.contain(pointer) {
                return Ok(());
            }
            let pointer = shortened(pointer.as_str());
            Err(CheckError::Outside { index, pointer })
        };
        match action {
            Action::Add(_) | Action::Remove | Action::Replace(_) => inside(writes, &path)?,
            Action::Move(from) => {
                inside(writes, &from)?;
                inside(writes, &path)?;
            }
            Action::Copy(from) => {
                inside(reads, &from)?;
                inside(writes, &path)?;
            }
            Action::Test(_) => inside(reads, &path)?,
        }
    }
    Ok(())
}
