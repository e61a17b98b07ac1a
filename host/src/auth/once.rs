//! What a replay guard knows a token by.

use super::claims::{TimeClaims, Times};
use super::{Refusal, signed};
use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A token that may come once: how to know it again, and for how long that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Once {
    /// SHA-256 of the issuer and the `jti`, or of what the token's signature is over.
    pub digest: [u8; 32],
    /// From then on the token is refused because of its age.
    pub until: SystemTime,
}

/// `jti` has to be a string (RFC 7519, 4.1.7): `null` does not mean absent.
#[derive(Deserialize)]
struct Names {
    #[serde(default, deserialize_with = "string")]
    jti: Option<String>,
    #[serde(default)]
    iss: Option<String>,
}

fn string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

impl Once {
    /// Of a token whose signature and times are good.
    pub(super) fn of(token: &str, claims: &TimeClaims, times: &Times) -> Result<Self, Refusal> {
        let Names { jti, iss } = signed::further_claims(token)?;
        let digest = match jti {
            Some(jti) => {
                // The length keeps an issuer's end and a name's beginning apart.
                let iss = iss.unwrap_or_default();
                let length = iss.len().to_le_bytes();
                let parts = [b"jti", &length[..], iss.as_bytes(), jti.as_bytes()];
                Sha256::digest(parts.concat())
            }
            // Not over the signature: some algorithms have several for one text.
            None if claims.iat.is_some() => {
                let text = token.rsplit_once('.').map_or(token, |(text, _)| text);
                Sha256::digest([b"all", text.as_bytes()].concat())
            }
            None => return Err(Refusal::Nameless),
        };
        let end = times.end(claims).ok_or(Refusal::Endless)?;
        let until = UNIX_EPOCH.checked_add(Duration::from_secs(end));
        Ok(Self {
            digest: digest.into(),
            until: until.ok_or(Refusal::Endless)?,
        })
    }
}

#[cfg(test)]
mod tests;
