//! Changes of entries within one transaction, with what they count.

use super::super::seal::{self, Name, Scope};
use super::super::{Error, Write, cost, now};
use super::tables::{ALL, ENTRIES, EXPIRIES, USED, entry, expires, expiry, name, within};
use super::writer::Change;
use redb::{ReadableTable, Table, WriteTransaction};

/// The tables in one transaction.
pub(super) struct Tables<'t> {
    entries: Table<'t, &'static [u8], &'static [u8]>,
    pub(super) expiries: Table<'t, &'static [u8], ()>,
    used: Table<'t, &'static [u8], u64>,
    size: u64,
}

impl<'t> Tables<'t> {
    pub(super) fn open(transaction: &'t WriteTransaction, size: u64) -> Result<Self, redb::Error> {
        Ok(Self {
            entries: transaction.open_table(ENTRIES)?,
            expiries: transaction.open_table(EXPIRIES)?,
            used: transaction.open_table(USED)?,
            size,
        })
    }

    /// The outer error is the file's and ends the transaction; the inner is the change's,
    /// which then has changed nothing.
    pub(super) fn apply(&mut self, change: &Change) -> Result<Result<(), Error>, redb::Error> {
        match change {
            Change::Set(write) => self.set(write),
            Change::Delete { scope, names } => {
                for name in names {
                    self.remove(*scope, name)?;
                }
                Ok(Ok(()))
            }
        }
    }

    fn set(&mut self, write: &Write) -> Result<Result<(), Error>, redb::Error> {
        let scope = write.scope;
        let (new, now) = (cost(write.record.len()), now());
        let quota = Error::QuotaUsedUp { limit: write.quota };
        // The file's own limit is looked at second: the quota's error says more.
        for (whose, limit, error) in [
            (scope.0.as_slice(), write.quota, quota),
            (ALL, self.size, Error::StoreFull),
        ] {
            // What has expired does not count.
            while self.with(whose, self.cost(scope, &write.names)?, new)? > limit {
                if !self.remove_expired(scope, now)? {
                    return Ok(Err(error));
                }
            }
        }
        for name in &write.names {
            self.remove(scope, name)?;
        }
        let Some(name) = write.names.first() else {
            return Ok(Ok(()));
        };
        self.entries
            .insert(entry(scope, name).as_slice(), write.record.as_slice())?;
        self.expiries
            .insert(expiry(scope, write.expiry, name).as_slice(), ())?;
        self.count(scope, 0, new)?;
        Ok(Ok(()))
    }

    /// What is under these names now.
    fn cost(&self, scope: Scope, names: &[Name]) -> Result<u64, redb::Error> {
        let mut sum = 0;
        for name in names {
            let record = self.entries.get(entry(scope, name).as_slice())?;
            sum += record.map_or(0, |record| cost(record.value().len()));
        }
        Ok(sum)
    }

    /// What a scope, or all of them, would count after a change.
    fn with(&self, whose: &[u8], old: u64, new: u64) -> Result<u64, redb::Error> {
        let used = self.used.get(whose)?.map_or(0, |used| used.value());
        Ok(used.saturating_sub(old).saturating_add(new))
    }

    fn count(&mut self, scope: Scope, old: u64, new: u64) -> Result<(), redb::Error> {
        for whose in [scope.0.as_slice(), ALL] {
            match self.with(whose, old, new)? {
                0 => drop(self.used.remove(whose)?),
                used => drop(self.used.insert(whose, used)?),
            }
        }
        Ok(())
    }

    /// Removes what a scope has under a name.
    fn remove(&mut self, scope: Scope, name: &Name) -> Result<(), redb::Error> {
        let record = self.entries.remove(entry(scope, name).as_slice())?;
        let removed = record.map(|record| {
            let record = record.value();
            (seal::expiry(record).unwrap_or(0), cost(record.len()))
        });
        if let Some((expires, cost)) = removed {
            self.expiries
                .remove(expiry(scope, expires, name).as_slice())?;
            self.count(scope, cost, 0)?;
        }
        Ok(())
    }

    /// Removes the entry of a scope that expired first, if one has.
    fn remove_expired(&mut self, scope: Scope, now: u64) -> Result<bool, redb::Error> {
        let first = {
            let mut range = self.expiries.range::<&[u8]>(within(scope, 0).as_bounds())?;
            range
                .next()
                .transpose()?
                .map(|(key, _)| key.value().to_vec())
        };
        match first.and_then(|key| Some((expires(&key)?.1, key))) {
            Some((expiry, key)) if expiry <= now => {
                self.remove_by(scope, &key)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Removes the entry that a key of the index of expiries stands for, and the key.
    pub(super) fn remove_by(&mut self, scope: Scope, key: &[u8]) -> Result<(), redb::Error> {
        self.remove(scope, &name(key))?;
        self.expiries.remove(key)?;
        Ok(())
    }
}
