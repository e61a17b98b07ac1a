//! The signed JWT, the assistant's own way. The vendor documents the header and
//! the shared secret, not the claims; so time is checked where it is claimed, and
//! settings can demand more.

use super::claims::{TimeClaims, Times};
use super::{Once, Refusal, after_scheme, signed};
use http::HeaderValue;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use secrecy::{ExposeSecret, SecretString};
use std::time::SystemTime;

/// What makes a token acceptable.
#[derive(Debug)]
pub struct Jwt {
    /// One per secret: a token is good if any of them signed it.
    keys: Vec<DecodingKey>,
    validation: Validation,
    /// When it is good.
    pub times: Times,
    /// It may come only once, and so many are remembered at most. Default: it may come
    /// again.
    pub remember: Option<usize>,
}

impl Jwt {
    /// Accepts tokens that one of these secrets signed with HS256, with the default
    /// settings.
    #[must_use]
    pub fn new(secrets: &[SecretString]) -> Self {
        let key =
            |secret: &SecretString| DecodingKey::from_secret(secret.expose_secret().as_bytes());
        Self {
            keys: secrets.iter().map(key).collect(),
            validation: signed::validation(vec![Algorithm::HS256]),
            times: Times::default(),
            remember: None,
        }
    }

    /// Accepts these algorithms in the place of HS256: any of HS256, HS384 and HS512.
    #[must_use]
    pub fn with_algorithms(mut self, algorithms: Vec<Algorithm>) -> Self {
        self.validation = signed::validation(algorithms);
        self
    }

    pub(super) fn verify(
        &self,
        value: &HeaderValue,
        now: SystemTime,
    ) -> Result<Option<Once>, Refusal> {
        let text = signed::text(value)?;
        let token = match after_scheme(text, "Bearer") {
            Some(token) => token,
            // A token alone has no space in it.
            None => signed::other_scheme(text).map_or(Ok(text), Err)?,
        };
        let token = signed::short(token)?;
        let claims: TimeClaims = signed::claims(token, &self.keys, &self.validation)?;
        self.times.check(&claims, now)?;
        self.remember
            .map(|_| Once::of(token, &claims, &self.times))
            .transpose()
    }
}
