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
    new: New<'n>,
}

/// What comes there.
#[derive(Debug)]
enum New<'n> {
    Value(&'n str),
    Children {
        added: Vec<Child<'n>>,
        /// Whether the first one needs a comma, too.
        comma: bool,
    },
}

/// A member's key with its quotes, or nothing for an element; and the value.
pub(crate) type Child<'n> = (Option<&'n str>, &'n str);

/// What becomes of the children of an object or array as a whole.
#[derive(Debug)]
pub(crate) struct Reshaping<'n> {
    /// The places of the children in their order, keys included, and which of them
    /// are to go. Those that stay may be left out before another one that stays.
    pub(crate) children: Vec<(Range<usize>, bool)>,
    pub(crate) added: Vec<Child<'n>>,
}

impl<'n> Edits<'n> {
    /// Puts another text where a value is.
    pub(crate) fn replace(&mut self, old: Span<'_>, new: &'n str) {
        self.list.push(Edit {
            place: old.range(),
            new: New::Value(new),
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
        if !added.is_empty() {
            self.list.push(Edit {
                place: end..end,
                new: New::Children {
                    added,
                    comma: one_stays,
                },
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
            new: New::Value(""),
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
        match &self.new {
            New::Value(value) => value.len(),
            New::Children { added, comma } => {
                let commas = added.len().saturating_sub(1) + usize::from(*comma);
                let child = |(key, value): &Child<'_>| {
                    let key = key.map_or(0, |key| key.len() + 1);
                    key + value.len()
                };
                commas + added.iter().map(child).sum::<usize>()
            }
        }
    }

    fn write_to(&self, out: &mut String) {
        match &self.new {
            New::Value(value) => out.push_str(value),
            New::Children { added, comma } => {
                let mut comma = *comma;
                for (key, value) in added {
                    if std::mem::replace(&mut comma, true) {
                        out.push(',');
                    }
                    if let Some(key) = key {
                        out.push_str(key);
                        out.push(':');
                    }
                    out.push_str(value);
                }
            }
        }
    }
}
