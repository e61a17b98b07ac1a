//! JSON merge patches (RFC 7396).

use std::{
    borrow::Cow,
    collections::{HashMap, hash_map::Entry},
};

use crate::{
    check::{Kind, check},
    key,
    level::Level,
    patch_error::PatchError,
    tree::{Inside, Open, Text, Tree},
    work::{Budget, Exhausted},
};

/// Applies a JSON merge patch (RFC 7396).
///
/// The work is bounded by a multiple of the two sizes.
///
/// # Errors
/// [`PatchError`]; of its variants never [`PatchError::Inapplicable`], because
/// every JSON value is a merge patch for every other, unless its objects are
/// nested more than 128 levels deep.
pub fn merge_patch(target: &str, patch: &str) -> Result<String, PatchError> {
    check(target)?;
    if check(patch)? != Kind::Object {
        return Ok(patch.to_owned());
    }
    let mut budget = Budget::for_patch(target, patch);
    let mut tree = Tree::Leaf(Text::Source(target));
    merge(&mut tree, patch, MAX_LEVELS, &mut budget).map_err(|stop| match stop {
        Stop::Exhausted => PatchError::too_much_work(&budget),
        Stop::TooDeep => PatchError::NotAPatch {
            index: None,
            reason: "the objects of a merge patch are nested at most 128 levels deep",
        },
    })?;
    Ok(tree.json().into_owned())
}

/// How deep the objects of a patch may be nested, since merging recurses.
const MAX_LEVELS: usize = 128;

enum Stop {
    TooDeep,
    Exhausted,
}

impl From<Exhausted> for Stop {
    fn from(_: Exhausted) -> Self {
        Self::Exhausted
    }
}

/// What a patch says of one key.
struct Change<'a> {
    /// The key's text, with its quotes.
    quoted: &'a str,
    value: &'a str,
    /// Its place among the patch's members, which new members keep.
    order: usize,
    applied: bool,
}

/// By the characters of their keys.
type Changes<'a> = HashMap<Cow<'a, [u8]>, Change<'a>>;

/// Merges an object into whatever is there.
fn merge<'a>(
    tree: &mut Tree<'a>,
    patch: &'a str,
    levels: usize,
    budget: &mut Budget,
) -> Result<(), Stop> {
    let levels = levels.checked_sub(1).ok_or(Stop::TooDeep)?;
    let mut changes = changes(patch, budget)?;
    if tree.kind() != Kind::Object {
        *tree = Tree::Leaf(Text::Given("{}"));
    }
    let Some(open) = tree.open(budget)? else {
        return Ok(());
    };
    change_members(open, &mut changes, levels, budget)?;
    if changes.values().any(Change::removes) {
        budget.spend_on(open.inside.len())?;
        remove_members(open, &changes);
    }
    add_members(open, changes, levels, budget)
}

/// The members of a patch; of those with the same key, the last.
fn changes<'a>(patch: &'a str, budget: &mut Budget) -> Result<Changes<'a>, Exhausted> {
    // Several entries' worth for each change: it is hashed, ordered and applied.
    const ENTRIES: usize = 4;
    budget.spend_on_splitting(patch)?;
    let mut changes = Changes::new();
    if let Some(Level::Object(members)) = Level::of(patch) {
        budget.spend_on(members.len().saturating_mul(ENTRIES))?;
        changes.reserve(members.len());
        for (order, (quoted, value)) in members.into_iter().enumerate() {
            let change = Change {
                quoted,
                value,
                order,
                applied: false,
            };
            match changes.entry(key::decode(quoted)) {
                Entry::Vacant(entry) => drop(entry.insert(change)),
                // A later duplicate counts, at the place of the first.
                Entry::Occupied(mut entry) => entry.get_mut().value = value,
            }
        }
    }
    Ok(changes)
}

fn change_members<'a>(
    open: &mut Open<'a>,
    changes: &mut Changes<'a>,
    levels: usize,
    budget: &mut Budget,
) -> Result<(), Stop> {
    let Inside::Object(members) = &mut open.inside else {
        return Ok(());
    };
    budget.spend_on(members.len())?;
    // From the last, because of members with the same key it is the last that counts.
    for member in members.iter_mut().rev() {
        let Some(change) = changes.get_mut(member.key.bytes()) else {
            continue;
        };
        if change.removes() || change.applied {
            continue;
        }
        change.applied = true;
        match Kind::of(change.value) {
            Kind::Object => merge(&mut member.value, change.value, levels, budget)?,
            _ => member.value = Tree::Leaf(Text::Given(change.value)),
        }
    }
    Ok(())
}

fn remove_members(open: &mut Open<'_>, changes: &Changes<'_>) {
    let Inside::Object(members) = &mut open.inside else {
        return;
    };
    let before = members.len();
    members.retain(|member| {
        let change = changes.get(member.key.bytes());
        !change.is_some_and(Change::removes)
    });
    open.reshaped |= members.len() < before;
}

fn add_members<'a>(
    open: &mut Open<'a>,
    changes: Changes<'a>,
    levels: usize,
    budget: &mut Budget,
) -> Result<(), Stop> {
    let is_new = |change: &Change<'_>| !change.applied && !change.removes();
    let mut new: Vec<_> = changes.into_values().filter(is_new).collect();
    new.sort_by_key(|change| change.order);
    for change in new {
        let mut value = Tree::Leaf(Text::Given(change.value));
        if Kind::of(change.value) == Kind::Object {
            // Merged into nothing, so that the nulls inside go away.
            value = Tree::Leaf(Text::Given("{}"));
            merge(&mut value, change.value, levels, budget)?;
        }
        open.push_member(Cow::Borrowed(change.quoted), value);
    }
    Ok(())
}

impl Change<'_> {
    fn removes(&self) -> bool {
        Kind::of(self.value) == Kind::Null
    }
}
