//! The keys of one issuer, fetched when they are needed and kept for a time.
//!
//! A stranger's token can name any key. So fetches have a [`Budget`], and go one at
//! a time, whoever wants them; each runs to its end in a task of its own, even if whoever
//! wanted it goes away, because otherwise coming and going would begin one after another.

use super::Denial;
use super::budget::Budget;
use super::endpoint::{Endpoint, FetchError};
use crate::auth::{AccessToken, Jwks, KeySet, KeySetError, Oauth, Once, Refusal};
use http::Request;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};
use tokio::sync::watch;

/// One byte beyond what a set may have, so that the set says that it is too large.
const MOST_BYTES: usize = KeySet::MOST_BYTES + 1;

pub(super) struct Keys {
    jwks: Jwks,
    endpoint: Endpoint,
    state: Mutex<State>,
}

struct State {
    held: Option<Held>,
    budget: Budget,
    /// Why the last one came to nothing, if it did.
    failure: Option<FetchFailure>,
    /// Closed when the fetch that is under way has ended.
    flight: Option<watch::Receiver<()>>,
}

#[derive(Clone)]
struct Held {
    set: Arc<KeySet>,
    /// When its fetch began.
    asked: Instant,
    /// When it came.
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
            state: Mutex::new(State {
                held: None,
                budget: Budget::new(jwks.retry, Instant::now()),
                failure: None,
                flight: None,
            }),
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
        let arrival = Instant::now();
        let Held { set, mut asked, .. } = self.held(deadline).await?;
        match oauth.signed(token, &set, now) {
            Err(Refusal::UnknownKey) => {}
            judged => return Ok(judged?),
        }
        // What no key could make good is no reason to fetch any.
        oauth.could_be_good(token, now)?;
        // The key may be a new one. Only a set that was asked for after the token came
        // tells that it is none.
        while asked < arrival {
            let newer = self.newer_than(asked, deadline).await?;
            match oauth.signed(token, &newer.set, now) {
                Err(Refusal::UnknownKey) => asked = newer.asked,
                judged => return Ok(judged?),
            }
        }
        Err(Refusal::UnknownKey.into())
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
            .ok_or_else(|| self.unreachable(state))
    }

    /// Keys that were asked for after `asked`, for a token that those of then do not fit.
    async fn newer_than(
        self: &Arc<Self>,
        asked: Instant,
        deadline: Instant,
    ) -> Result<Held, Denial> {
        let newer = |state: &State| state.held.clone().filter(|held| held.asked > asked);
        let flight = {
            let mut state = self.lock();
            if let Some(held) = newer(&state) {
                return Ok(held);
            }
            self.fetch(&mut state)
        };
        if let Some(flight) = flight {
            landed(flight, deadline).await;
        }
        let state = self.lock();
        newer(&state).ok_or_else(|| self.unreachable(state))
    }

    /// Begins a fetch, if the budget has one. Returns what to wait for.
    fn fetch(self: &Arc<Self>, state: &mut State) -> Option<watch::Receiver<()>> {
        // One whose sender is gone has ended, however it did.
        let flying = state.flight.take().filter(|it| it.has_changed().is_ok());
        state.flight = flying.or_else(|| {
            state.budget.take(Instant::now()).ok()?;
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
        let asked = Instant::now();
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
                let known = state.held.as_ref();
                if known.is_none_or(|known| !known.set.has_same_keys(&set)) {
                    state.budget.give_back();
                }
                state.held = Some(Held {
                    set: Arc::new(set),
                    asked,
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

    fn unreachable(&self, mut state: MutexGuard<'_, State>) -> Denial {
        let reason = match &state.failure {
            Some(failure) => failure.to_string(),
            None if state.flight.is_some() => "it has not answered in time".to_owned(),
            None => "no known key fits the token, and newer ones may not be fetched yet".to_owned(),
        };
        Denial::Unreachable {
            kind: "issuer-unavailable",
            reason: format!("the issuer's keys at {}: {reason}", self.jwks.url),
            wait: state.budget.wait(Instant::now()),
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
