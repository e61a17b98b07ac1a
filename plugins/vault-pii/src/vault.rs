//! What is kept for one session.

use pii::{
    token,
    vault::{Kept, key},
};
use retort_sdk::{
    Failure, Result,
    keyvalue::{self, Bucket},
};

use crate::Kind;

/// How many tokens a session may have at once. One more takes the place of the one that
/// was used least lately.
const MOST: usize = 256;

/// What is kept for one session.
pub(crate) struct Vault {
    store: Bucket,
    key: String,
    kept: Kept,
}

impl Vault {
    pub(crate) fn open(assistant: &str, session: &str) -> Result<Self> {
        let store = keyvalue::open()?;
        let key = key(assistant, session);
        let kept = store.read(&key)?.unwrap_or_default();
        Ok(Self { store, key, kept })
    }

    /// The token of something personal: the one that it has in this session, or a new one.
    pub(crate) fn token(&mut self, kind: Kind, original: &str) -> Result<String> {
        let known = self.kept.iter().position(|(_, kept)| kept == original);
        let (token, original) = match known {
            Some(at) => self.kept.remove(at),
            None => {
                let mut random = [0; token::BYTES];
                getrandom::fill(&mut random)
                    .map_err(|error| Failure::failed(format!("no random numbers: {error}")))?;
                (token::of(kind.name(), random), original.to_owned())
            }
        };
        self.kept.push((token.clone(), original));
        Ok(token)
    }

    /// Keeps it all, for as long as the store keeps things from now on.
    pub(crate) fn keep(&self) -> Result<()> {
        let surplus = self.kept.len().saturating_sub(MOST);
        let newest = self.kept.get(surplus..).unwrap_or_default();
        self.store.write(&self.key, newest)
    }
}
