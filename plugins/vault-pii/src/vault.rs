//! What is kept for one session: an entry for each token, and a list of the tokens, so
//! that what comes again has the token that it had.

use pii::{
    token,
    vault::{Known, MOST, session_key, token_key},
};
use retort_sdk::{
    Failure, Result,
    keyvalue::{self, Bucket},
};

use crate::Kind;

/// What is kept for one session.
pub(crate) struct Vault<'a> {
    store: Bucket,
    assistant: &'a str,
    session: String,
    /// In the order of their last use.
    known: Known,
    /// How many of them, at the end, are used in this message.
    used: usize,
}

impl<'a> Vault<'a> {
    pub(crate) fn open(assistant: &'a str, session: String) -> Result<Self> {
        let store = keyvalue::open()?;
        let known = store.read(&session_key(assistant, &session))?;
        Ok(Self {
            store,
            assistant,
            session,
            known: known.unwrap_or_default(),
            used: 0,
        })
    }

    /// The token of something personal: the one that it has in this session, or a new one.
    pub(crate) fn token(&mut self, kind: Kind, original: &str) -> Result<String> {
        let at = self.known.iter().position(|(_, known)| known == original);
        let before = self.known.len().saturating_sub(self.used);
        let (token, original) = match at {
            Some(at) => {
                self.used += usize::from(at < before);
                self.known.remove(at)
            }
            None => {
                let mut random = [0; token::BYTES];
                getrandom::fill(&mut random)
                    .map_err(|error| Failure::failed(format!("no random numbers: {error}")))?;
                self.used += 1;
                (token::of(kind.name(), random), original.to_owned())
            }
        };
        self.known.push((token.clone(), original));
        Ok(token)
    }

    /// Keeps the tokens of the message, for as long as the store keeps things from now on.
    /// One more than [`MOST`] takes the place of the one that was used least lately.
    pub(crate) fn keep(&self) -> Result<()> {
        let surplus = self.known.len().saturating_sub(MOST);
        let (surplus, newest) = self.known.split_at_checked(surplus).unwrap_or_default();
        let before = newest.len().saturating_sub(self.used);
        for (token, original) in newest.get(before..).unwrap_or_default() {
            self.store.set(&self.key(token), original.as_bytes())?;
        }
        let known = session_key(self.assistant, &self.session);
        self.store.write(&known, newest)?;
        for (token, _) in surplus {
            self.store.delete(&self.key(token))?;
        }
        Ok(())
    }

    fn key(&self, token: &str) -> String {
        token_key(self.assistant, &self.session, token)
    }
}
