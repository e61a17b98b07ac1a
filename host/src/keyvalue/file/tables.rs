//! The tables of the file, and how their keys are made.

use super::super::seal::{Name, Scope};
use redb::TableDefinition;
use std::ops::Bound;

/// A scope and a name, to a record.
pub(super) const ENTRIES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("entries");

/// A scope, an expiry and a name, to nothing: what expires next comes first.
pub(super) const EXPIRIES: TableDefinition<'_, &[u8], ()> = TableDefinition::new("expiries");

/// A scope, to what its entries count, in bytes. The empty key has the sum of all.
pub(super) const USED: TableDefinition<'_, &[u8], u64> = TableDefinition::new("used");

/// The key of the sum in [`USED`].
pub(super) const ALL: &[u8] = &[];

/// The identities of the secrets that entries have been sealed with.
pub(super) const SECRETS: TableDefinition<'_, &[u8], ()> = TableDefinition::new("secrets");

/// The length of a scope, and of a name.
const PART: usize = 16;

/// A key of [`ENTRIES`].
pub(super) fn entry(scope: Scope, name: &Name) -> Vec<u8> {
    [scope.0, *name].concat()
}

/// The name in a key of [`ENTRIES`] or [`EXPIRIES`], at whose end it is.
pub(super) fn name(key: &[u8]) -> Name {
    key.last_chunk().copied().unwrap_or_default()
}

/// A key of [`EXPIRIES`].
pub(super) fn expiry(scope: Scope, expiry: u64, name: &Name) -> Vec<u8> {
    let parts: [&[u8]; 3] = [&scope.0, &expiry.to_be_bytes(), name];
    parts.concat()
}

/// The scope and the expiry in a key of [`EXPIRIES`].
pub(super) fn expires(key: &[u8]) -> Option<(Scope, u64)> {
    let (scope, rest) = key.split_first_chunk::<PART>()?;
    let expiry = rest.first_chunk()?;
    Some((Scope(*scope), u64::from_be_bytes(*expiry)))
}

/// A range of keys with its owner.
pub(super) struct Range(Bound<Vec<u8>>, Bound<Vec<u8>>);

impl Range {
    pub(super) fn as_bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        let Self(from, to) = self;
        (
            from.as_ref().map(Vec::as_slice),
            to.as_ref().map(Vec::as_slice),
        )
    }
}

/// The keys of a scope from this number on, which is a name's beginning or an expiry.
pub(super) fn within(scope: Scope, from: u64) -> Range {
    let start: [&[u8]; 2] = [&scope.0, &from.to_be_bytes()];
    Range(Bound::Included(start.concat()), after(scope))
}

/// The keys of a scope, and of all after it.
pub(super) fn onward(scope: Scope) -> Range {
    Range(Bound::Included(scope.0.to_vec()), Bound::Unbounded)
}

/// The end of a scope's keys.
fn after(scope: Scope) -> Bound<Vec<u8>> {
    next(scope).map_or(Bound::Unbounded, |next| Bound::Excluded(next.0.to_vec()))
}

/// The scope that follows, if this is not the last of all.
pub(super) fn next(scope: Scope) -> Option<Scope> {
    let number = u128::from_be_bytes(scope.0).checked_add(1)?;
    Some(Scope(number.to_be_bytes()))
}
