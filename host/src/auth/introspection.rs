//! What an authorization server says of a token that it was asked about (RFC 7662).

use super::claims::{Identity, TimeClaims};
use serde::Deserialize;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An answer of the introspection endpoint.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The token is active.
    Active(Active),
    /// It is not, or is none that the issuer knows.
    Inactive,
    /// The issuer refuses the question with this status, because of the token.
    NotOfTheIssuer(u16),
}

/// What the issuer says of a token that is active.
#[derive(Debug, Clone)]
pub struct Active {
    pub(super) times: TimeClaims,
    pub(super) identity: Identity,
}

/// Some servers write `null` for what a token does not have.
#[derive(Deserialize)]
struct Times {
    exp: Option<f64>,
    nbf: Option<f64>,
    iat: Option<f64>,
}

impl Answer {
    /// Reads the body of an answer; nothing, where it is none.
    #[must_use]
    pub fn parse(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Word {
            active: bool,
        }
        let word: Word = serde_json::from_slice(body).ok()?;
        // Of a token that is not active, nothing else counts (RFC 7662, 2.2).
        if !word.active {
            return Some(Self::Inactive);
        }
        let Times { exp, nbf, iat } = serde_json::from_slice(body).ok()?;
        Some(Self::Active(Active {
            times: TimeClaims { exp, nbf, iat },
            identity: serde_json::from_slice(body).ok()?,
        }))
    }

    /// Whether the token is active.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(self, Self::Active(_))
    }

    /// When the token expires, as far as the answer says it.
    #[must_use]
    pub fn expiry(&self) -> Option<SystemTime> {
        let Self::Active(active) = self else {
            return None;
        };
        UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(active.times.exp?).ok()?)
    }
}
