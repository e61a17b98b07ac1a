//! What an operator can demand of every answer that a stage makes: a size, the
//! shapes of its items, and the origins that its URLs may have.
//!
//! Only what the stage made is judged. An item of `output.generic` that stood in
//! the payload before, to the byte, is not looked at. In every other item, a URL
//! of an origin that the assistant itself named anywhere in its `output.generic`
//! is all right, and so is a string that the assistant said word for word in a
//! place of the same kind. Shapes are judged in full. Nothing outside of
//! `output.generic` is looked at; a payload without one, such as that of another
//! vendor's webhook, has nothing to judge but its size.
//!
//! An `output` that is no object and a `generic` that is no array are refused, unless
//! they stood there before, to the byte. Where either stands twice, both count. To look
//! for URLs, an item may have 128 levels of objects and arrays, itself included; one
//! with more is refused, unless it is the assistant's own.
//!
//! - `shape` has the table of response types and what each of them needs.
//! - `link` says in which strings URLs are looked for; `reference` reads a string
//!   that is a URL, `scan` finds those in a text. Their heads say precisely what is
//!   found and what is not.
//!
//! The work is linear in the two payloads, and nothing recurses.

mod cursor;
mod entity;
mod items;
mod link;
mod origin;
mod place;
mod reference;
mod scan;
mod shape;
mod violation;

use items::Answer;
pub use origin::{NotAnOrigin, Origin};
pub use violation::{Misfit, Violation};

/// What one assistant's answers have to keep to. The default demands nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guard {
    /// The largest answer, in bytes. The vendor refuses answers over about 4 MB,
    /// 4,000,000 bytes (its test kit says so, its documentation does not).
    pub answer_bytes: Option<usize>,
    /// Whether items with a known `response_type` must have the members that this
    /// type needs.
    pub shapes: bool,
    /// The origins that URLs may have; an empty list allows none but the assistant's
    /// own. Without a list, URLs are not looked for.
    pub origins: Option<Vec<Origin>>,
}

impl Guard {
    /// Judges what a stage made of a payload. `before` and `after` are the texts of
    /// JSON objects, `answer_bytes` is the size of the whole answer with `after` in
    /// it. Texts that are not JSON cause no worse than a wrong judgement.
    ///
    /// # Errors
    /// The first [`Violation`]: the size, then what stands in the place of the items, then
    /// the items in their order, each by its shape and then by its URLs.
    pub fn check(&self, before: &str, after: &str, answer_bytes: usize) -> Result<(), Violation> {
        if let Some(limit) = self.answer_bytes
            && answer_bytes > limit
        {
            return Err(Violation::TooLarge {
                bytes: answer_bytes,
                limit,
            });
        }
        if !self.shapes && self.origins.is_none() {
            return Ok(());
        }
        let (said, made) = (Answer::of(before), Answer::of(after));
        made.check_places(&said)?;
        let links = self.origins.as_deref();
        let links = links.map(|origins| link::Judge::new(origins, &said.items));
        for (index, item) in items::changed(&said.items, &made.items) {
            if self.shapes {
                shape::check(index, item)?;
            }
            if let Some(links) = &links {
                links.check(index, item)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
