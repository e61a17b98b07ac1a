//! The strings at some places of a document.

use std::{borrow::Cow, ops::Range};

use crate::{
    key,
    path::{push_index, push_key},
    places::{Places, Way},
    scan::Cursor,
};

/// A string that was found at one of the places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<'j> {
    /// Where it stands in the document, in bytes, with its quotes.
    pub place: Range<usize>,
    /// Its text, with its quotes.
    pub quoted: &'j str,
    /// The JSON pointer to it. Of members with the same key each has the same
    /// pointer; half a surrogate pair in a key is U+FFFD here.
    pub pointer: String,
    /// Which patterns name it: bit i is the i-th pattern. At least one does.
    pub patterns: u64,
}

/// There are more strings at the places than were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "more than {most} strings are at these places, or the pointers to them are longer than {} bytes on average",
    Found::POINTER_BYTES
)]
pub struct TooManyStrings {
    /// How many were asked for.
    pub most: usize,
}

impl<'j> Found<'j> {
    /// How long pointers may be on average over all the strings that are asked for.
    /// One long key above many strings would otherwise be repeated in each of their
    /// pointers.
    pub const POINTER_BYTES: usize = 256;

    /// Its characters. Half a surrogate pair is U+FFFD here.
    #[must_use]
    pub fn string(&self) -> Cow<'j, str> {
        key::decode_lossy(self.quoted)
    }
}

impl Places {
    /// The strings that are exactly at these places, not those deeper in them, in the
    /// order of the document and in one pass over it. `json` has to be JSON; of what
    /// is not, anything may be found.
    ///
    /// Of members with the same key all are found. `most` bounds the memory that this
    /// takes, too: about 400 bytes for each, if the document is made to take it.
    ///
    /// # Errors
    /// [`TooManyStrings`] if there are more than `most`, or if their pointers together
    /// are longer than [`Found::POINTER_BYTES`] times `most`.
    pub fn strings<'j>(
        &self,
        json: &'j str,
        most: usize,
    ) -> Result<Vec<Found<'j>>, TooManyStrings> {
        let mut search = Search {
            places: self,
            cursor: Cursor::new(json),
            pointer: String::new(),
            found: Vec::new(),
            left: most,
            pointer_bytes_left: most.saturating_mul(Found::POINTER_BYTES),
        };
        let searched = search.value(self.root(), |_| {});
        searched.map_err(|TooMany| TooManyStrings { most })?;
        Ok(search.found)
    }
}

struct Search<'p, 'j> {
    places: &'p Places,
    cursor: Cursor<'j>,
    /// The pointer to where the search is.
    pointer: String,
    found: Vec<Found<'j>>,
    left: usize,
    pointer_bytes_left: usize,
}

struct TooMany;

impl Search<'_, '_> {
    /// Searches the value that comes next. It goes only as deep as the longest
    /// pattern. `name` appends the value's own token to the pointer, which most values
    /// do not need.
    fn value(&mut self, way: Way, name: impl FnOnce(&mut String)) -> Result<(), TooMany> {
        let first = self.cursor.peek();
        let is_wanted = match first {
            b'"' => way.ending != 0,
            b'{' | b'[' => way.onward != 0,
            _ => false,
        };
        if !is_wanted {
            self.cursor.value();
            return Ok(());
        }
        let parent = self.pointer.len();
        name(&mut self.pointer);
        match first {
            b'{' => self.members(way)?,
            b'[' => self.elements(way)?,
            _ => self.string(way)?,
        }
        self.pointer.truncate(parent);
        Ok(())
    }

    fn members(&mut self, object: Way) -> Result<(), TooMany> {
        self.cursor.enter(b'{');
        let mut first = true;
        while let Some(key) = self.cursor.next_member(&mut first) {
            let way = self.places.member(object, &key);
            self.value(way, |pointer| push_key(pointer, &key))?;
        }
        Ok(())
    }

    fn elements(&mut self, array: Way) -> Result<(), TooMany> {
        self.cursor.enter(b'[');
        let ways = self.places.elements(array);
        let (mut first, mut index) = (true, 0_usize);
        while self.cursor.next_element(&mut first) {
            let way = self.places.element(ways, index);
            self.value(way, |pointer| push_index(pointer, index))?;
            index += 1;
        }
        Ok(())
    }

    fn string(&mut self, way: Way) -> Result<(), TooMany> {
        let Some(value) = self.cursor.value() else {
            return Ok(());
        };
        self.left = self.left.checked_sub(1).ok_or(TooMany)?;
        let bytes = self.pointer_bytes_left.checked_sub(self.pointer.len());
        self.pointer_bytes_left = bytes.ok_or(TooMany)?;
        self.found.push(Found {
            place: value.range(),
            quoted: value.text,
            pointer: self.pointer.clone(),
            patterns: way.ending,
        });
        Ok(())
    }
}
