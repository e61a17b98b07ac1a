//! `[keyvalue]`: where plugins' entries are kept, and the secrets that encrypt them.

mod redis;

pub use redis::{Redis, RedisTls};

use super::auth::read_secret;
use super::reader::{Item, Table};
use super::{Context, optional};
use secrecy::{ExposeSecret, SecretString};
use std::path::PathBuf;
use std::time::Duration;

/// Where plugins' entries are kept, and how.
#[derive(Debug, Clone)]
pub struct KeyValue {
    /// The file or the server.
    pub place: Place,
    /// The first encrypts, and all decrypt. At least one, at most [`KeyValue::SECRETS`].
    pub secrets: Vec<SecretString>,
    /// How long one operation may take. Default: 2 s; from 10 ms to 30 s.
    pub timeout: Duration,
}

/// Where entries are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a file of this machine, which belongs to this process alone.
    File {
        /// It is made if it does not exist.
        path: PathBuf,
        /// What all entries together may take, counted as quotas are, in bytes.
        /// Default: 1 GiB; from 1 MiB to 1 TiB.
        size_bytes: u64,
    },
    /// On a server that speaks Redis' protocol, which several hosts may share.
    Redis(Box<Redis>),
}

impl Place {
    /// Whether it is the same file, or the same server and database: what is kept in the
    /// one is in the other.
    #[must_use]
    pub fn is_where(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File { path, .. }, Self::File { path: other, .. }) => path == other,
            (Self::Redis(redis), Self::Redis(other)) => redis.is_where(other),
            (Self::File { .. }, Self::Redis(_)) | (Self::Redis(_), Self::File { .. }) => false,
        }
    }
}

impl KeyValue {
    /// How many secrets there may be at once.
    pub const SECRETS: usize = 4;

    /// What a secret has at least, in characters. No password hash stretches it, because
    /// it is meant for machines.
    pub const SECRET_CHARACTERS: usize = 32;
}

/// `None` inside is a configuration without a store.
#[expect(
    clippy::option_option,
    reason = "absent and wrong are two things, and both are handled with `?`"
)]
pub(super) fn read(root: &Table<'_>, context: &Context<'_>) -> Option<Option<KeyValue>> {
    let Some(item) = root.optional("keyvalue") else {
        return Some(None);
    };
    let table = item.clone().table("[keyvalue]".to_owned())?;
    let file = optional(&table, "file", |i| {
        let name = i.string()?;
        if name.is_empty() {
            return i.refuse("this is not a file's name", "file = \"retort-state.redb\"");
        }
        Some(context.base.join(name))
    });
    let size = optional(&table, "size", |i| i.bytes(1 << 20..=1 << 40));
    let redis = optional(&table, "redis", |i| redis::read(i, context));
    let timeout = optional(&table, "timeout", |i| {
        i.duration(Duration::from_millis(10)..=super::LONGEST)
    });
    let secrets = read_secrets(&table, context);
    table.refuse_unknown_keys();
    let size = size?.and_then(|bytes| u64::try_from(bytes).ok());
    let place = match (file?, redis?) {
        (Some(path), None) => Place::File {
            path,
            size_bytes: size.unwrap_or(1 << 30),
        },
        (None, Some(_)) if size.is_some() => {
            return item.refuse(
                "`size` is for a file",
                "leave it out; a Redis server has `maxmemory` of its own",
            );
        }
        (None, Some(redis)) => Place::Redis(redis.into()),
        (Some(_), Some(_)) => {
            return item.refuse(
                "both a file and a Redis server are named",
                "keep one of them",
            );
        }
        (None, None) => {
            return item.refuse(
                "it is not said where entries are kept",
                "file = \"retort-state.redb\", or redis = { url = \"rediss://redis.example.com\" } to share them among hosts",
            );
        }
    };
    Some(Some(KeyValue {
        place,
        secrets: secrets?,
        timeout: timeout?.unwrap_or(Duration::from_secs(2)),
    }))
}

fn read_secrets(table: &Table<'_>, context: &Context<'_>) -> Option<Vec<SecretString>> {
    let item = table.required(
        "secrets",
        "where the secret is that encrypts entries: secrets = [\"env:RETORT_STATE_SECRET\"]; `openssl rand -base64 32` makes one",
    )?;
    let sources = item.array()?;
    if sources.is_empty() || sources.len() > KeyValue::SECRETS {
        return item.refuse(
            format!("1 to {} secrets are possible", KeyValue::SECRETS),
            "the first encrypts, and all decrypt; name the new one and then the old one while you change it",
        );
    }
    let secrets: Vec<_> = sources.iter().map(|it| read_long(it, context)).collect();
    secrets.into_iter().collect()
}

fn read_long(item: &Item<'_>, context: &Context<'_>) -> Option<SecretString> {
    let secret = read_secret(item, context, context.secrets)?;
    let characters = secret.expose_secret().chars().count();
    if context.secrets.verifies() && characters < KeyValue::SECRET_CHARACTERS {
        return item.refuse(
            format!(
                "this secret is too short to encrypt with: it has fewer than {} characters",
                KeyValue::SECRET_CHARACTERS
            ),
            "make one with `openssl rand -base64 32`",
        );
    }
    Some(secret)
}

#[cfg(test)]
mod tests;
