//! Credentials that are the same in every call. They are compared in constant
//! time, by their digests, so that not even their length shows.

use super::Refusal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::{Choice, ConstantTimeEq};

/// A user name and password (RFC 7617).
#[derive(Debug)]
pub struct Basic(Expected);

/// One of several fixed tokens (RFC 6750).
#[derive(Debug)]
pub struct Bearer(Expected);

/// A header with one of several fixed values.
#[derive(Debug)]
pub struct ApiKey {
    header: HeaderName,
    values: Expected,
}

impl Basic {
    /// Accepts this user name, which has no colon, with this password.
    #[must_use]
    pub fn new(user: &str, password: &SecretString) -> Self {
        let pair = format!("{user}:{}", password.expose_secret());
        Self(Expected(vec![digest(pair.as_bytes())]))
    }

    pub(super) fn verify(&self, value: &HeaderValue) -> Result<(), Refusal> {
        let encoded = credentials(value, "Basic")?;
        let pair = STANDARD
            .decode(encoded)
            .map_err(|_| Refusal::Malformed("not Base64 after `Basic`".to_owned()))?;
        self.0.check(&pair)
    }
}

impl Bearer {
    /// Accepts any of these tokens.
    #[must_use]
    pub fn new(tokens: &[SecretString]) -> Self {
        Self(Expected::any_of(tokens))
    }

    pub(super) fn verify(&self, value: &HeaderValue) -> Result<(), Refusal> {
        self.0.check(credentials(value, "Bearer")?)
    }
}

impl ApiKey {
    /// Accepts any of these values in this header.
    #[must_use]
    pub fn new(header: HeaderName, values: &[SecretString]) -> Self {
        Self {
            header,
            values: Expected::any_of(values),
        }
    }

    pub(super) fn header(&self) -> &HeaderName {
        &self.header
    }

    pub(super) fn verify(&self, value: &HeaderValue) -> Result<(), Refusal> {
        self.values.check(value.as_bytes())
    }
}

fn credentials<'a>(value: &'a HeaderValue, scheme: &str) -> Result<&'a [u8], Refusal> {
    // A token may have any bytes that a header can carry.
    let bytes = value.as_bytes();
    let split = bytes.iter().position(|byte| *byte == b' ');
    let (name, rest) = split
        .and_then(|at| bytes.split_at_checked(at))
        .unwrap_or((bytes, b""));
    if name.eq_ignore_ascii_case(scheme.as_bytes()) {
        // Spaces only (RFC 9110, 11.4), as before a JWT.
        let start = rest.iter().take_while(|byte| **byte == b' ').count();
        Ok(rest.get(start..).unwrap_or_default())
    } else {
        Err(Refusal::Malformed(format!("the scheme is not {scheme}")))
    }
}

/// SHA-256 digests of what is accepted.
struct Expected(Vec<[u8; 32]>);

impl Expected {
    fn any_of(secrets: &[SecretString]) -> Self {
        let digest = |secret: &SecretString| digest(secret.expose_secret().as_bytes());
        Self(secrets.iter().map(digest).collect())
    }

    fn check(&self, given: &[u8]) -> Result<(), Refusal> {
        let given = digest(given);
        // Every one is compared, so that the time does not tell which is in use.
        let found = self
            .0
            .iter()
            .fold(Choice::from(0), |found, one| found | one.ct_eq(&given));
        if bool::from(found) {
            Ok(())
        } else {
            Err(Refusal::WrongCredentials)
        }
    }
}

impl fmt::Debug for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} expected", self.0.len())
    }
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
