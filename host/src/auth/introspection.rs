//! What an authorization server says of a token that it was asked about (RFC 7662).

use super::claims::{Identity, TimeClaims};
use serde::Deserialize;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An answer of the introspection endpoint.
#[derive(Debug, Clone)]
pub struct Answer(pub(super) Option<Active>);

/// A token that is active.
#[derive(Debug, Clone)]
pub(super) struct Active {
    pub(super) times: TimeClaims,
    pub(super) identity: Identity,
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
            return Some(Self(None));
        }
        Some(Self(Some(Active {
            times: serde_json::from_slice(body).ok()?,
            identity: serde_json::from_slice(body).ok()?,
        })))
    }

    /// Whether the token is active.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.0.is_some()
    }

    /// When the token expires, as far as the answer says it.
    #[must_use]
    pub fn expiry(&self) -> Option<SystemTime> {
        let exp = self.0.as_ref()?.times.exp?;
        UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(exp).ok()?)
    }
}
