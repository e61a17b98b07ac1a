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
//!
//! Of an object's members with the same key the last one counts, as in
//! JavaScript; the others stay as they are, except that removing a key removes
//! all of them, for otherwise an older one would come to light.

mod check;
mod document;
mod equal;
mod key;
mod level;
mod merge;
mod operation;
mod patch;
mod patch_error;
mod pointer;
mod tree;
mod work;
mod write;

pub use check::{Kind, NotJson, check};
pub use document::{Document, EditError, Node, Part};
pub use merge::merge_patch;
pub use operation::Verb;
pub use patch::json_patch;
pub use patch_error::{Obstacle, PatchError};
pub use pointer::{NotAPointer, Pointer};
