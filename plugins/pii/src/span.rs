//! What stands in a text at a place, and around it.

use core::ops::Range;

/// Moves over a text, from one place to the right. None of its steps is longer than
/// what it takes, so that a search that tries every place stays linear as long as
/// what is sought has a longest length.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t str, at: usize) -> Self {
        Self { text, at }
    }

    pub(crate) fn at(self) -> usize {
        self.at
    }

    /// The character at this place.
    pub(crate) fn peek(self) -> Option<char> {
        match self.text.as_bytes().get(self.at)? {
            byte @ 0..0x80 => Some(char::from(*byte)),
            _ => self.text.get(self.at..)?.chars().next(),
        }
    }

    /// The place after the next character, if it is one that is wanted.
    pub(crate) fn one(self, wanted: impl FnOnce(char) -> bool) -> Option<Self> {
        let next = self.peek().filter(|next| wanted(*next))?;
        let at = self.at + next.len_utf8();
        Some(Self { at, ..self })
    }

    /// The place after the next character if it is a wanted one, else this place.
    pub(crate) fn maybe(self, wanted: impl FnOnce(char) -> bool) -> Self {
        self.one(wanted).unwrap_or(self)
    }

    /// The place after as many of the wanted characters as there are, though not
    /// after more than `most`; nothing if there are fewer than `least`.
    pub(crate) fn some(
        self,
        least: usize,
        most: usize,
        wanted: impl Fn(char) -> bool,
    ) -> Option<Self> {
        self.times(least, most, |place| place.one(&wanted))
    }

    /// The place after `step` was taken as often as it can be, though not more often
    /// than `most` times; nothing if that is fewer times than `least`.
    pub(crate) fn times(
        self,
        least: usize,
        most: usize,
        step: impl Fn(Self) -> Option<Self>,
    ) -> Option<Self> {
        let mut place = self;
        let mut times = 0;
        while times < most
            && let Some(next) = step(place)
        {
            place = next;
            times += 1;
        }
        (times >= least).then_some(place)
    }
}

/// Whether a number stands by itself: nothing that touches it belongs to it, where
/// `belongs` sees what is beside it, going away from it.
pub(crate) fn stands_alone(
    text: &str,
    place: &Range<usize>,
    belongs: impl Fn(char, Option<char>) -> bool,
) -> bool {
    let before = text.get(..place.start).unwrap_or_default();
    let after = text.get(place.end..).unwrap_or_default();
    let touches = |beside: &mut dyn Iterator<Item = char>| {
        let nearest = beside.next();
        nearest.is_some_and(|nearest| belongs(nearest, beside.next()))
    };
    !touches(&mut before.chars().rev()) && !touches(&mut after.chars())
}

/// Whether a character makes a number part of a word, a longer number or a fraction. A
/// full stop without a digit behind it only ends a sentence.
pub(crate) fn is_word_or_fraction(nearest: char, next: Option<char>) -> bool {
    let digit_next = next.is_some_and(|next| next.is_ascii_digit());
    nearest.is_alphanumeric() || nearest == '_' || (nearest == '.' && digit_next)
}

/// Whether a character makes a number part of something else: a word, a version, an
/// amount, a reference, a path, a time.
pub(crate) fn is_part_of_more(nearest: char, next: Option<char>) -> bool {
    let next_is = |test: fn(char) -> bool| next.is_some_and(test);
    match nearest {
        '#' | '$' | '€' | '£' | '¥' | '%' => true,
        '-' | '/' => next_is(char::is_alphanumeric),
        ',' | ':' => next_is(|next| next.is_ascii_digit()),
        '.' if next_is(char::is_alphabetic) => true,
        _ => is_word_or_fraction(nearest, next),
    }
}
