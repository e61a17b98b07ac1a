//! What a stage may read of a payload and what it may write: data is a capability
//! too. A stage without a view has all of it.

use retort_json::{Pattern, Places};
use std::fmt;

/// Where the texts of an answer are.
const ANSWER: &str = "/output/generic/*/text";
/// Where the text of a message is.
const MESSAGE: &str = "/input/text";
/// Where it says what kind of item each of them belongs to.
const RESPONSE_TYPES: &str = "/output/generic/*/response_type";

/// What a stage may read of a payload and what it may write. Whatever it may write
/// it may read as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    reads: Places,
    writes: Places,
    texts: Texts,
}

/// The strings that a plugin gets which transforms texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Texts {
    /// Of the texts and, if they may be read, of the response types of their items.
    pub(crate) places: Places,
    /// The pattern of `places` that stands for the response types.
    pub(crate) response_types: Option<u64>,
}

/// Why places are no view.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAView {
    /// This place may be written and not read.
    #[error("`{0}` may be written and is not within what may be read")]
    NotReadable(String),
    /// There are more than [`View::MOST_PLACES`].
    #[error("a view names 1 to {} places", View::MOST_PLACES)]
    TooMany,
}

impl Default for View {
    /// Everything of an answer.
    fn default() -> Self {
        Self::everything(ANSWER)
    }
}

impl View {
    /// How many places a view may name, to read and to write each.
    pub const MOST_PLACES: usize = 32;

    /// A view of these places of an answer, at most [`View::MOST_PLACES`] of each kind.
    /// Absent places to read are everything, absent places to write are what may be read.
    ///
    /// # Errors
    /// A place that may be written and not read, or too many places.
    pub fn new(reads: Option<Places>, writes: Option<Places>) -> Result<Self, NotAView> {
        Self::of(reads, writes, ANSWER)
    }

    /// A view of these places of a message, which has its text elsewhere.
    ///
    /// # Errors
    /// See [`View::new`].
    pub fn of_message(reads: Option<Places>, writes: Option<Places>) -> Result<Self, NotAView> {
        Self::of(reads, writes, MESSAGE)
    }

    /// Everything of a message.
    #[must_use]
    pub fn whole_message() -> Self {
        Self::everything(MESSAGE)
    }

    fn everything(texts: &str) -> Self {
        let everything = Places::everything();
        Self {
            texts: Texts::of(&everything, None, texts),
            reads: everything.clone(),
            writes: everything,
        }
    }

    fn of(reads: Option<Places>, writes: Option<Places>, texts: &str) -> Result<Self, NotAView> {
        let too_many = |places: &Places| places.patterns().len() > Self::MOST_PLACES;
        if reads.iter().chain(&writes).any(too_many) {
            return Err(NotAView::TooMany);
        }
        let reads = reads.unwrap_or_else(Places::everything);
        if let Some(writes) = &writes {
            let outside = writes.patterns().iter().find(|place| !reads.covers(place));
            if let Some(place) = outside {
                return Err(NotAView::NotReadable(place.to_string()));
            }
        }
        Ok(Self {
            texts: Texts::of(&reads, writes.as_ref(), texts),
            writes: writes.unwrap_or_else(|| reads.clone()),
            reads,
        })
    }

    /// What may be read.
    #[must_use]
    pub fn reads(&self) -> &Places {
        &self.reads
    }

    /// What may be written.
    #[must_use]
    pub fn writes(&self) -> &Places {
        &self.writes
    }

    pub(crate) fn texts(&self) -> &Texts {
        &self.texts
    }

    /// The view of a plugin that transforms payloads, in words.
    #[must_use]
    pub fn in_words(&self) -> String {
        format!(
            "reads {}; may change {}",
            Words(&self.reads),
            Words(&self.writes)
        )
    }

    /// The view of a plugin that transforms texts, in words.
    #[must_use]
    pub fn in_words_of_texts(&self) -> String {
        let patterns = self.texts.places.patterns().iter().map(name);
        let count = patterns.len() - usize::from(self.texts.response_types.is_some());
        let places: Vec<_> = patterns.take(count).collect();
        let types = match self.texts.response_types {
            Some(_) => ", with the response types of their items",
            None => "",
        };
        format!(
            "gets the strings within {}{types}; may change them",
            places.join(", ")
        )
    }
}

impl Texts {
    /// What `writes` names or, if it is absent, what stands at `texts` or, if that may
    /// not be read, what may.
    fn of(reads: &Places, writes: Option<&Places>, texts: &str) -> Self {
        let readable = |text: &str| {
            Pattern::parse(text)
                .ok()
                .filter(|place| reads.covers(place))
        };
        let mut patterns = match (writes, readable(texts)) {
            (Some(writes), _) => writes.patterns().to_vec(),
            (None, Some(texts)) => vec![texts],
            (None, None) => reads.patterns().to_vec(),
        };
        let mut response_types = None;
        if let Some(types) = readable(RESPONSE_TYPES) {
            response_types = Some(1 << patterns.len());
            patterns.push(types);
        }
        Self {
            // Not empty, and with the one that was added not too many.
            places: Places::new(patterns).unwrap_or_else(|_| Places::everything()),
            response_types,
        }
    }
}

/// A place as a sentence names it.
fn name(place: &Pattern) -> &str {
    match place.as_str() {
        "" => "the whole payload",
        text => text,
    }
}

/// Places as a sentence names them.
struct Words<'a>(&'a Places);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_everything() {
            return f.write_str("everything");
        }
        for (index, place) in self.0.patterns().iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            f.write_str(name(place))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(patterns: &[&str]) -> Option<Places> {
        let patterns = patterns.iter().map(|text| Pattern::parse(text).unwrap());
        Places::new(patterns.collect()).ok()
    }

    #[test]
    fn what_may_be_written_is_within_what_may_be_read() {
        let view = |reads: &[&str], writes: &[&str]| View::new(places(reads), places(writes));
        assert!(view(&["/a"], &["/a/b", "/a"]).is_ok());
        assert!(view(&["/a/*"], &["/a/*/b", "/a/0"]).is_ok());
        assert!(view(&[], &["/b"]).is_ok());
        let refused = |place: &str| NotAView::NotReadable(place.to_owned());
        assert_eq!(view(&["/a/0"], &["/a/*"]).unwrap_err(), refused("/a/*"));
        assert_eq!(view(&["/a/b"], &["/a"]).unwrap_err(), refused("/a"));
        let many = vec!["/a"; View::MOST_PLACES + 1];
        assert_eq!(view(&[], &many).unwrap_err(), NotAView::TooMany);
        assert_eq!(view(&many, &[]).unwrap_err(), NotAView::TooMany);
        assert!(view(&many[1..], &many[1..]).is_ok());
        let only_read = View::new(places(&["/a"]), None).unwrap();
        assert!(only_read.writes().covers(&Pattern::parse("/a").unwrap()));
        assert!(!only_read.writes().is_everything());
    }

    #[test]
    fn a_view_has_words() {
        let words = |view: &View| (view.in_words(), view.in_words_of_texts());
        let (payload, texts) = words(&View::default());
        assert_eq!(payload, "reads everything; may change everything");
        assert_eq!(
            texts,
            "gets the strings within /output/generic/*/text, with the response types of their items; may change them"
        );
        let view = View::new(places(&["/output", "/a"]), places(&["/output/x", "/a"])).unwrap();
        let (payload, texts) = words(&view);
        assert_eq!(payload, "reads /output, /a; may change /output/x, /a");
        assert!(
            texts.starts_with("gets the strings within /output/x, /a, with"),
            "{texts}"
        );
        let view = View::new(places(&["/a/*"]), None).unwrap();
        assert_eq!(
            view.in_words_of_texts(),
            "gets the strings within /a/*; may change them"
        );
    }
}
