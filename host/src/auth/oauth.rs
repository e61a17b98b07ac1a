//! OAuth 2.0 on the receiving side: an access token that the assistant fetched from an
//! authorization server and sends as a bearer token (RFC 6750). It is a JWT that a key
//! of the issuer's verifies (RFC 9068), or the issuer is asked about it (RFC 7662).

use super::claims::{Identity, TimeClaims, Times};
use super::{Algorithm, Answer, KeySet, Once, Refusal, Verdict, after_scheme, signed};
use http::HeaderValue;
use rustls::RootCertStore;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use url::Url;

/// What makes an access token acceptable.
#[derive(Debug)]
pub struct Oauth {
    /// Where the word about a token comes from.
    pub source: Source,
    /// What `iss` has to be, if anything.
    pub issuer: Option<String>,
    /// What `aud` has to be or to have among others, if anything.
    pub audience: Option<String>,
    /// What the token's scope has to have.
    pub scopes: Vec<String>,
    /// When it is good.
    pub times: Times,
    /// It may come only once, and so many are remembered at most. Default: it may come
    /// again, as one of which the issuer is asked always may.
    pub remember: Option<usize>,
}

/// Where the word about a token comes from.
#[derive(Debug)]
pub enum Source {
    /// From keys that the configuration has, with these algorithms.
    Keys(KeySet, Vec<Algorithm>),
    /// From keys that the issuer publishes, with these algorithms.
    Jwks(Jwks, Vec<Algorithm>),
    /// From the issuer, for each token.
    Introspection(Introspection),
}

/// Where an issuer publishes its keys, and how often it is asked for them.
#[derive(Debug, Clone)]
pub struct Jwks {
    /// https, or http to a loopback address.
    pub url: Url,
    /// Who may vouch for its certificate. Default: the system's roots.
    pub roots: Option<Arc<RootCertStore>>,
    /// How old a set may be before it is fetched again. Default: 10 min.
    pub refresh: Duration,
    /// How often sets are fetched that turn out to be the ones that were known: once in this
    /// time, with three in advance. Default: 10 s.
    pub retry: Duration,
    /// How much older than `refresh` a set may be while no other can be had. Default: 1 day.
    pub stale: Duration,
    /// How long one fetch may take. Default: 5 s.
    pub timeout: Duration,
}

/// Where an issuer answers questions about tokens.
#[derive(Debug, Clone)]
pub struct Introspection {
    /// https, or http to a loopback address.
    pub url: Url,
    /// Who may vouch for its certificate. Default: the system's roots.
    pub roots: Option<Arc<RootCertStore>>,
    /// How Retort proves to it who it is. Marked as sensitive.
    pub authorization: HeaderValue,
    /// How long an answer holds, at most until the token expires. Default: 30 s.
    pub cache: Duration,
    /// How long one question may take. Default: 5 s.
    pub timeout: Duration,
}

/// Compares roots by what they are, not by where they are kept.
fn same_roots(one: Option<&Arc<RootCertStore>>, other: Option<&Arc<RootCertStore>>) -> bool {
    one.map(|store| &store.roots) == other.map(|store| &store.roots)
}

impl PartialEq for Jwks {
    fn eq(&self, other: &Self) -> bool {
        let key = |it: &Self| (it.url.clone(), it.refresh, it.retry, it.stale, it.timeout);
        key(self) == key(other) && same_roots(self.roots.as_ref(), other.roots.as_ref())
    }
}

impl PartialEq for Introspection {
    fn eq(&self, other: &Self) -> bool {
        let key = |it: &Self| (it.url.clone(), it.cache, it.timeout);
        key(self) == key(other)
            && self.authorization == other.authorization
            && same_roots(self.roots.as_ref(), other.roots.as_ref())
    }
}

/// A token that only its issuer can tell something about. It is not printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AccessToken<'h>(&'h str);

impl<'h> AccessToken<'h> {
    /// The token, to be sent to its issuer and nobody else.
    #[must_use]
    pub fn expose(self) -> &'h str {
        self.0
    }
}

impl fmt::Debug for AccessToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an access token")
    }
}

impl Oauth {
    pub(super) fn verify<'h>(
        &self,
        value: &'h HeaderValue,
        now: SystemTime,
    ) -> Result<Verdict<'h>, Refusal> {
        let text = signed::text(value)?;
        let token = after_scheme(text, "Bearer").ok_or_else(|| {
            let no_scheme = || Refusal::Malformed("the scheme is not Bearer".to_owned());
            signed::other_scheme(text).unwrap_or_else(no_scheme)
        })?;
        let token = signed::short(token)?;
        // RFC 6750, 2.1. What has another form does not reach an issuer.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        if token.is_empty() || !token.bytes().all(plain) {
            return Err(Refusal::Malformed("not an access token".to_owned()));
        }
        let token = AccessToken(token);
        match &self.source {
            Source::Keys(keys, _) => self.signed(token, keys, now).map(Verdict::Believed),
            Source::Jwks(_, algorithms) => {
                // What no key could verify is no reason to ask for keys.
                header(token.0, algorithms)?;
                Ok(Verdict::AskIssuer(token))
            }
            Source::Introspection(_) => Ok(Verdict::AskIssuer(token)),
        }
    }

    /// Whether a token that is a JWT is good, with these keys of the issuer's.
    ///
    /// # Errors
    /// The reason of the refusal; [`Refusal::UnknownKey`] where other keys might fit.
    pub fn signed(
        &self,
        token: AccessToken<'_>,
        keys: &KeySet,
        now: SystemTime,
    ) -> Result<Option<Once>, Refusal> {
        let (Source::Keys(_, algorithms) | Source::Jwks(_, algorithms)) = &self.source else {
            return Err(Refusal::UnknownKey);
        };
        let AccessToken(token) = token;
        let header = header(token, algorithms)?;
        let id = header.kid.as_deref();
        let mut fitting = keys.fitting(id, header.alg).peekable();
        if fitting.peek().is_none() {
            return Err(Refusal::UnknownKey);
        }
        let validation = signed::validation(vec![header.alg]);
        let times: TimeClaims =
            signed::claims(token, fitting, &validation).map_err(|refusal| match refusal {
                // It named none of the keys, so that the right one may be a new one.
                Refusal::WrongSignature if id.is_none() => Refusal::UnknownKey,
                Refusal::WrongSignature => Refusal::ForgedSignature,
                other => other,
            })?;
        self.times.check(&times, now)?;
        self.check_identity(&signed::further_claims(token)?)?;
        self.remember
            .map(|_| Once::of(token, &times, &self.times))
            .transpose()
    }

    /// Whether a token that no known key verifies is refused with any key, because of its
    /// claims. So it is no reason to ask the issuer for newer keys. Nothing of the token is
    /// believed here: whatever passes still needs its signature verified.
    ///
    /// # Errors
    /// The reason of the refusal.
    pub fn could_be_good(&self, token: AccessToken<'_>, now: SystemTime) -> Result<(), Refusal> {
        let AccessToken(token) = token;
        self.times.check(&signed::further_claims(token)?, now)?;
        self.check_identity(&signed::further_claims(token)?)
    }

    /// Whether a token is good of which the issuer says this.
    ///
    /// # Errors
    /// The reason of the refusal.
    pub fn introspected(&self, answer: &Answer, now: SystemTime) -> Result<(), Refusal> {
        let active = match answer {
            Answer::Active(active) => active,
            Answer::Inactive => return Err(Refusal::NotActive),
            Answer::NotOfTheIssuer(status) => return Err(Refusal::NotOfTheIssuer(*status)),
        };
        self.times.check(&active.times, now)?;
        self.check_identity(&active.identity)
    }

    fn check_identity(&self, identity: &Identity) -> Result<(), Refusal> {
        if self.issuer.is_some() && self.issuer != identity.iss {
            return Err(Refusal::WrongClaim("iss"));
        }
        if let Some(audience) = &self.audience
            && !identity.aud.have(audience)
        {
            return Err(Refusal::WrongClaim("aud"));
        }
        let has = |scope: &String| identity.scope.have_word(scope) || identity.scp.have_word(scope);
        if !self.scopes.iter().all(has) {
            return Err(Refusal::WrongClaim("scope"));
        }
        Ok(())
    }
}

/// The header of a token that is signed with one of these algorithms.
fn header(token: &str, algorithms: &[Algorithm]) -> Result<jsonwebtoken::Header, Refusal> {
    let wrong = || Refusal::WrongAlgorithm(signed::names(algorithms));
    let header = jsonwebtoken::decode_header(token).map_err(|_| {
        // The library's word for it may repeat what a stranger wrote.
        if signed::names_another_algorithm(token, algorithms) {
            wrong()
        } else {
            Refusal::Malformed("it is not a JWT".to_owned())
        }
    })?;
    if !algorithms.contains(&header.alg) {
        return Err(wrong());
    }
    Ok(header)
}

#[cfg(test)]
mod tests;
