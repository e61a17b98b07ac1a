//! JSON that keeps its bytes.
//!
//! A [`Document`] is text until somebody looks inside, and looking inside opens
//! one level: the members or elements of one object or array, each of them still
//! text. What nobody changed is written as the very bytes it was read from, so
//! numbers of any size, the order of keys, duplicate keys, unknown members and
//! white space survive an edit elsewhere. An object or array that was changed is
//! written compactly around its untouched children.
//!
//! - [`check`] says in one pass whether a text is JSON, and of which kind.
//! - [`Document`] is for editing: find by [`Pointer`], read, set, insert, remove.
//! - [`merge_patch`] (RFC 7396) and [`json_patch`] (RFC 6902) apply a patch that
//!   may come from somebody hostile. Their work is bounded by the sizes of the
//!   two texts, and nothing recurses deeply, however deep the texts are.
//! - [`Places`] are what somebody may read or write: [`Places::visible`] is the
//!   document without the rest, [`write_back`] takes over what was changed in it,
//!   and refuses what was changed elsewhere. [`check_patch`] looks at where a JSON
//!   patch writes before it is applied.
//! - [`Places::strings`] finds the strings at and in such places in one pass, and
//!   [`splice`] puts others there.
//!
//! Of an object's members with the same key the last one counts, as in
//! JavaScript; the others stay as they are, except that removing a key removes
//! all of them, for otherwise an older one would come to light.

mod check;
mod check_patch;
mod document;
mod edits;
mod equal;
mod key;
mod keyed;
mod level;
mod merge;
mod operation;
mod patch;
mod patch_error;
mod path;
mod pattern;
mod places;
mod pointer;
mod scan;
mod splice;
mod strings;
mod tree;
mod visible;
mod work;
mod write;
mod write_back;

pub use check::{Kind, NotJson, check};
pub use check_patch::{CheckError, check_patch};
pub use document::{Document, EditError, Node, Part};
pub use merge::merge_patch;
pub use operation::Verb;
pub use patch::json_patch;
pub use patch_error::{Obstacle, PatchError};
pub use pattern::{NotAPattern, Pattern};
pub use places::{NotPlaces, Places};
pub use pointer::{NotAPointer, Pointer};
pub use splice::splice;
pub use strings::{Found, StringsError};
pub use write_back::{WriteError, write_back};
