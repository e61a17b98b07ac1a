//! What may be read of a document.

use std::borrow::Cow;

use crate::{
    places::{Places, Way},
    scan::Cursor,
};

impl Places {
    /// A document with only what is at these places: of the same shape, the rest
    /// absent. `json` has to be JSON; of what is not, anything may come out.
    ///
    /// A value at one of the places stands there in its own bytes, duplicates and
    /// all. An object on the way to a place has only those members, and may be left
    /// with none. An array on the way keeps its length: what may not be seen in it
    /// is `null`. Anything else on the way is absent. So the text can be longer than
    /// the document, because of the nulls, but not three times as long. A document
    /// that is neither object nor array nor a place itself is `{}`.
    ///
    /// It is borrowed if everything is visible.
    #[must_use]
    pub fn visible<'j>(&self, json: &'j str) -> Cow<'j, str> {
        if self.is_everything() {
            return Cow::Borrowed(json);
        }
        let mut out = String::new();
        let mut cursor = Cursor::new(json);
        match cursor.peek() {
            b'{' | b'[' => self.show(self.root(), &mut cursor, &mut out),
            _ => out.push_str("{}"),
        }
        Cow::Owned(out)
    }

    /// Writes what is visible of the object or array that comes next. It goes only as
    /// deep as the longest pattern.
    fn show(&self, way: Way, cursor: &mut Cursor<'_>, out: &mut String) {
        if cursor.enter(b'{') {
            self.show_members(way, cursor, out);
        } else if cursor.enter(b'[') {
            self.show_elements(way, cursor, out);
        }
    }

    fn show_members(&self, object: Way, cursor: &mut Cursor<'_>, out: &mut String) {
        out.push('{');
        let (mut first, mut none_yet) = (true, true);
        while let Some(key) = cursor.next_member(&mut first) {
            let way = self.member(object, &key);
            if !is_shown(way, cursor) {
                cursor.value();
                continue;
            }
            if !std::mem::take(&mut none_yet) {
                out.push(',');
            }
            out.push_str(key.quoted.text);
            out.push(':');
            self.show_child(way, cursor, out);
        }
        out.push('}');
    }

    fn show_elements(&self, array: Way, cursor: &mut Cursor<'_>, out: &mut String) {
        out.push('[');
        let ways = self.elements(array);
        let (mut first, mut index) = (true, 0);
        while cursor.next_element(&mut first) {
            if index > 0 {
                out.push(',');
            }
            let way = self.element(ways, index);
            if is_shown(way, cursor) {
                self.show_child(way, cursor, out);
            } else {
                cursor.value();
                out.push_str("null");
            }
            index += 1;
        }
        out.push(']');
    }

    fn show_child(&self, way: Way, cursor: &mut Cursor<'_>, out: &mut String) {
        if way.is_within() {
            let value = cursor.value();
            out.push_str(value.map_or("null", |value| value.text));
        } else {
            self.show(way, cursor, out);
        }
    }
}

/// Whether the value that comes next is visible, or has something in it that may be.
fn is_shown(way: Way, cursor: &mut Cursor<'_>) -> bool {
    way.is_within() || (!way.is_outside() && matches!(cursor.peek(), b'{' | b'['))
}
