//! Pointers to places that are found on the way through a document.

use std::borrow::Cow;

use crate::{key, scan::Key};

/// The way from the root to a value: a list that lives on the stack of whoever
/// goes there, so that it costs nothing until somebody asks for the pointer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Path<'p> {
    Root,
    Member(&'p Path<'p>, &'p Key<'p>),
    Element(&'p Path<'p>, usize),
}

impl Path<'_> {
    /// The JSON pointer, shortened for somebody to read.
    pub(crate) fn shown(&self) -> String {
        let mut steps = Vec::new();
        let mut step = self;
        while let Self::Member(parent, _) | Self::Element(parent, _) = step {
            steps.push(step);
            step = parent;
        }
        let mut pointer = String::new();
        for step in steps.into_iter().rev() {
            match step {
                Self::Root => {}
                Self::Member(_, key) => push_key(&mut pointer, key),
                Self::Element(_, index) => push_index(&mut pointer, *index),
            }
        }
        shortened(&pointer)
    }
}

/// A pointer for a message: enough to find the place, and not enough to flood a log.
pub(crate) fn shortened(pointer: &str) -> String {
    const LONGEST: usize = 200;
    let mut shown: String = pointer.chars().take(LONGEST).collect();
    if shown.len() < pointer.len() {
        shown.push('…');
    }
    shown
}

/// Appends an element's token to a pointer.
pub(crate) fn push_index(pointer: &mut String, index: usize) {
    pointer.push('/');
    let mut unit = 10_usize.pow(index.checked_ilog10().unwrap_or(0));
    while let Some(digit) = index.checked_div(unit) {
        let digit = u32::try_from(digit % 10).unwrap_or(0);
        pointer.extend(char::from_digit(digit, 10));
        unit /= 10;
    }
}

/// Appends a member's token to a pointer.
pub(crate) fn push_key(pointer: &mut String, key: &Key<'_>) {
    let characters = match key.plain() {
        Some(plain) => Cow::Borrowed(plain),
        None => key::decode_lossy(key.quoted.text),
    };
    pointer.push('/');
    for piece in characters.split_inclusive(['~', '/']) {
        if let Some(before) = piece.strip_suffix('/') {
            pointer.push_str(before);
            pointer.push_str("~1");
        } else {
            pointer.push_str(piece);
            if piece.ends_with('~') {
                pointer.push('0');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_written_in_digits() {
        for index in [0, 1, 9, 10, 99, 100, 1_234_567, usize::MAX] {
            let mut pointer = String::new();
            push_index(&mut pointer, index);
            assert_eq!(pointer, format!("/{index}"));
        }
    }

    #[test]
    fn a_long_pointer_is_shortened_between_characters() {
        assert_eq!(shortened(&"é".repeat(200)), "é".repeat(200));
        let shown = "é".repeat(200) + "…";
        assert_eq!(shortened(&"é".repeat(201)), shown);
    }
}
