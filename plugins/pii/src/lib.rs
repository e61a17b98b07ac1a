//! Finds personal data that has a pattern: e-mail addresses, phone numbers, US social
//! security numbers and card numbers. For the plugins that mask it or keep it back.
//!
//! Each module has a `find`, which returns the places in a text from the first to the
//! last, none overlapping another. Its work is linear in the length of the text.
//! Part of one kind may look like another: look for e-mail addresses first, then for
//! card numbers, social security numbers, and phone numbers last.

#![no_std]

extern crate alloc;

pub mod card;
pub mod email;
pub mod phone;
mod span;
pub mod ssn;
pub mod token;
pub mod vault;

use alloc::{string::String, vec::Vec};
use core::ops::Range;

/// Finds places in a text, from the first to the last, none overlapping another.
pub type Finder = fn(&str) -> Vec<Range<usize>>;

/// The text with something else in some places, which are as a [`Finder`] has them.
/// `other` is given what stands in each.
pub fn replace(
    text: &str,
    places: &[Range<usize>],
    mut other: impl FnMut(&str) -> String,
) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = 0;
    for place in places {
        replaced.push_str(text.get(rest..place.start).unwrap_or_default());
        replaced.push_str(&other(text.get(place.clone()).unwrap_or_default()));
        rest = place.end;
    }
    replaced.push_str(text.get(rest..).unwrap_or_default());
    replaced
}
