//! The authorization servers that vouch for access tokens: their keys are fetched and
//! kept, and those that have to be asked about each token are asked.
//!
//! What was fetched belongs to the process, not to a configuration: a reload while the
//! issuer is down does not lose its keys. It is shared by all assistants that name the
//! same place in the same way, so that a thousand of them ask it once.

mod budget;
mod endpoint;
mod introspection;
mod keys;

use crate::auth::{AccessToken, Oauth, Once, Refusal, Source};
use introspection::Introspector;
use keys::Keys;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

/// Every issuer that some configuration in use names.
#[derive(Default)]
pub struct Issuers {
    keys: Mutex<Vec<Weak<Keys>>>,
    introspectors: Mutex<Vec<Weak<Introspector>>>,
}

/// One issuer, as one assistant knows it.
pub struct Issuer(Kind);

enum Kind {
    Keys(Arc<Keys>),
    Introspector(Arc<Introspector>),
}

/// Why a token is not good.
#[derive(Debug, PartialEq, Eq)]
pub enum Denial {
    /// It is wrong.
    Refused(Refusal),
    /// Nobody can tell, because the issuer could not be asked.
    Unreachable {
        /// In a word, for metrics.
        kind: &'static str,
        /// In words, for the log.
        reason: String,
        /// When it may be worth trying again.
        wait: Duration,
    },
}

impl From<Refusal> for Denial {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Issuers {
    /// The issuer that has to be asked about tokens, where somebody has.
    #[must_use]
    pub fn of(&self, source: &Source) -> Option<Issuer> {
        match source {
            Source::Keys(..) => None,
            Source::Jwks(jwks, _) => {
                let keys = shared(&self.keys, |keys| keys.is_of(jwks), || Keys::new(jwks));
                Some(Issuer(Kind::Keys(keys)))
            }
            Source::Introspection(introspection) => {
                let introspector = shared(
                    &self.introspectors,
                    |other| other.is_of(introspection),
                    || Introspector::new(introspection),
                );
                Some(Issuer(Kind::Introspector(introspector)))
            }
        }
    }
}

/// The one that fits among those that somebody uses, or a new one.
fn shared<T>(
    all: &Mutex<Vec<Weak<T>>>,
    fits: impl Fn(&T) -> bool,
    new: impl FnOnce() -> T,
) -> Arc<T> {
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|one| one.strong_count() > 0);
    let found = all.iter().filter_map(Weak::upgrade).find(|one| fits(one));
    found.unwrap_or_else(|| {
        let new = Arc::new(new());
        all.push(Arc::downgrade(&new));
        new
    })
}

impl Issuer {
    /// Whether a token is good. It waits for the issuer where it has to, at most until
    /// `deadline`.
    ///
    /// # Errors
    /// See [`Denial`].
    pub async fn judge(
        &self,
        oauth: &Oauth,
        token: AccessToken<'_>,
        now: SystemTime,
        deadline: Instant,
    ) -> Result<Option<Once>, Denial> {
        match &self.0 {
            Kind::Keys(keys) => keys.judge(oauth, token, now, deadline).await,
            Kind::Introspector(introspector) => {
                let answer = introspector.ask(token, deadline).await?;
                oauth.introspected(&answer, now)?;
                Ok(None)
            }
        }
    }
}
