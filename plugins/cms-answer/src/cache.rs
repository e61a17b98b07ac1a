//! Answers that were fetched before. A store that fails is like one with nothing in it.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::{SystemTime, UNIX_EPOCH},
};

use retort_sdk::{
    keyvalue::{self, Bucket},
    log,
};
use serde::{Deserialize, Serialize};

pub(crate) struct Cache {
    store: Option<Bucket>,
    url: String,
}

/// An answer that was fetched before.
#[derive(Deserialize, Serialize)]
pub(crate) struct Kept {
    /// Of what it is the answer, because two keys may be the same by chance.
    url: String,
    id: String,
    pub(crate) answer: String,
    pub(crate) etag: Option<String>,
    /// When the CMS confirmed it, in seconds since 1970.
    at: u64,
}

impl Kept {
    pub(crate) fn is_younger_than(&self, seconds: u64) -> bool {
        // One from the future tells nothing.
        now().checked_sub(self.at).is_some_and(|age| age < seconds)
    }
}

impl Cache {
    /// The answers of one CMS.
    pub(crate) fn open(url: &str) -> Self {
        let store = keyvalue::open();
        if let Err(failure) = &store {
            log::warn(failure.message());
        }
        Self {
            store: store.ok(),
            url: url.to_owned(),
        }
    }

    pub(crate) fn find(&self, id: &str) -> Option<Kept> {
        let kept = self.store.as_ref()?.read::<Kept>(&self.key(id));
        if let Err(failure) = &kept {
            log::warn(failure.message());
        }
        kept.ok()?
            .filter(|kept| kept.url == self.url && kept.id == id)
    }

    pub(crate) fn keep(&self, id: &str, answer: &str, etag: Option<String>) {
        let Some(store) = &self.store else {
            return;
        };
        let kept = Kept {
            url: self.url.clone(),
            id: id.to_owned(),
            answer: answer.to_owned(),
            etag,
            at: now(),
        };
        if let Err(failure) = store.write(&self.key(id), &kept) {
            log::warn(failure.message());
        }
    }

    /// Short, whatever the id.
    fn key(&self, id: &str) -> String {
        let mut hasher = DefaultHasher::new();
        (&self.url, id).hash(&mut hasher);
        format!("answer-{:016x}", hasher.finish())
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}
