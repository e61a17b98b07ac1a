//! Entries at rest: sealed with AES-256-GCM, under names that tell nothing.
//!
//! From each secret of the configuration, HKDF-SHA256 derives a key for names and one
//! for entries. An entry's name is an HMAC over its scope and the plugin's own key. Each
//! entry is sealed with a key of its own, derived from a random salt, so that no number
//! of entries wears a key out; the plugin's key and the value are two sealed parts, so
//! that keys can be listed without opening values. Scope, name, expiry and header are
//! authenticated with both: a record that is moved, or made to live longer, does not open.
//!
//! A record, numbers with their high byte first:
//!
//! | bytes | |
//! |---|---|
//! | 1 | the format, 1 |
//! | 8 | when it expires, in ms since 1970 |
//! | 4 | which secret it is sealed with |
//! | 24 | salt |
//! | 2 | the length of the next part |
//! | so many | the plugin's key, sealed |
//! | the rest | the value, sealed |

use super::Error;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, MAX_TAG_LEN, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, Prk, Salt};
use aws_lc_rs::{hmac, rand};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// Whose a bucket of a tenant is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner<'a> {
    /// One plugin's alone.
    Plugin(&'a str),
    /// That of all plugins whose grants have this name for a store.
    Named(&'a str),
}

/// What one owner keeps for one tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Scope(pub(super) [u8; 16]);

impl Scope {
    /// Of a tenant and an owner, by their names in the configuration.
    pub(super) fn new(tenant: &str, owner: Owner<'_>) -> Self {
        let (kind, owner) = match owner {
            Owner::Plugin(name) => ("plugin", name),
            Owner::Named(name) => ("named", name),
        };
        let mut digest = Sha256::new();
        digest.update(b"retort scope 1");
        for name in [tenant, kind, owner] {
            digest.update((name.len() as u64).to_be_bytes());
            digest.update(name);
        }
        Self(first(&digest.finalize()))
    }
}

/// What an entry is found by, within its scope.
pub(super) type Name = [u8; 16];

/// The identity of a secret, which tells nothing about it.
pub(super) type KeyId = [u8; 4];

const FORMAT: u8 = 1;
const SALT: usize = 24;
const HEADER: usize = 1 + 8 + 4 + SALT + 2;
/// Which part of a record is sealed: the nonce, and the end of what is authenticated.
const KEY_PART: u8 = 0;
const VALUE_PART: u8 = 1;

/// How many bytes a record has besides the plugin's key and value.
pub(super) const OVERHEAD: usize = HEADER + 2 * MAX_TAG_LEN;

/// How much of a record has the key, of at most so many bytes, but not the value.
pub(super) const fn head(key_bytes: usize) -> usize {
    HEADER + key_bytes + MAX_TAG_LEN
}

/// The keys of all secrets.
pub(super) struct Keys {
    first: Key,
    older: Vec<Key>,
}

struct Key {
    id: KeyId,
    names: hmac::Key,
    entries: Prk,
}

impl Keys {
    /// The first of the secrets seals, and all open.
    pub(super) fn new(secrets: &[SecretString]) -> Result<Self, Unspecified> {
        let mut keys = Vec::new();
        for secret in secrets {
            keys.push(Key::new(secret.expose_secret().as_bytes())?);
        }
        let mut keys = keys.into_iter();
        Ok(Self {
            first: keys.next().ok_or(Unspecified)?,
            older: keys.collect(),
        })
    }

    /// Keys that nobody has and that end with the process.
    pub(super) fn random() -> Result<Self, Unspecified> {
        let mut secret = [0; 32];
        rand::fill(&mut secret)?;
        Ok(Self {
            first: Key::new(&secret)?,
            older: Vec::new(),
        })
    }

    fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.first).chain(&self.older)
    }

    /// The identities of all secrets, that of the first at the beginning.
    pub(super) fn ids(&self) -> Vec<KeyId> {
        self.all().map(|key| key.id).collect()
    }

    /// The names that a plugin's key can be found under, with the one that is written
    /// at the beginning.
    pub(super) fn names(&self, scope: Scope, key: &str) -> Vec<Name> {
        self.all().map(|it| it.name(scope, key)).collect()
    }

    /// Seals an entry into a record for the first of its [`Keys::names`].
    pub(super) fn seal(
        &self,
        scope: Scope,
        key: &str,
        value: &[u8],
        expiry: u64,
    ) -> Result<Vec<u8>, Unspecified> {
        let mut salt = [0; SALT];
        rand::fill(&mut salt)?;
        let sealed_key = u16::try_from(key.len() + MAX_TAG_LEN).map_err(|_| Unspecified)?;
        let mut record = Vec::with_capacity(OVERHEAD + key.len() + value.len());
        record.push(FORMAT);
        record.extend(expiry.to_be_bytes());
        record.extend(self.first.id);
        record.extend(salt);
        record.extend(sealed_key.to_be_bytes());
        let name = self.first.name(scope, key);
        let cipher = self.first.cipher(&salt)?;
        let header = record.clone();
        for (part, text) in [(KEY_PART, key.as_bytes()), (VALUE_PART, value)] {
            let mut text = text.to_vec();
            let about = Aad::from(about(&header, scope, &name, part));
            cipher.seal_in_place_append_tag(nonce(part), about, &mut text)?;
            record.append(&mut text);
        }
        Ok(record)
    }

    /// The value in a record that was found under this name.
    ///
    /// # Errors
    /// [`Error::Damaged`]
    pub(super) fn value(&self, scope: Scope, name: &Name, record: &[u8]) -> Result<Vec<u8>, Error> {
        let parts = Parts::of(record).ok_or(Error::Damaged)?;
        let key = self.all().find(|key| key.id == parts.key_id);
        let key = key.ok_or(Error::Damaged)?;
        key.open(&parts, scope, name, VALUE_PART, parts.value)
    }

    /// The plugin's key in a record, or in its [`head`], that was found under this name;
    /// nothing if it was sealed with a secret that is no longer there.
    ///
    /// # Errors
    /// [`Error::Damaged`]
    pub(super) fn key(
        &self,
        scope: Scope,
        name: &Name,
        record: &[u8],
    ) -> Result<Option<String>, Error> {
        let parts = Parts::of(record).ok_or(Error::Damaged)?;
        let Some(key) = self.all().find(|key| key.id == parts.key_id) else {
            return Ok(None);
        };
        let opened = key.open(&parts, scope, name, KEY_PART, parts.key)?;
        String::from_utf8(opened)
            .map(Some)
            .map_err(|_| Error::Damaged)
    }
}

impl Key {
    fn new(secret: &[u8]) -> Result<Self, Unspecified> {
        let root = Salt::new(HKDF_SHA256, b"retort key-value store 1").extract(secret);
        let derive = |purpose: &[u8]| -> Result<hmac::Key, Unspecified> {
            Ok(root.expand(&[purpose], hmac::HMAC_SHA256)?.into())
        };
        let id = hmac::sign(&derive(b"identity")?, b"");
        Ok(Self {
            id: first(id.as_ref()),
            names: derive(b"names")?,
            entries: Prk::from(root.expand(&[b"entries"], HKDF_SHA256)?),
        })
    }

    fn name(&self, scope: Scope, key: &str) -> Name {
        let mut name = hmac::Context::with_key(&self.names);
        name.update(&scope.0);
        name.update(key.as_bytes());
        first(name.sign().as_ref())
    }

    /// The cipher of one record.
    fn cipher(&self, salt: &[u8]) -> Result<LessSafeKey, Unspecified> {
        let key = UnboundKey::from(self.entries.expand(&[salt], &AES_256_GCM)?);
        Ok(LessSafeKey::new(key))
    }

    fn open(
        &self,
        parts: &Parts<'_>,
        scope: Scope,
        name: &Name,
        part: u8,
        sealed: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let cipher = self.cipher(parts.salt).map_err(|_| Error::Damaged)?;
        let about = Aad::from(about(parts.header, scope, name, part));
        let mut text = sealed.to_vec();
        let opened = cipher
            .open_in_place(nonce(part), about, &mut text)
            .map_err(|_| Error::Damaged)?
            .len();
        text.truncate(opened);
        Ok(text)
    }
}

/// When a record expires, in milliseconds since 1970; nothing if it is none.
pub(super) fn expiry(record: &[u8]) -> Option<u64> {
    let bytes = record.get(1..9)?.try_into().ok()?;
    Some(u64::from_be_bytes(bytes))
}

/// A record, or the head of one, taken apart.
struct Parts<'r> {
    header: &'r [u8],
    key_id: KeyId,
    salt: &'r [u8],
    key: &'r [u8],
    value: &'r [u8],
}

impl<'r> Parts<'r> {
    fn of(record: &'r [u8]) -> Option<Self> {
        let (header, rest) = record.split_at_checked(HEADER)?;
        if header.first() != Some(&FORMAT) {
            return None;
        }
        let length = u16::from_be_bytes(header.get(HEADER - 2..)?.try_into().ok()?);
        let (key, value) = rest.split_at_checked(usize::from(length))?;
        Some(Self {
            header,
            key_id: header.get(9..13)?.try_into().ok()?,
            salt: header.get(13..13 + SALT)?,
            key,
            value,
        })
    }
}

/// What is authenticated with a sealed part.
fn about(header: &[u8], scope: Scope, name: &Name, part: u8) -> Vec<u8> {
    let parts: [&[u8]; 4] = [header, &scope.0, name, &[part]];
    parts.concat()
}

/// A key seals each part once, so that the part's number serves.
fn nonce(part: u8) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    nonce[0] = part;
    Nonce::assume_unique_for_key(nonce)
}

/// The first bytes of a digest, which is longer.
fn first<const N: usize>(digest: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    for (to, from) in bytes.iter_mut().zip(digest) {
        *to = *from;
    }
    bytes
}

#[cfg(test)]
mod tests;
