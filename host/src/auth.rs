//! Verifying that a call comes from the assistant that its URL names.
//!
//! The forms are those of the assistant's settings page: a signed JWT, Basic,
//! a bearer token, an API key, or nothing. A refusal's reason goes into the log;
//! what the caller sees is the same for all of them.

mod jwt;
mod shared;

pub use jwt::Jwt;
pub use shared::{ApiKey, Basic, Bearer};

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::time::SystemTime;

/// The vendor's prose says `Authorization`, its sample code reads this one.
const AUTHENTICATION: HeaderName = HeaderName::from_static("authentication");

/// How an assistant's webhook proves who it is.
#[derive(Debug)]
pub enum Auth {
    /// A JWT that the assistant signs with a shared secret.
    Jwt(Box<Jwt>),
    /// A user name and password (RFC 7617).
    Basic(Basic),
    /// A fixed token (RFC 6750).
    Bearer(Bearer),
    /// A header with a fixed value.
    ApiKey(ApiKey),
    /// Whoever calls is believed.
    None,
}

impl Auth {
    /// Refuses every caller, and takes as long for it as a wrong JWT takes. It
    /// stands in for assistants that do not exist, so that nobody can find out
    /// which do.
    #[must_use]
    pub fn refusing() -> Self {
        let secret = format!("{}{}", uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
        Self::Jwt(Box::new(Jwt::new(&[secret.into()])))
    }

    /// In words for people.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Jwt(_) => "JWT",
            Self::Basic(_) => "Basic",
            Self::Bearer(_) => "bearer token",
            Self::ApiKey(_) => "API key",
            Self::None => "NO AUTHENTICATION",
        }
    }

    /// Decides whether a request with these headers, at this time, is from the assistant.
    ///
    /// # Errors
    /// The reason of the refusal, for the log.
    pub fn verify(&self, headers: &HeaderMap, now: SystemTime) -> Result<(), Refusal> {
        match self {
            Self::Jwt(jwt) => {
                let value = only(headers, &[AUTHORIZATION, AUTHENTICATION])?;
                jwt.verify(value, now)
            }
            Self::Basic(basic) => basic.verify(only(headers, &[AUTHORIZATION])?),
            Self::Bearer(bearer) => bearer.verify(only(headers, &[AUTHORIZATION])?),
            Self::ApiKey(key) => key.verify(only(headers, std::slice::from_ref(key.header()))?),
            Self::None => Ok(()),
        }
    }
}

/// The one value that the headers of these names have together. With two, one
/// program in a chain could check the first and another believe the second.
fn only<'a>(headers: &'a HeaderMap, names: &[HeaderName]) -> Result<&'a HeaderValue, Refusal> {
    let mut values = names.iter().flat_map(|name| headers.get_all(name));
    match (values.next(), values.next()) {
        (None, _) => Err(Refusal::NoHeader),
        (Some(value), None) => Ok(value),
        (Some(_), Some(_)) => Err(Refusal::SeveralHeaders),
    }
}

/// What follows an authentication scheme, whose name is case-insensitive (RFC 9110, 11.1).
fn after_scheme<'a>(value: &'a str, scheme: &str) -> Option<&'a str> {
    let (name, rest) = value.split_once(' ')?;
    name.eq_ignore_ascii_case(scheme)
        .then(|| rest.trim_start_matches(' '))
}

/// Why a caller is not believed. For the log only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing to verify.
    #[error("the header with the credentials is missing")]
    NoHeader,
    /// More than one header with credentials.
    #[error("there are several headers with credentials")]
    SeveralHeaders,
    /// The credentials have another form than the configured one.
    #[error("the credentials are malformed: {0}")]
    Malformed(String),
    /// The JWT is longer than any that an assistant sends.
    #[error("the token is too long ({0} bytes)")]
    TooLong(usize),
    /// The JWT is signed with another algorithm than HS256, or not at all.
    #[error("the token's algorithm is not HS256")]
    WrongAlgorithm,
    /// The JWT demands an extension (RFC 7515, 4.1.11) and none is implemented.
    #[error("the token demands an extension that is not understood (`crit`)")]
    CriticalExtension,
    /// No configured secret gives the JWT's signature.
    #[error("the token's signature is wrong for every configured secret")]
    WrongSignature,
    /// Password, token or key differ from the configured.
    #[error("the credentials are wrong")]
    WrongCredentials,
    /// `exp` is past.
    #[error("the token expired {0} s ago")]
    Expired(u64),
    /// `nbf` is to come.
    #[error("the token is valid only in {0} s")]
    NotYetValid(u64),
    /// The configuration requires a claim that the token does not have.
    #[error("the token has no `{0}` and the configuration requires it")]
    MissingClaim(&'static str),
    /// `iat` is longer ago than `max_age`.
    #[error("the token was issued {0} s ago, longer than `max_age`")]
    TooOld(u64),
    /// `iat` is to come.
    #[error("the token was issued {0} s in the future")]
    FromTheFuture(u64),
}

#[cfg(test)]
mod tests;
