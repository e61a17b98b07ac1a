//! Questions to an issuer about tokens (RFC 7662), with a memory for its answers.
//!
//! A stranger's tokens have to be asked about like any other. So only so many questions
//! are on their way at once, and what is known of good tokens is kept apart from what is
//! known of bad ones, so that nobody can crowd it out.

use super::Denial;
use super::endpoint::{Endpoint, FetchError};
use crate::auth::{AccessToken, Answer, Introspection};
use crate::throttle::Throttle;
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

/// With these statuses an issuer refuses a question because of the token in it: it is of
/// another kind, malformed or too long. Every other question may have an answer.
const ABOUT_THE_TOKEN: [u16; 5] = [400, 413, 414, 422, 431];

/// Whoever is turned away because of an issuer that fails comes back after so long.
const PAUSE: Duration = Duration::from_secs(5);

pub(super) struct Introspector {
    introspection: Introspection,
    endpoint: Endpoint,
    questions: Semaphore,
    known: Mutex<Known>,
    throttle: Throttle,
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
            throttle: Throttle::new(),
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
        let answer = match asked {
            Ok(body) => Answer::parse(&body).ok_or_else(|| {
                self.unreachable("its answer is not JSON of the form that RFC 7662 demands")
            })?,
            Err(error) => match &error {
                FetchError::Status {
                    status,
                    client_unknown: false,
                } if ABOUT_THE_TOKEN.contains(status) => Answer::NotOfTheIssuer(*status),
                FetchError::Status {
                    status: 401 | 403, ..
                }
                | FetchError::Status {
                    client_unknown: true,
                    ..
                } => {
                    let reason = format!(
                        "{error}: it does not take Retort's own credentials; \
                         check `client` and `secret` of `introspection`"
                    );
                    return Err(self.unreachable(&reason));
                }
                _ => return Err(self.unreachable(&error.to_string())),
            },
        };
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
        let url = self.introspection.url.as_str();
        match self.throttle.admit("unreachable") {
            Some(left_out) => {
                tracing::warn!(url, reason, left_out, "the issuer could not be asked");
            }
            None => tracing::debug!(url, reason, "the issuer could not be asked"),
        }
        Denial::Unreachable {
            kind: "issuer-unavailable",
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
