//! Reading and editing a document.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    check::{Kind, NotJson, check},
    key,
    level::Level,
    patch_error::{Obstacle, Stop},
    pointer::{Pointer, array_index},
    tree::{Inside, Text, Tree},
    work::{Budget, Exhausted},
};

/// A JSON text that can be edited, and keeps its bytes where it is not.
///
/// ```
/// use retort_json::{Document, Pointer};
///
/// let mut document = Document::parse(r#"{"price": 1.50, "text":"Hello."}"#)?;
/// if let Some(mut text) = document.get_mut(&Pointer::parse("/text")?) {
///     text.set("Bye.")?;
/// }
/// assert_eq!(document.json(), r#"{"price":1.50,"text":"Bye."}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Document<'a> {
    tree: Tree<'a>,
}

/// A place in a [`Document`] that can be edited.
#[derive(Debug)]
pub struct Node<'d, 'a> {
    tree: &'d mut Tree<'a>,
}

/// A value of a [`Document`] that can be read.
#[derive(Clone, Debug)]
pub struct Part<'d> {
    json: Cow<'d, str>,
}

/// Why an edit was not made.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The place does not allow it.
    #[error("at {pointer:?}: {obstacle}")]
    Place {
        /// The place, from where the edit was asked for.
        pointer: String,
        /// What is in the way there.
        obstacle: Obstacle,
    },
    /// The new value cannot be written as JSON.
    #[error("the new value cannot be written as JSON")]
    Value(#[source] serde_json::Error),
}

impl<'a> Document<'a> {
    /// Takes a text, after checking that it is JSON.
    ///
    /// # Errors
    /// [`NotJson`] with the place where it is not.
    pub fn parse(json: &'a str) -> Result<Self, NotJson> {
        check(json)?;
        Ok(Self::of_checked(json))
    }

    /// Takes a text that somebody else has checked already, and saves the pass over
    /// it. If it is not JSON after all, what is broken reads as not there or as
    /// something else, and the text that comes out is broken as well; nothing worse
    /// happens.
    pub fn of_checked(json: &'a str) -> Self {
        let tree = Tree::Leaf(Text::Source(json));
        Self { tree }
    }

    /// The document as it is now: the very text it was parsed from, borrowed, if
    /// nothing was changed.
    pub fn json(&self) -> Cow<'_, str> {
        self.tree.json()
    }

    /// The document as it is now if something was changed, be it to the same value.
    pub fn changed(&self) -> Option<Cow<'_, str>> {
        let json = self.tree.json();
        (matches!(json, Cow::Owned(_)) || self.tree.is_new()).then_some(json)
    }

    /// The kind of the whole document.
    pub fn kind(&self) -> Kind {
        self.tree.kind()
    }

    /// The value at a place, for reading; nothing where there is none.
    pub fn get(&self, pointer: &Pointer) -> Option<Part<'_>> {
        get(&self.tree, pointer)
    }

    /// The value at a place, for editing; nothing where there is none.
    pub fn get_mut(&mut self, pointer: &Pointer) -> Option<Node<'_, 'a>> {
        self.root().into_descendant(pointer)
    }

    /// The whole document, for editing.
    pub fn root(&mut self) -> Node<'_, 'a> {
        Node {
            tree: &mut self.tree,
        }
    }
}

impl fmt::Display for Document<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.json())
    }
}

impl<'d, 'a> Node<'d, 'a> {
    /// The kind of value that is here.
    pub fn kind(&self) -> Kind {
        self.tree.kind()
    }

    /// The value here, for reading.
    pub fn part(&self) -> Part<'_> {
        let json = self.tree.json();
        Part { json }
    }

    /// The value at a place below this one, for reading; nothing where there is none.
    pub fn get(&self, pointer: &Pointer) -> Option<Part<'_>> {
        get(self.tree, pointer)
    }

    /// The value at a place below this one, for editing; nothing where there is none.
    pub fn get_mut(&mut self, pointer: &Pointer) -> Option<Node<'_, 'a>> {
        Node { tree: self.tree }.into_descendant(pointer)
    }

    /// Goes to a place below this one; nothing where there is none.
    pub fn into_descendant(self, pointer: &Pointer) -> Option<Self> {
        let found = self.tree.at(pointer, &mut Budget::unlimited());
        let tree = found.ok().flatten()?;
        Some(Self { tree })
    }

    /// The member of an object with this key, for editing.
    pub fn member(&mut self, key: &str) -> Option<Node<'_, 'a>> {
        Node { tree: self.tree }.into_member(key)
    }

    /// Goes to the member of an object with this key.
    pub fn into_member(self, key: &str) -> Option<Self> {
        let inside = inside(self.tree)?;
        let is_object = matches!(inside, Inside::Object(_));
        let tree = is_object.then(|| inside.find_mut(key)).flatten()?;
        Some(Self { tree })
    }

    /// The elements of an array, in order; none for every other kind.
    pub fn elements(self) -> impl Iterator<Item = Self> {
        let elements = match inside(self.tree) {
            Some(Inside::Array(elements)) => elements.as_mut_slice(),
            Some(Inside::Object(_)) | None => &mut [],
        };
        elements.iter_mut().map(|tree| Self { tree })
    }

    /// The members of an object, in order, duplicates and all; none for every other
    /// kind. A key's half surrogate pairs are U+FFFD here.
    pub fn members(self) -> impl Iterator<Item = (Cow<'d, str>, Self)> {
        let members = match inside(self.tree) {
            Some(Inside::Object(members)) => members.as_mut_slice(),
            Some(Inside::Array(_)) | None => &mut [],
        };
        members.iter_mut().map(|member| {
            let key = key::decode_lossy(&member.key.quoted);
            (
                key,
                Self {
                    tree: &mut member.value,
                },
            )
        })
    }

    /// Puts another value here.
    ///
    /// # Errors
    /// [`EditError::Value`] if it cannot be written as JSON.
    pub fn set<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EditError> {
        *self.tree = Tree::Leaf(write(value)?);
        Ok(())
    }

    /// Puts a value at a place below this one, as RFC 6902's `add` does: a member is
    /// appended or gets another value, an element is inserted before the one with
    /// that index, or at the end for `-`.
    ///
    /// # Errors
    /// [`EditError::Place`] if its parent is not there or cannot have such a child,
    /// [`EditError::Value`] if it cannot be written as JSON.
    pub fn insert<T: Serialize + ?Sized>(
        &mut self,
        pointer: &Pointer,
        value: &T,
    ) -> Result<(), EditError> {
        let text = write(value)?;
        let Some((parent, token)) = pointer.split_last() else {
            *self.tree = Tree::Leaf(text);
            return Ok(());
        };
        let budget = &mut Budget::unlimited();
        let inserted = match self.tree.at(&parent, budget) {
            Ok(Some(parent)) => parent.insert(&token, text, budget),
            Ok(None) => Err(Obstacle::NotThere.into()),
            Err(Exhausted) => Err(Stop::Exhausted),
        };
        inserted.or_else(|stop| match stop {
            Stop::Obstacle(obstacle) => Err(EditError::Place {
                pointer: pointer.to_string(),
                obstacle,
            }),
            // Not with an unlimited budget.
            Stop::Exhausted => Ok(()),
        })
    }

    /// Removes the value at a place below this one, and says whether there was one.
    /// All members with the same key go together.
    pub fn remove(&mut self, pointer: &Pointer) -> bool {
        let budget = &mut Budget::unlimited();
        let Some((parent, token)) = pointer.split_last() else {
            return false;
        };
        match self.tree.at(&parent, budget) {
            Ok(Some(parent)) => parent.remove(&token, budget).is_ok(),
            Ok(None) | Err(Exhausted) => false,
        }
    }
}

impl Part<'_> {
    /// The value's text.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The kind of value.
    pub fn kind(&self) -> Kind {
        Kind::of(&self.json)
    }

    /// The value as any type, which may borrow from the document.
    ///
    /// # Errors
    /// serde_json's, if the value is not one of that type. Its message may quote
    /// the value.
    pub fn read<'p, T: Deserialize<'p>>(&'p self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.json)
    }

    /// A string's characters; nothing for every other kind. An unpaired half of a
    /// surrogate pair, which JSON can write and Rust cannot, is U+FFFD here.
    pub fn string(&self) -> Option<Cow<'_, str>> {
        (self.kind() == Kind::String).then(|| key::decode_lossy(&self.json))
    }
}

fn write<T: Serialize + ?Sized>(value: &T) -> Result<Text<'static>, EditError> {
    let json = serde_json::to_string(value).map_err(EditError::Value)?;
    Ok(Text::Written(json.into()))
}

fn inside<'t, 'a>(tree: &'t mut Tree<'a>) -> Option<&'t mut Inside<'a>> {
    let open = tree.open(&mut Budget::unlimited()).ok().flatten()?;
    Some(&mut open.inside)
}

/// Finds a value without opening anything: what is opened already is followed,
/// what is still text is searched.
fn get<'d>(mut tree: &'d Tree<'_>, pointer: &Pointer) -> Option<Part<'d>> {
    let mut tokens = pointer.tokens();
    loop {
        let (token, open) = match (tokens.next(), tree) {
            (None, tree) => return Some(Part { json: tree.json() }),
            (Some(token), Tree::Open(open)) => (token, open),
            (Some(token), Tree::Leaf(text)) => {
                let mut json = child(text.as_str(), &token)?;
                for token in tokens {
                    json = child(json, &token)?;
                }
                let json = Cow::Borrowed(json);
                return Some(Part { json });
            }
        };
        tree = open.inside.find(&token)?;
    }
}

fn child<'t>(json: &'t str, token: &str) -> Option<&'t str> {
    match Level::of(json)? {
        Level::Array(elements) => elements.get(array_index(token)?).copied(),
        Level::Object(members) => {
            let mut from_last = members.into_iter().rev();
            let found = from_last.find(|(key, _)| *key::decode(key) == *token.as_bytes());
            found.map(|(_, value)| value)
        }
    }
}
