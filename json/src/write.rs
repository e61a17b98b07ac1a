//! Writing a tree: what was not changed as it was read, the rest compactly.

use std::{borrow::Cow, convert::Infallible};

use crate::{
    check::WHITE_SPACE,
    tree::{Inside, Member, Open, Text, Tree},
    work::{Budget, Exhausted},
};

impl<'a> Tree<'a> {
    /// The text of this value, borrowed if nothing in it was changed.
    pub(crate) fn json(&self) -> Cow<'_, str> {
        let Ok(json) = self.written(|_, _| Ok::<(), Infallible>(()));
        json
    }

    /// The same for somebody who pays for each part before it is written.
    pub(crate) fn json_within(&self, budget: &mut Budget) -> Result<Cow<'_, str>, Exhausted> {
        self.written(|entries, bytes| {
            budget.spend_on(entries)?;
            budget.spend(bytes)
        })
    }

    /// Tells `spend` of the entries and bytes before they are written, but not of a
    /// text that is there already.
    fn written<E>(
        &self,
        spend: impl FnMut(usize, usize) -> Result<(), E>,
    ) -> Result<Cow<'_, str>, E> {
        Ok(match self {
            Self::Leaf(text) => Cow::Borrowed(text.as_str()),
            Self::Open(open) => {
                let mut out = String::new();
                if write(open, &mut out, spend)? {
                    Cow::Owned(out)
                } else {
                    Cow::Borrowed(open.source.as_str())
                }
            }
        })
    }

    /// The text of this value for use at another place, without the white space
    /// that may stand around a whole document.
    pub(crate) fn to_text(&self, budget: &mut Budget) -> Result<Text<'a>, Exhausted> {
        let json = self.json_within(budget)?;
        budget.spend(json.len())?;
        Ok(match self {
            Self::Leaf(Text::Source(text) | Text::Given(text)) => {
                Text::Given(text.trim_matches(WHITE_SPACE))
            }
            _ => Text::Written(json.trim_matches(WHITE_SPACE).into()),
        })
    }
}

/// Writes a container and says whether anything in it was changed. Opened levels are
/// kept on a list rather than on the stack.
fn write<'t, E>(
    open: &'t Open<'t>,
    out: &mut String,
    mut spend: impl FnMut(usize, usize) -> Result<(), E>,
) -> Result<bool, E> {
    let mut levels = vec![Written::begin(open, out, &mut spend)?];
    loop {
        let Some(level) = levels.last_mut() else {
            return Ok(false);
        };
        if let Some((key, child)) = level.children.next() {
            if !std::mem::take(&mut level.first) {
                out.push(',');
            }
            if let Some(quoted) = key {
                spend(0, quoted.len())?;
                out.push_str(quoted);
                out.push(':');
            }
            match child {
                Tree::Leaf(text) => {
                    spend(0, text.as_str().len())?;
                    out.push_str(text.as_str());
                    level.changed |= text.is_new();
                }
                Tree::Open(open) => levels.push(Written::begin(open, out, &mut spend)?),
            }
            continue;
        }
        let changed = level.end(out);
        let moved = level.open.source.is_new();
        levels.pop();
        match levels.last_mut() {
            Some(parent) => parent.changed |= changed || moved,
            None => return Ok(changed),
        }
    }
}

/// A container of which the children before `children` are written.
struct Written<'t> {
    open: &'t Open<'t>,
    children: Children<'t>,
    /// Where its text begins in the output.
    start: usize,
    first: bool,
    changed: bool,
}

impl<'t> Written<'t> {
    fn begin<E>(
        open: &'t Open<'t>,
        out: &mut String,
        spend: &mut impl FnMut(usize, usize) -> Result<(), E>,
    ) -> Result<Self, E> {
        // The source as well, since that is what is written if nothing was changed.
        spend(open.inside.len(), open.source.as_str().len())?;
        let start = out.len();
        let children = match &open.inside {
            Inside::Array(elements) => {
                out.push('[');
                Children::Elements(elements.iter())
            }
            Inside::Object(members) => {
                out.push('{');
                Children::Members(members.iter())
            }
        };
        Ok(Self {
            open,
            children,
            start,
            first: true,
            changed: open.reshaped,
        })
    }

    /// Finishes the text, or puts the original back if that is what it is.
    fn end(&self, out: &mut String) -> bool {
        if self.changed {
            out.push(match self.open.inside {
                Inside::Array(_) => ']',
                Inside::Object(_) => '}',
            });
        } else {
            out.truncate(self.start);
            out.push_str(self.open.source.as_str());
        }
        self.changed
    }
}

enum Children<'t> {
    Elements(std::slice::Iter<'t, Tree<'t>>),
    Members(std::slice::Iter<'t, Member<'t>>),
}

impl<'t> Iterator for Children<'t> {
    type Item = (Option<&'t str>, &'t Tree<'t>);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Elements(elements) => Some((None, elements.next()?)),
            Self::Members(members) => {
                let Member { key, value } = members.next()?;
                Some((Some(&key.quoted), value))
            }
        }
    }
}
