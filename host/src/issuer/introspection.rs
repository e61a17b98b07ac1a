//! Questions to an issuer about tokens (RFC 7662), with a memory for its answers.
//!
//! A stranger's tokens have to be asked about like any other. So only so many questions
//! are on their way at once, and what is known of good tokens is kept apart from what is
//! known of bad ones, so that nobody can crowd it out.

use super::Denial;
use super::endpoint::Endpoint;
use crate::auth::{AccessToken, Answer, Introspection};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use http_body_util::Full;
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::Semaphore;
use url::form_urlencoded;

/// The largest answer, in bytes.
const MOST_BYTES: usize = 64 << 10;

/// Questions to one issuer at once; more wait.
const QUESTIONS: usize = 16;

/// Good tokens, and as many bad ones, of which the answer is known.
const REMEMBERED: usize = 10_000;

/// Whoever is turned away because of an issuer that fails comes back after so long.
const PAUSE: Duration = Duration::from_secs(5);

pub(super) struct Introspector {
    introspection: Introspection,
    endpoint: Endpoint,
    questions: Semaphore,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    active: Memory,
    inactive: Memory,
}

impl Introspector {
    pub(super) fn new(introspection: &Introspection) -> Self {
        let roots = introspection.roots.as_ref();
        Self {
            introspection: introspection.clone(),
            endpoint: Endpoint::new(&introspection.url, roots, introspection.timeout),
            questions: Semaphore::new(QUESTIONS),
            known: Mutex::default(),
        }
    }

    pub(super) fn is_of(&self, introspection: &Introspection) -> bool {
        self.introspection == *introspection
    }

    /// What the issuer says of a token, now or a short time ago.
    pub(super) async fn ask(
        &self,
        token: AccessToken<'_>,
        deadline: Instant,
    ) -> Result<Answer, Denial> {
        let digest: [u8; 32] = Sha256::digest(token.expose()).into();
        if let Some(answer) = self.remembered(&digest) {
            return Ok(answer);
        }
        tokio::time::timeout_at(deadline.into(), self.ask_anew(token, digest))
            .await
            .unwrap_or_else(|_| Err(self.unreachable("it has not answered in time")))
    }

    async fn ask_anew(&self, token: AccessToken<'_>, digest: [u8; 32]) -> Result<Answer, Denial> {
        let Ok(_question) = self.questions.acquire().await else {
            return Err(self.unreachable("nobody may ask it any more"));
        };
        // Somebody else may have asked the same meanwhile.
        if let Some(answer) = self.remembered(&digest) {
            return Ok(answer);
        }
        let asked = self.endpoint.ask(self.question(token), MOST_BYTES).await;
        let body = asked.map_err(|error| self.unreachable(&error.to_string()))?;
        let answer = Answer::parse(&body).ok_or_else(|| {
            self.unreachable("its answer is not JSON of the form that RFC 7662 demands")
        })?;
        self.remember(digest, &answer);
        Ok(answer)
    }

    fn question(&self, token: AccessToken<'_>) -> Request<Full<Bytes>> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("token", token.expose())
            .append_pair("token_type_hint", "access_token")
            .finish();
        let mut request = Request::new(Full::new(Bytes::from(form)));
        *request.method_mut() = Method::POST;
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, kind);
        let authorization = self.introspection.authorization.clone();
        request.headers_mut().insert(AUTHORIZATION, authorization);
        request
    }

    fn remembered(&self, digest: &[u8; 32]) -> Option<Answer> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let active = known.active.get(digest, now);
        active.or_else(|| known.inactive.get(digest, now))
    }

    fn remember(&self, digest: [u8; 32], answer: &Answer) {
        let left = answer
            .expiry()
            .map(|expiry| expiry.duration_since(SystemTime::now()).unwrap_or_default());
        let cache = self.introspection.cache;
        let until = Instant::now() + left.map_or(cache, |left| left.min(cache));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let memory = if answer.is_active() {
            &mut known.active
        } else {
            &mut known.inactive
        };
        memory.put(digest, answer.clone(), until);
    }

    fn unreachable(&self, reason: &str) -> Denial {
        let url = &self.introspection.url;
        tracing::warn!(url = url.as_str(), reason, "the issuer could not be asked");
        Denial::Unreachable {
            reason: format!("the issuer at {url}: {reason}"),
            wait: PAUSE,
        }
    }
}

/// Answers, each until its time is over. One too many takes the place of that whose
/// time is over first.
#[derive(Default)]
struct Memory {
    answers: HashMap<[u8; 32], (Instant, Answer)>,
    by_end: BTreeSet<(Instant, [u8; 32])>,
}

impl Memory {
    fn get(&mut self, digest: &[u8; 32], now: Instant) -> Option<Answer> {
        let (until, answer) = self.answers.get(digest)?;
        (*until > now).then(|| answer.clone())
    }

    fn put(&mut self, digest: [u8; 32], answer: Answer, until: Instant) {
        if let Some((end, _)) = self.answers.insert(digest, (until, answer)) {
            self.by_end.remove(&(end, digest));
        }
        self.by_end.insert((until, digest));
        let now = Instant::now();
        while let Some((end, digest)) = self.by_end.first().copied()
            && (end <= now || self.answers.len() > REMEMBERED)
        {
            self.by_end.pop_first();
            self.answers.remove(&digest);
        }
    }
}
