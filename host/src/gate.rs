//! Whether a caller is the assistant: what `auth` says by the request alone, the
//! issuer's word where that does not suffice, and whether the token came before.

use crate::auth::{Auth, Once, Refusal, Verdict};
use crate::issuer::{Denial, Issuer};
use crate::process::Process;
use crate::replay::{Replay, Tokens};
use http::HeaderMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// The way in for one assistant.
pub struct Gate {
    auth: Auth,
    issuer: Option<Issuer>,
    guard: Option<Guard>,
}

/// A memory of tokens that may come only once, of so many at most.
struct Guard {
    tokens: Arc<Tokens>,
    most: usize,
}

/// Why a caller does not come in.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// It is not the assistant.
    #[error(transparent)]
    Refused(Refusal),
    /// It cannot be told now whether it is.
    #[error("{reason}")]
    Unknown {
        /// In a word, for metrics.
        kind: &'static str,
        /// In words, for the log.
        reason: String,
        /// When it may be worth trying again.
        wait: Duration,
    },
}

impl Closed {
    /// The reason in a word, for metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.kind(),
            Self::Unknown { kind, .. } => kind,
        }
    }
}

impl From<Refusal> for Closed {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Gate {
    /// Of the assistant of this name.
    #[must_use]
    pub fn new(assistant: &str, auth: Auth, process: &Process) -> Self {
        let issuer = match &auth {
            Auth::Oauth(oauth) => process.issuers.of(&oauth.source),
            _ => None,
        };
        let guard = auth.remember().map(|most| Guard {
            tokens: process.replays.of(assistant),
            most,
        });
        Self {
            issuer,
            guard,
            auth,
        }
    }

    /// Closed for everybody; see [`Auth::refusing`].
    #[must_use]
    pub fn closed() -> Self {
        Self {
            auth: Auth::refusing(),
            issuer: None,
            guard: None,
        }
    }

    /// How a caller proves who it is.
    #[must_use]
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// Whether a request with these headers is from the assistant. It waits for an
    /// issuer where it has to, at most until `deadline`.
    ///
    /// # Errors
    /// See [`Closed`].
    pub async fn admit(&self, headers: &HeaderMap, deadline: Instant) -> Result<(), Closed> {
        let now = SystemTime::now();
        let once = match (self.auth.verify(headers, now)?, &self.auth, &self.issuer) {
            (Verdict::Believed(once), ..) => once,
            (Verdict::AskIssuer(token), Auth::Oauth(oauth), Some(issuer)) => issuer
                .judge(oauth, token, now, deadline)
                .await
                .map_err(|denial| match denial {
                    Denial::Refused(refusal) => Closed::Refused(refusal),
                    Denial::Unreachable { kind, reason, wait } => {
                        Closed::Unknown { kind, reason, wait }
                    }
                })?,
            // Only OAuth asks, and whoever asks has an issuer.
            (Verdict::AskIssuer(_), ..) => return Err(Refusal::UnknownKey.into()),
        };
        match (once, &self.guard) {
            (Some(once), Some(guard)) => guard.take(once),
            _ => Ok(()),
        }
    }
}

impl Guard {
    fn take(&self, Once { digest, until }: Once) -> Result<(), Closed> {
        let now = SystemTime::now();
        let taken = self.tokens.take(digest, until, now, self.most);
        taken.map_err(|replay| match replay {
            Replay::Seen => Refusal::Replayed.into(),
            Replay::Full { wait } => Closed::Unknown {
                kind: "replay-guard-full",
                reason: format!(
                    "the replay guard remembers {} tokens, as many as `replay_tokens` says",
                    self.most
                ),
                wait,
            },
        })
    }
}
