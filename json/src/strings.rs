//! The strings at some places of a document, and in them.

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
    /// Which patterns name it or something that it is in: bit i is the i-th pattern.
    /// At least one does.
    pub patterns: u64,
}

/// Why the strings at some places are not given. The messages repeat nothing of the
/// document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StringsError {
    /// There are more strings than were asked for.
    #[error("more than {most} strings are at these places; name places that hold fewer")]
    TooMany {
        /// How many were asked for.
        most: usize,
    },
    /// The pointers to the strings are longer than [`Found::POINTER_BYTES`] on average.
    #[error(
        "the pointers to the strings at these places have more than {most} times {} bytes; name places below shorter keys",
        Found::POINTER_BYTES
    )]
    LongPointers {
        /// How many strings were asked for.
        most: usize,
    },
    /// There are objects and arrays within one place that are nested deeper than
    /// [`Found::LEVELS`].
    #[error(
        "one of these places holds objects and arrays that are nested deeper than {} levels; name places further down",
        Found::LEVELS
    )]
    TooDeep,
}

impl<'j> Found<'j> {
    /// How long pointers may be on average over all the strings that are asked for.
    /// One long key above many strings would otherwise be repeated in each of their
    /// pointers.
    pub const POINTER_BYTES: usize = 256;

    /// How many levels of objects and arrays a string may be within a place: the
    /// elements of an array that is a place itself are one level down. The search
    /// goes down on the stack, and the document may be hostile.
    pub const LEVELS: usize = 128;

    /// Its characters. Half a surrogate pair is U+FFFD here.
    #[must_use]
    pub fn string(&self) -> Cow<'j, str> {
        key::decode_lossy(self.quoted)
    }
}

impl Places {
    /// The strings at these places and all strings in them, in the order of the
    /// document and in one pass over it; values only, not keys. `json` has to be JSON;
    /// of what is not, anything may be found.
    ///
    /// Of members with the same key all are found. `most` bounds the memory that this
    /// takes, too: about 400 bytes for each, if the document is made to take it.
    ///
    /// # Errors
    /// [`StringsError`] if there are more than `most`, if their pointers together are
    /// longer than [`Found::POINTER_BYTES`] times `most`, or if there are more than
    /// [`Found::LEVELS`] levels within a place, be there a string in them or not.
    pub fn strings<'j>(&self, json: &'j str, most: usize) -> Result<Vec<Found<'j>>, StringsError> {
        let mut search = Search {
            places: self,
            cursor: Cursor::new(json),
            pointer: String::new(),
            levels: 0,
            found: Vec::new(),
            most,
            pointer_bytes_left: most.saturating_mul(Found::POINTER_BYTES),
        };
        search.value(self.root(), |_| {})?;
        Ok(search.found)
    }
}

struct Search<'p, 'j> {
    places: &'p Places,
    cursor: Cursor<'j>,
    /// The pointer to where the search is.
    pointer: String,
    /// How many levels down from the outermost place it is.
    levels: usize,
    found: Vec<Found<'j>>,
    most: usize,
    pointer_bytes_left: usize,
}

impl Search<'_, '_> {
    /// Searches the value that comes next. The patterns that name it in `way` are also
    /// those that name something around it. `name` appends the value's own token to the
    /// pointer, which most values do not need.
    ///
    /// It goes only as deep as the longest pattern, and from a place on as deep as
    /// [`Found::LEVELS`].
    fn value(&mut self, way: Way, name: impl FnOnce(&mut String)) -> Result<(), StringsError> {
        let first = self.cursor.peek();
        let is_wanted = match first {
            b'"' => way.is_within(),
            b'{' | b'[' => !way.is_outside(),
            _ => false,
        };
        if !is_wanted {
            self.cursor.value();
            return Ok(());
        }
        let parent = self.pointer.len();
        name(&mut self.pointer);
        if first == b'"' {
            self.string(way)?;
        } else {
            self.container(first, way)?;
        }
        self.pointer.truncate(parent);
        Ok(())
    }

    fn container(&mut self, first: u8, way: Way) -> Result<(), StringsError> {
        let levels = self.levels;
        if way.is_within() {
            if levels == Found::LEVELS {
                return Err(StringsError::TooDeep);
            }
            self.levels = levels + 1;
        }
        self.cursor.enter(first);
        if first == b'{' {
            self.members(way)?;
        } else {
            self.elements(way)?;
        }
        self.levels = levels;
        Ok(())
    }

    fn members(&mut self, object: Way) -> Result<(), StringsError> {
        let mut first = true;
        while let Some(key) = self.cursor.next_member(&mut first) {
            let way = self.places.member(object, &key).inside(object);
            self.value(way, |pointer| push_key(pointer, &key))?;
        }
        Ok(())
    }

    fn elements(&mut self, array: Way) -> Result<(), StringsError> {
        let ways = self.places.elements(array);
        let (mut first, mut index) = (true, 0_usize);
        while self.cursor.next_element(&mut first) {
            let way = self.places.element(ways, index).inside(array);
            self.value(way, |pointer| push_index(pointer, index))?;
            index += 1;
        }
        Ok(())
    }

    fn string(&mut self, way: Way) -> Result<(), StringsError> {
        let Some(value) = self.cursor.value() else {
            return Ok(());
        };
        let most = self.most;
        if self.found.len() == most {
            return Err(StringsError::TooMany { most });
        }
        let bytes = self.pointer_bytes_left.checked_sub(self.pointer.len());
        self.pointer_bytes_left = bytes.ok_or(StringsError::LongPointers { most })?;
        self.found.push(Found {
            place: value.range(),
            quoted: value.text,
            pointer: self.pointer.clone(),
            patterns: way.ending,
        });
        Ok(())
    }
}
