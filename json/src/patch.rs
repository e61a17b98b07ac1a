//! JSON patches (RFC 6902).

use crate::{
    check::{Kind, check},
    equal::equal,
    operation::{Action, Operation, Verb},
    patch_error::{Obstacle, PatchError, Stop},
    path::shortened,
    pointer::Pointer,
    scan::Elements,
    tree::{Text, Tree},
    work::Budget,
};

/// Applies a JSON patch (RFC 6902): all of its operations, or none.
///
/// The work is bounded by a multiple of the two sizes, and the result is at most
/// about three times as long as the two texts together, and 128 KiB.
///
/// # Errors
/// [`PatchError`], whose message names the operation and the place.
pub fn json_patch(target: &str, patch: &str) -> Result<String, PatchError> {
    check(target)?;
    let operations = operations(patch)?;
    let mut target = Target {
        tree: Tree::Leaf(Text::Source(target)),
        budget: Budget::for_patch(target, patch),
    };
    for (index, operation) in operations.enumerate() {
        let operation = operation?;
        let verb = operation.action.verb();
        target
            .apply(operation)
            .map_err(|(pointer, stop)| match stop {
                Stop::Exhausted => PatchError::too_much_work(&target.budget),
                Stop::Obstacle(obstacle) => inapplicable(index, verb, &pointer, obstacle),
            })?;
    }
    Ok(target.tree.json().into_owned())
}

/// The operations of a JSON patch. Each is parsed when it is its turn, so that only
/// one is in memory at a time.
pub(crate) fn operations(
    patch: &str,
) -> Result<impl Iterator<Item = Result<Operation<'_>, PatchError>>, PatchError> {
    if check(patch)? != Kind::Array {
        return Err(PatchError::NotAPatch {
            index: None,
            reason: "a JSON patch is an array of operations",
        });
    }
    let operations = Elements::of(patch).enumerate();
    Ok(operations.map(|(index, json)| {
        Operation::parse(json.text).map_err(|reason| PatchError::NotAPatch {
            index: Some(index),
            reason,
        })
    }))
}

/// How many units a copied byte costs. It bounds how much a patch can make a text
/// grow, because everything else in the result was in one of the two texts.
const COPIED_BYTE: usize = 8;

/// The text that is patched and the work that may still be done on it.
struct Target<'a> {
    tree: Tree<'a>,
    budget: Budget,
}

impl<'a> Target<'a> {
    /// Applies one operation, or tells which pointer was the trouble.
    fn apply(&mut self, operation: Operation<'a>) -> Result<(), (Pointer, Stop)> {
        let Operation { path, action } = operation;
        let (trouble, result) = match action {
            Action::Add(value) => (None, self.add(&path, Text::Given(value))),
            Action::Remove => (None, self.take(&path).map(drop)),
            Action::Replace(value) => (None, self.replace(&path, value)),
            Action::Test(value) => (None, self.test(&path, value)),
            Action::Move(from) if from == path => (None, self.at(&path).map(drop)),
            Action::Move(from) if from.encloses(&path) => (None, Err(Obstacle::IntoItself.into())),
            Action::Move(from) => match self.cut(&from) {
                Ok(value) => (None, self.add(&path, value)),
                Err(stop) => (Some(from), Err(stop)),
            },
            Action::Copy(from) => match self.copy(&from) {
                Ok(value) => (None, self.add(&path, value)),
                Err(stop) => (Some(from), Err(stop)),
            },
        };
        result.map_err(|stop| (trouble.unwrap_or(path), stop))
    }

    fn at(&mut self, place: &Pointer) -> Result<&mut Tree<'a>, Stop> {
        let found = self.tree.at(place, &mut self.budget)?;
        Ok(found.ok_or(Obstacle::NotThere)?)
    }

    fn add(&mut self, path: &Pointer, value: Text<'a>) -> Result<(), Stop> {
        match path.split_last() {
            None => self.tree = Tree::Leaf(value.into_new()),
            Some((parent, token)) => {
                let parent = self.tree.at(&parent, &mut self.budget)?;
                let parent = parent.ok_or(Obstacle::NotThere)?;
                parent.insert(&token, value, &mut self.budget)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, path: &Pointer) -> Result<Tree<'a>, Stop> {
        let (parent, token) = path.split_last().ok_or(Obstacle::WholeDocument)?;
        let parent = self.tree.at(&parent, &mut self.budget)?;
        let parent = parent.ok_or(Obstacle::NotThere)?;
        parent.remove(&token, &mut self.budget)
    }

    /// Takes a value away, as text, so that no tree grows deeper than pointers are.
    fn cut(&mut self, path: &Pointer) -> Result<Text<'a>, Stop> {
        let taken = self.take(path)?;
        Ok(taken.to_text(&mut self.budget)?)
    }

    fn replace(&mut self, path: &Pointer, value: &'a str) -> Result<(), Stop> {
        *self.at(path)? = Tree::Leaf(Text::Given(value));
        Ok(())
    }

    fn copy(&mut self, from: &Pointer) -> Result<Text<'a>, Stop> {
        let found = self.tree.at(from, &mut self.budget)?;
        let found = found.ok_or(Obstacle::NotThere)?;
        let text = found.to_text(&mut self.budget)?;
        let cost = text.as_str().len().saturating_mul(COPIED_BYTE);
        self.budget.spend(cost)?;
        Ok(text)
    }

    fn test(&mut self, path: &Pointer, expected: &str) -> Result<(), Stop> {
        let found = self.tree.at(path, &mut self.budget)?;
        let found = found.ok_or(Obstacle::NotThere)?;
        let found = found.json_within(&mut self.budget)?;
        if equal(&found, expected, &mut self.budget)? {
            Ok(())
        } else {
            Err(Obstacle::Different.into())
        }
    }
}

fn inapplicable(index: usize, verb: Verb, pointer: &Pointer, obstacle: Obstacle) -> PatchError {
    PatchError::Inapplicable {
        index,
        verb,
        pointer: shortened(pointer.as_str()),
        obstacle,
    }
}
