//! Changes of a text, made in one pass.

use std::ops::Range;

use crate::scan::Span;

/// Changes of a text that are collected first.
#[derive(Debug, Default)]
pub(crate) struct Edits<'n> {
    list: Vec<Edit<'n>>,
}

#[derive(Debug)]
struct Edit<'n> {
    /// What goes away, in bytes.
    place: Range<usize>,
    comma: bool,
    /// With its quotes.
    key: Option<&'n str>,
    value: &'n str,
}

/// What becomes of the children of an object or array as a whole.
#[derive(Debug)]
pub(crate) struct Reshaping<'n> {
    /// The places of the children in their order, keys included, and which of them
    /// are to go. Those that stay may be left out before another one that stays.
    pub(crate) children: Vec<(Range<usize>, bool)>,
    /// Keys with their quotes, where they have one, and values.
    pub(crate) added: Vec<(Option<&'n str>, &'n str)>,
}

impl<'n> Edits<'n> {
    /// Puts another text where a value is.
    pub(crate) fn replace(&mut self, old: Span<'_>, new: &'n str) {
        self.list.push(Edit {
            place: old.range(),
            comma: false,
            key: None,
            value: new,
        });
    }

    /// Takes children away, each with one comma, and adds others after the last one
    /// that stays. `inside` is where the container's inside begins.
    pub(crate) fn reshape(&mut self, inside: usize, reshaping: Reshaping<'n>) {
        let Reshaping { children, added } = reshaping;
        let mut one_stays = false;
        let mut waiting: Option<usize> = None;
        let mut end = inside;
        for (place, goes) in children {
            // What goes before the first one that stays goes with the comma after it.
            if let Some(start) = waiting.take() {
                self.remove(start..place.start);
            }
            match (goes, one_stays) {
                (true, true) => self.remove(end..place.end),
                (true, false) => waiting = Some(place.start),
                (false, _) => one_stays = true,
            }
            end = place.end;
        }
        if let Some(start) = waiting {
            self.remove(start..end);
        }
        let mut comma = one_stays;
        for (key, value) in added {
            self.list.push(Edit {
                place: end..end,
                comma: std::mem::replace(&mut comma, true),
                key,
                value,
            });
        }
    }

    fn remove(&mut self, place: Range<usize>) {
        // One edit for neighbours that go together, of which there may be many.
        if let Some(last) = self.list.last_mut()
            && last.place.end == place.start
            && last.len() == 0
        {
            last.place.end = place.end;
            return;
        }
        self.list.push(Edit {
            place,
            comma: false,
            key: None,
            value: "",
        });
    }

    /// The text with these changes; nothing where there is none.
    pub(crate) fn apply(mut self, text: &str) -> Option<String> {
        if self.list.is_empty() {
            return None;
        }
        // What is added at one place keeps its order, because the sort is stable.
        self.list
            .sort_by_key(|edit| (edit.place.start, edit.place.end));
        let more: usize = self.list.iter().map(Edit::len).sum();
        let less: usize = self.list.iter().map(|edit| edit.place.len()).sum();
        let mut out = String::with_capacity((text.len() + more).saturating_sub(less));
        let mut at = 0;
        for edit in self.list {
            out.push_str(text.get(at..edit.place.start).unwrap_or_default());
            at = edit.place.end;
            edit.write_to(&mut out);
        }
        out.push_str(text.get(at..).unwrap_or_default());
        Some(out)
    }
}

impl Edit<'_> {
    /// How many bytes it brings.
    fn len(&self) -> usize {
        let key = self.key.map_or(0, |key| key.len() + 1);
        usize::from(self.comma) + key + self.value.len()
    }

    fn write_to(&self, out: &mut String) {
        if self.comma {
            out.push(',');
        }
        if let Some(key) = self.key {
            out.push_str(key);
            out.push(':');
        }
        out.push_str(self.value);
    }
}
