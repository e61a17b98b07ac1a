//! The keys of one issuer, fetched when they are needed and kept for a time.
//!
//! A stranger's token can name any key. So fetches begin at least `retry` apart, one at
//! a time, whoever wants them; each runs to its end in a task of its own, even if whoever
//! wanted it goes away, because otherwise coming and going would begin one after another.

use super::Denial;
use super::endpoint::{Endpoint, FetchError};
use crate::auth::{AccessToken, Jwks, KeySet, KeySetError, Oauth, Once, Refusal};
use http::Request;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::watch;

/// One byte beyond what a set may have, so that the set says that it is too large.
const MOST_BYTES: usize = KeySet::MOST_BYTES + 1;

pub(super) struct Keys {
    jwks: Jwks,
    endpoint: Endpoint,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// When the last fetch began.
    tried: Option<Instant>,
    /// Why the last one came to nothing, if it did.
    failure: Option<FetchFailure>,
    /// Closed when the fetch that is under way has ended.
    flight: Option<watch::Receiver<()>>,
}

#[derive(Clone)]
struct Held {
    set: Arc<KeySet>,
    since: Instant,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum FetchFailure {
    #[error(transparent)]
    NotFetched(#[from] FetchError),
    #[error("its keys cannot be used: {0}")]
    NotASet(#[from] KeySetError),
}

impl Keys {
    pub(super) fn new(jwks: &Jwks) -> Self {
        Self {
            jwks: jwks.clone(),
            endpoint: Endpoint::new(&jwks.url, jwks.roots.as_ref(), jwks.timeout),
            state: Mutex::default(),
        }
    }

    pub(super) fn is_of(&self, jwks: &Jwks) -> bool {
        self.jwks == *jwks
    }

    pub(super) async fn judge(
        self: &Arc<Self>,
        oauth: &Oauth,
        token: AccessToken<'_>,
        now: SystemTime,
        deadline: Instant,
    ) -> Result<Option<Once>, Denial> {
        let Held { set, since } = self.held(deadline).await?;
        match oauth.signed(token, &set, now) {
            Err(Refusal::UnknownKey) => {
                let newer = self.newer_than(since, deadline).await?;
                Ok(oauth.signed(token, &newer, now)?)
            }
            judged => Ok(judged?),
        }
    }

    /// The keys as they are known; without any that may be used, it waits for them.
    async fn held(self: &Arc<Self>, deadline: Instant) -> Result<Held, Denial> {
        let flight = {
            let mut state = self.lock();
            let age = state.held.as_ref().map(|held| held.since.elapsed());
            let flight = if age.is_none_or(|age| age > self.jwks.refresh) {
                self.fetch(&mut state)
            } else {
                None
            };
            // Within twice the time, the fetch goes on beside the requests.
            flight.filter(|_| age.is_none_or(|age| age > self.jwks.refresh * 2))
        };
        if let Some(flight) = flight {
            landed(flight, deadline).await;
        }
        let state = self.lock();
        let most = self.jwks.refresh + self.jwks.stale;
        let held = state.held.clone();
        held.filter(|held| held.since.elapsed() <= most)
            .ok_or_else(|| self.unreachable(&state))
    }

    /// Keys that were fetched after `since`, for a token that those of then do not fit.
    async fn newer_than(
        self: &Arc<Self>,
        since: Instant,
        deadline: Instant,
    ) -> Result<Arc<KeySet>, Denial> {
        let newer = |state: &State| {
            let held = state.held.as_ref().filter(|held| held.since > since);
            held.map(|held| Arc::clone(&held.set))
        };
        let flight = {
            let mut state = self.lock();
            if let Some(set) = newer(&state) {
                return Ok(set);
            }
            self.fetch(&mut state)
        };
        if let Some(flight) = flight {
            landed(flight, deadline).await;
        }
        let state = self.lock();
        match newer(&state) {
            Some(set) => Ok(set),
            // The key may be a new one of an issuer that cannot be asked.
            None if state.failure.is_some() || state.flight.is_some() => {
                Err(self.unreachable(&state))
            }
            None => Err(Refusal::UnknownKey.into()),
        }
    }

    /// Begins a fetch, unless the last one began just now. Returns what to wait for.
    fn fetch(self: &Arc<Self>, state: &mut State) -> Option<watch::Receiver<()>> {
        // One whose sender is gone has ended, however it did.
        let flying = state.flight.take().filter(|it| it.has_changed().is_ok());
        state.flight = flying.or_else(|| {
            let waited = state.tried.map(|tried| tried.elapsed());
            if waited.is_some_and(|waited| waited < self.jwks.retry) {
                return None;
            }
            state.tried = Some(Instant::now());
            let (landing, flight) = watch::channel(());
            let keys = Arc::clone(self);
            tokio::spawn(async move {
                keys.fly().await;
                drop(landing);
            });
            Some(flight)
        });
        state.flight.clone()
    }

    async fn fly(&self) {
        let url = self.jwks.url.as_str();
        let fetched = match self.endpoint.ask(Request::default(), MOST_BYTES).await {
            Ok(body) => KeySet::parse(&body).map_err(FetchFailure::from),
            Err(error) => Err(error.into()),
        };
        let mut state = self.lock();
        state.flight = None;
        match fetched {
            Ok(set) => {
                let left_out = set.left_out();
                tracing::info!(
                    url,
                    keys = set.count(),
                    left_out = left_out.as_str(),
                    "the issuer's keys were fetched"
                );
                state.failure = None;
                state.held = Some(Held {
                    set: Arc::new(set),
                    since: Instant::now(),
                });
            }
            Err(failure) => {
                let reason = failure.to_string();
                tracing::warn!(
                    url,
                    reason = reason.as_str(),
                    "the issuer's keys could not be fetched"
                );
                state.failure = Some(failure);
            }
        }
    }

    fn unreachable(&self, state: &State) -> Denial {
        let failure = state.failure.as_ref();
        let reason = failure.map_or_else(
            || "it has not answered in time".to_owned(),
            ToString::to_string,
        );
        let since = state.tried.map_or(Duration::ZERO, |tried| tried.elapsed());
        Denial::Unreachable {
            reason: format!("the issuer's keys at {}: {reason}", self.jwks.url),
            wait: self.jwks.retry.saturating_sub(since),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for the end of a fetch, at most until the deadline.
async fn landed(mut flight: watch::Receiver<()>, deadline: Instant) {
    // Nothing is ever sent: an error is the end.
    let end = async { while flight.changed().await.is_ok() {} };
    let _ = tokio::time::timeout_at(deadline.into(), end).await;
}
