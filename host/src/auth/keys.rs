//! A JSON Web Key Set (RFC 7517): the public keys of an issuer. What is no key for
//! verifying RS256, PS256 or ES256 is left out, and the reason is kept for the log.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fmt;

/// The most keys of a set. Issuers have two or three.
const MOST_KEYS: usize = 100;

/// In bits. Shorter ones can be factored, longer ones cost more than a stranger's token
/// is worth, and the library takes neither.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// A coordinate of P-256, in bytes.
const COORDINATE: usize = 32;

/// The keys of a set that can verify a token.
pub struct KeySet {
    keys: Vec<Key>,
    /// SHA-256 of the usable keys, in any order.
    fingerprint: [u8; 32],
    unusable: Vec<Unusable>,
}

struct Key {
    id: Option<String>,
    /// What it may be used with.
    algorithms: &'static [Algorithm],
    key: DecodingKey,
}

/// Why there is no set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// More than 256 KiB.
    #[error("it has {0} bytes, and a key set has at most {most}", most = KeySet::MOST_BYTES)]
    TooLarge(usize),
    /// No JSON, or no `keys` in it.
    #[error("it is not a JSON object with an array `keys`")]
    NotASet,
    /// More than 100.
    #[error("it has {0} keys, and at most {MOST_KEYS} are taken")]
    TooManyKeys(usize),
    /// Each with its reason.
    #[error("none of its keys can be used: {0}")]
    NoUsableKey(String),
}

/// Why a key is left out. Nothing of the key is repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Unusable {
    #[error("it is malformed")]
    Malformed,
    #[error("it is symmetric (`oct`), which a published key must never be")]
    Symmetric,
    #[error("it is neither RSA nor of the curve P-256")]
    OtherKind,
    #[error("it has {0} bits, and RSA needs 2048 to 8192")]
    RsaBits(usize),
    #[error("its `use` or `key_ops` is not to verify signatures")]
    OtherUse,
    #[error("its `alg` is not RS256, PS256 or ES256, or not of its kind")]
    OtherAlgorithm,
}

impl KeySet {
    /// The largest set, in bytes.
    pub const MOST_BYTES: usize = 256 << 10;

    /// Reads a set.
    ///
    /// # Errors
    /// What is no set, too large, or has no key that can be used.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeySetError> {
        #[derive(Deserialize)]
        struct Raw {
            keys: Vec<serde_json::Value>,
        }
        if bytes.len() > Self::MOST_BYTES {
            return Err(KeySetError::TooLarge(bytes.len()));
        }
        let raw: Raw = serde_json::from_slice(bytes).map_err(|_| KeySetError::NotASet)?;
        if raw.keys.len() > MOST_KEYS {
            return Err(KeySetError::TooManyKeys(raw.keys.len()));
        }
        let mut set = Self::none();
        let mut texts = BTreeSet::new();
        for value in raw.keys {
            let text = value.to_string();
            // One key that is wrong does not take the others with it.
            let key = serde_json::from_value(value).map_err(|_| Unusable::Malformed);
            match key.and_then(|jwk: Jwk| Key::read(&jwk)) {
                Ok(key) => {
                    set.keys.push(key);
                    texts.insert(text);
                }
                Err(reason) => set.unusable.push(reason),
            }
        }
        let mut hash = Sha256::new();
        for text in texts {
            hash.update(text);
        }
        set.fingerprint = hash.finalize().into();
        if set.keys.is_empty() {
            return Err(KeySetError::NoUsableKey(set.left_out()));
        }
        Ok(set)
    }

    /// No key at all, for whoever verifies nobody.
    #[must_use]
    pub fn none() -> Self {
        Self {
            keys: Vec::new(),
            fingerprint: [0; 32],
            unusable: Vec::new(),
        }
    }

    /// Whether the usable keys are the same as those of another set.
    #[must_use]
    pub fn has_same_keys(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }

    /// How many keys can be used.
    #[must_use]
    pub fn count(&self) -> usize {
        self.keys.len()
    }

    /// Why the other keys cannot be used, in words; empty where all can.
    #[must_use]
    pub fn left_out(&self) -> String {
        let reasons: Vec<_> = self.unusable.iter().map(ToString::to_string).collect();
        reasons.join("; ")
    }

    /// The keys that a token with this name of its key and this algorithm may be signed
    /// with. A token without a name may be signed with any.
    pub(super) fn fitting<'s>(
        &'s self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &'s DecodingKey> {
        self.keys
            .iter()
            .filter(move |key| id.is_none() || key.id.as_deref() == id)
            .filter(move |key| key.algorithms.contains(&algorithm))
            .map(|key| &key.key)
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} keys", self.keys.len())
    }
}

impl Key {
    fn read(jwk: &Jwk) -> Result<Self, Unusable> {
        let common = &jwk.common;
        let verifies = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature))
            && common
                .key_operations
                .as_ref()
                .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        let (possible, key): (&'static [Algorithm], _) = match &jwk.algorithm {
            AlgorithmParameters::RSA(rsa) => (
                &[Algorithm::RS256, Algorithm::PS256],
                rsa_key(&rsa.n, &rsa.e)?,
            ),
            AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P256 => {
                (&[Algorithm::ES256], ec_key(&ec.x, &ec.y)?)
            }
            AlgorithmParameters::OctetKey(_) => return Err(Unusable::Symmetric),
            _ => return Err(Unusable::OtherKind),
        };
        if !verifies {
            return Err(Unusable::OtherUse);
        }
        let algorithms: &'static [Algorithm] = match (common.key_algorithm, possible) {
            (None, possible) => possible,
            (Some(KeyAlgorithm::RS256), [Algorithm::RS256, ..]) => &[Algorithm::RS256],
            (Some(KeyAlgorithm::PS256), [Algorithm::RS256, ..]) => &[Algorithm::PS256],
            (Some(KeyAlgorithm::ES256), [Algorithm::ES256]) => &[Algorithm::ES256],
            _ => return Err(Unusable::OtherAlgorithm),
        };
        Ok(Self {
            id: common.key_id.clone(),
            algorithms,
            key,
        })
    }
}

fn rsa_key(modulus: &str, exponent: &str) -> Result<DecodingKey, Unusable> {
    let (modulus, exponent) = (number(modulus)?, number(exponent)?);
    let leading = modulus.first().map_or(0, |byte| byte.leading_zeros());
    let bits = (modulus.len() * 8).saturating_sub(usize::try_from(leading).unwrap_or(0));
    if !RSA_BITS.contains(&bits) {
        return Err(Unusable::RsaBits(bits));
    }
    // With an exponent of 1, everything would be its own signature.
    let odd = exponent.last().is_some_and(|byte| byte % 2 == 1);
    if !odd || exponent == [1] || exponent.len() > 4 {
        return Err(Unusable::Malformed);
    }
    Ok(DecodingKey::from_rsa_raw_components(&modulus, &exponent))
}

fn ec_key(x: &str, y: &str) -> Result<DecodingKey, Unusable> {
    let is_coordinate = |text: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(text);
        bytes.is_ok_and(|bytes| bytes.len() == COORDINATE)
    };
    if !is_coordinate(x) || !is_coordinate(y) {
        return Err(Unusable::Malformed);
    }
    DecodingKey::from_ec_components(x, y).map_err(|_| Unusable::Malformed)
}

/// A number of RFC 7518, 2, without the zeros that should not be in front of it.
fn number(text: &str) -> Result<Vec<u8>, Unusable> {
    let bytes = URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| Unusable::Malformed)?;
    Ok(bytes.into_iter().skip_while(|byte| *byte == 0).collect())
}

#[cfg(test)]
mod tests;
