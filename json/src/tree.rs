//! The tree behind a document: text below, opened containers above.

use std::{borrow::Cow, mem};

use crate::{
    check::Kind,
    key,
    level::Level,
    patch_error::{Obstacle, Stop},
    pointer::{Pointer, array_index},
    work::{Budget, Exhausted},
};

/// A value: text that nobody has looked into, or an opened object or array.
#[derive(Debug)]
pub(crate) enum Tree<'a> {
    Leaf(Text<'a>),
    Open(Box<Open<'a>>),
}

/// The text of one JSON value, and where it comes from.
#[derive(Debug)]
pub(crate) enum Text<'a> {
    /// It stands at this place of the document that was read.
    Source(&'a str),
    /// The same, in a container whose text is owned.
    Copied(Box<str>),
    /// It was put here, and somebody else keeps it.
    Given(&'a str),
    /// It was put here.
    Written(Box<str>),
}

/// An object or array that somebody has looked into.
#[derive(Debug)]
pub(crate) struct Open<'a> {
    /// The text it was opened from, written again if nothing inside is new.
    pub(crate) source: Text<'a>,
    /// Whether children were added or removed. Children that were replaced show
    /// by themselves that they are new.
    pub(crate) reshaped: bool,
    pub(crate) inside: Inside<'a>,
}

#[derive(Debug)]
pub(crate) enum Inside<'a> {
    Array(Vec<Tree<'a>>),
    Object(Vec<Member<'a>>),
}

/// A member of an object.
#[derive(Debug)]
pub(crate) struct Member<'a> {
    pub(crate) key: Key<'a>,
    pub(crate) value: Tree<'a>,
}

/// An object's key: its text with the quotes and, where an escape makes them
/// differ, its characters.
#[derive(Debug)]
pub(crate) struct Key<'a> {
    pub(crate) quoted: Cow<'a, str>,
    decoded: Option<Box<[u8]>>,
}

impl<'a> Tree<'a> {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Leaf(text) => Kind::of(text.as_str()),
            Self::Open(open) => match open.inside {
                Inside::Array(_) => Kind::Array,
                Inside::Object(_) => Kind::Object,
            },
        }
    }

    /// Whether it was put where it is, rather than read there.
    pub(crate) fn is_new(&self) -> bool {
        match self {
            Self::Leaf(text) => text.is_new(),
            Self::Open(open) => open.source.is_new(),
        }
    }

    /// Opens an object or array; nothing for every other kind.
    pub(crate) fn open(&mut self, budget: &mut Budget) -> Result<Option<&mut Open<'a>>, Exhausted> {
        if let Self::Leaf(text) = self {
            budget.spend_on_splitting(text.as_str())?;
            let inside = match text {
                Text::Source(json) | Text::Given(json) => {
                    Inside::split(json, Text::Source, Cow::Borrowed)
                }
                Text::Copied(json) | Text::Written(json) => Inside::split(
                    json,
                    |part| Text::Copied(part.into()),
                    |key| Cow::Owned(key.to_owned()),
                ),
            };
            if let Some(inside) = inside {
                *self = Self::Open(Box::new(Open {
                    source: mem::replace(text, Text::Given("null")),
                    reshaped: false,
                    inside,
                }));
            }
        }
        Ok(match self {
            Self::Open(open) => Some(open),
            Self::Leaf(_) => None,
        })
    }

    /// The value at a place below this one.
    pub(crate) fn at(
        &mut self,
        pointer: &Pointer,
        budget: &mut Budget,
    ) -> Result<Option<&mut Self>, Exhausted> {
        let mut tree = self;
        for token in pointer.tokens() {
            let Some(open) = tree.open(budget)? else {
                return Ok(None);
            };
            budget.spend_on(open.inside.passed_in_finding(&token))?;
            match open.inside.find_mut(&token) {
                Some(child) => tree = child,
                None => return Ok(None),
            }
        }
        Ok(Some(tree))
    }

    /// Adds `text` as RFC 6902's `add` does: a new member or another value for the
    /// member that there is, or an element before the one at the index.
    pub(crate) fn insert(
        &mut self,
        token: &str,
        text: Text<'a>,
        budget: &mut Budget,
    ) -> Result<(), Stop> {
        let open = self.open(budget)?.ok_or(Obstacle::NoContainer)?;
        let new = Self::Leaf(text.into_new());
        budget.spend_on(open.inside.passed_in_finding(token))?;
        match &mut open.inside {
            Inside::Array(elements) => {
                let index = match token {
                    "-" => elements.len(),
                    _ => array_index(token).ok_or(Obstacle::NoSuchIndex)?,
                };
                let shifted = elements.len().checked_sub(index);
                budget.spend_on(shifted.ok_or(Obstacle::NoSuchIndex)?)?;
                elements.insert(index, new);
                open.reshaped = true;
            }
            Inside::Object(_) => {
                if let Some(value) = open.inside.find_mut(token) {
                    *value = new;
                } else {
                    let quoted = key::encode(token);
                    open.push_member(Cow::Owned(quoted), new);
                }
            }
        }
        Ok(())
    }

    /// Takes away the child `token`: an element, or all members with that key, of
    /// which the last one's value is returned.
    pub(crate) fn remove(&mut self, token: &str, budget: &mut Budget) -> Result<Self, Stop> {
        let open = self.open(budget)?.ok_or(Obstacle::NoContainer)?;
        budget.spend_on(open.inside.passed_in_finding(token))?;
        let removed = match &mut open.inside {
            Inside::Array(elements) => {
                let index = array_index(token).filter(|index| *index < elements.len());
                let index = index.ok_or(Obstacle::NoSuchIndex)?;
                budget.spend_on(elements.len().saturating_sub(index))?;
                elements.remove(index)
            }
            Inside::Object(members) => {
                budget.spend_on(members.len())?;
                let named = |member: &mut Member<'_>| member.key.is(token);
                let last = members.extract_if(.., named).last();
                last.ok_or(Obstacle::NotThere)?.value
            }
        };
        open.reshaped = true;
        Ok(removed)
    }
}

impl<'a> Open<'a> {
    /// Appends a member whose key is not there yet.
    pub(crate) fn push_member(&mut self, quoted: Cow<'a, str>, value: Tree<'a>) {
        if let Inside::Object(members) = &mut self.inside {
            let key = Key::new(quoted);
            members.push(Member { key, value });
            self.reshaped = true;
        }
    }

    /// Moves the children that are opened themselves to `opened`.
    fn take_opened(&mut self, opened: &mut Vec<Tree<'a>>) {
        let mut take = |tree: &mut Tree<'a>| {
            if matches!(tree, Tree::Open(_)) {
                opened.push(mem::replace(tree, Tree::Leaf(Text::Given("null"))));
            }
        };
        match &mut self.inside {
            Inside::Array(elements) => elements.iter_mut().for_each(take),
            Inside::Object(members) => members
                .iter_mut()
                .for_each(|member| take(&mut member.value)),
        }
    }
}

/// Drops level by level: the compiler's recursion would overflow the stack if
/// somebody opened thousands of levels.
impl Drop for Open<'_> {
    fn drop(&mut self) {
        let mut waiting = Vec::new();
        self.take_opened(&mut waiting);
        while let Some(mut tree) = waiting.pop() {
            if let Tree::Open(open) = &mut tree {
                open.take_opened(&mut waiting);
            }
        }
    }
}

/// How much of two keys is compared in the time in which an entry is passed over.
const COMPARED_BYTES: usize = 64;

impl<'a> Inside<'a> {
    /// How many children there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Array(elements) => elements.len(),
            Self::Object(members) => members.len(),
        }
    }

    fn split<'t>(
        json: &'t str,
        text: fn(&'t str) -> Text<'a>,
        key: fn(&'t str) -> Cow<'a, str>,
    ) -> Option<Self> {
        Some(match Level::of(json)? {
            Level::Array(elements) => {
                let leaf = |element| Tree::Leaf(text(element));
                Self::Array(elements.into_iter().map(leaf).collect())
            }
            Level::Object(members) => {
                let member = |(quoted, value)| Member {
                    key: Key::new(key(quoted)),
                    value: Tree::Leaf(text(value)),
                };
                Self::Object(members.into_iter().map(member).collect())
            }
        })
    }

    /// How many entries are passed over to find a child: an array's is at hand, an
    /// object's members are compared one after the other, and those with a key as
    /// long as the token to the end.
    fn passed_in_finding(&self, token: &str) -> usize {
        match self {
            Self::Array(_) => 1,
            Self::Object(members) => {
                let compared = token.len().div_ceil(COMPARED_BYTES);
                members.len().saturating_mul(compared.max(1))
            }
        }
    }

    pub(crate) fn find(&self, token: &str) -> Option<&Tree<'a>> {
        match self {
            Self::Array(elements) => elements.get(array_index(token)?),
            Self::Object(members) => {
                let mut from_last = members.iter().rev();
                Some(&from_last.find(|member| member.key.is(token))?.value)
            }
        }
    }

    pub(crate) fn find_mut(&mut self, token: &str) -> Option<&mut Tree<'a>> {
        match self {
            Self::Array(elements) => elements.get_mut(array_index(token)?),
            Self::Object(members) => {
                let mut from_last = members.iter_mut().rev();
                Some(&mut from_last.find(|member| member.key.is(token))?.value)
            }
        }
    }
}

impl<'a> Key<'a> {
    fn new(quoted: Cow<'a, str>) -> Self {
        let decoded = match key::decode(&quoted) {
            Cow::Borrowed(_) => None,
            Cow::Owned(bytes) => Some(bytes.into_boxed_slice()),
        };
        Self { quoted, decoded }
    }

    /// The key's characters, in WTF-8.
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.decoded {
            Some(bytes) => bytes,
            None => self.quoted.trim_matches('"').as_bytes(),
        }
    }

    fn is(&self, token: &str) -> bool {
        self.bytes() == token.as_bytes()
    }
}

impl Text<'_> {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Source(text) | Self::Given(text) => text,
            Self::Copied(text) | Self::Written(text) => text,
        }
    }

    /// Whether it was put where it is, rather than read there.
    pub(crate) fn is_new(&self) -> bool {
        matches!(self, Self::Given(_) | Self::Written(_))
    }

    /// The same text at another place.
    pub(crate) fn into_new(self) -> Self {
        match self {
            Self::Source(text) => Self::Given(text),
            Self::Copied(text) => Self::Written(text),
            new @ (Self::Given(_) | Self::Written(_)) => new,
        }
    }
}
