//! Verifying that a call comes from the assistant that its URL names.
//!
//! The forms are those of the assistant's settings page: a signed JWT, Basic,
//! a bearer token, an API key, an OAuth access token, or nothing. A refusal's reason
//! goes into the log; what the caller sees is the same for all of them.
//!
//! Nothing here waits for anybody. Where the issuer of an access token has to be
//! asked, [`Auth::verify`] says so, and whoever asked has [`Oauth`] judge its word.

mod claims;
mod introspection;
mod jwt;
mod keys;
mod oauth;
mod once;
mod shared;
mod signed;

pub use claims::Times;
pub use introspection::Answer;
pub use jsonwebtoken::Algorithm;
pub use jwt::Jwt;
pub use keys::{KeySet, KeySetError};
pub use oauth::{AccessToken, Introspection, Jwks, Oauth, Source};
pub use once::Once;
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
    /// An access token that the assistant fetched from an authorization server.
    Oauth(Box<Oauth>),
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
            Self::Oauth(_) => "OAuth access token",
            Self::None => "NO AUTHENTICATION",
        }
    }

    /// How many tokens that may come only once are remembered at most, if any is.
    #[must_use]
    pub fn remember(&self) -> Option<usize> {
        match self {
            Self::Jwt(jwt) => jwt.remember,
            Self::Oauth(oauth) => oauth.remember,
            Self::Basic(_) | Self::Bearer(_) | Self::ApiKey(_) | Self::None => None,
        }
    }

    /// Decides whether a request with these headers, at this time, is from the assistant.
    ///
    /// # Errors
    /// The reason of the refusal, for the log.
    pub fn verify<'h>(
        &self,
        headers: &'h HeaderMap,
        now: SystemTime,
    ) -> Result<Verdict<'h>, Refusal> {
        match self {
            Self::Jwt(jwt) => {
                let value = only(headers, &[AUTHORIZATION, AUTHENTICATION])?;
                return jwt.verify(value, now).map(Verdict::Believed);
            }
            Self::Oauth(oauth) => return oauth.verify(only(headers, &[AUTHORIZATION])?, now),
            Self::Basic(basic) => basic.verify(only(headers, &[AUTHORIZATION])?)?,
            Self::Bearer(bearer) => bearer.verify(only(headers, &[AUTHORIZATION])?)?,
            Self::ApiKey(key) => key.verify(only(headers, std::slice::from_ref(key.header()))?)?,
            Self::None => {}
        }
        Ok(Verdict::Believed(None))
    }
}

/// What the credentials of a request come to, where they are not refused.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict<'h> {
    /// The caller is the assistant, if what is named here has not come before.
    Believed(Option<Once>),
    /// Only the issuer of this token can tell.
    AskIssuer(AccessToken<'h>),
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
    /// The JWT is signed with another algorithm than these, or not at all.
    #[error("the token's algorithm is not {0}")]
    WrongAlgorithm(String),
    /// The JWT demands an extension (RFC 7515, 4.1.11) and none is implemented.
    #[error("the token demands an extension that is not understood (`crit`)")]
    CriticalExtension,
    /// A claim has a value of another kind than RFC 7519 says. Nothing of it is repeated.
    #[error("the token's `{claim}` is {found}, and has to be {wanted}")]
    ClaimOfWrongType {
        /// Which one.
        claim: &'static str,
        /// What it is, in words.
        found: &'static str,
        /// What it has to be, in words.
        wanted: &'static str,
    },
    /// No configured secret gives the JWT's signature.
    #[error("the token's signature is wrong for every configured secret")]
    WrongSignature,
    /// The issuer's key that the token names does not give its signature.
    #[error("the token's signature is wrong for the issuer's key that it names")]
    ForgedSignature,
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
    /// No key of the issuer's fits the token, whose own name for its key is not believed.
    #[error("no key of the issuer's fits the token")]
    UnknownKey,
    /// `iss`, `aud` or the scope is not what the configuration says.
    #[error("the token's `{0}` is not what the configuration demands")]
    WrongClaim(&'static str),
    /// The issuer says so (RFC 7662).
    #[error("the issuer says that the token is not active")]
    NotActive,
    /// The issuer answers a question about the token with this status, which says that it
    /// is none of its tokens.
    #[error("the issuer does not know what the token is: it answered with status {0}")]
    NotOfTheIssuer(u16),
    /// A token that came before.
    #[error("the token was used before")]
    Replayed,
    /// The replay guard could not know the token again.
    #[error(
        "the token has neither `jti` nor `iat`, so that the replay guard could not tell it from another"
    )]
    Nameless,
    /// The replay guard would have to remember the token forever.
    #[error(
        "the token has no `exp` (or one too far), and without `max_age` the replay guard would have to remember it forever"
    )]
    Endless,
}

impl Refusal {
    /// The reason in a word, for metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoHeader => "no-header",
            Self::SeveralHeaders => "several-headers",
            Self::Malformed(_) | Self::CriticalExtension => "malformed",
            Self::TooLong(_) => "too-long",
            Self::WrongAlgorithm(_) => "wrong-algorithm",
            Self::WrongSignature | Self::ForgedSignature => "wrong-signature",
            Self::WrongCredentials => "wrong-credentials",
            Self::Expired(_) | Self::TooOld(_) => "expired",
            Self::NotYetValid(_) | Self::FromTheFuture(_) => "not-yet-valid",
            Self::MissingClaim(_) | Self::Nameless | Self::Endless => "missing-claim",
            Self::WrongClaim(_) | Self::ClaimOfWrongType { .. } => "wrong-claim",
            Self::UnknownKey => "unknown-key",
            Self::NotActive | Self::NotOfTheIssuer(_) => "not-active",
            Self::Replayed => "replayed",
        }
    }
}

#[cfg(test)]
mod tests;
