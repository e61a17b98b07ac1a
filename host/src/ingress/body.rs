//! A request's body: read within its limit, or dropped without breaking the
//! connection under the caller's hands.

use crate::fairness::BodyMemory;
use crate::respond::Rejection;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::EXPECT;
use http_body_util::BodyExt;
use hyper::body::Body;
use std::error::Error;
use std::time::Duration;

/// How much of an unwanted body is read and dropped, so that a caller who is still
/// sending gets to see the answer instead of a broken connection.
const DISCARDED_BYTES: usize = 16 << 20;
const DISCARDING: Duration = Duration::from_secs(2);

/// What `handle` takes as a body: hyper's, or any other in memory.
pub trait RequestBody:
    Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Unpin
{
}

impl<B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Unpin> RequestBody for B {}

/// A body of which nothing has been read.
pub(super) struct Unread<B> {
    body: B,
    /// The caller sends it only when it is told to go on (RFC 9110, 10.1.1), which
    /// hyper does when the body is first asked for.
    awaits_word: bool,
}

impl<B: RequestBody> Unread<B> {
    pub(super) fn new(body: B, headers: &HeaderMap) -> Self {
        let expects = |value: &[u8]| value.eq_ignore_ascii_case(b"100-continue");
        Self {
            body,
            awaits_word: headers
                .get(EXPECT)
                .is_some_and(|value| expects(value.as_bytes())),
        }
    }

    /// The whole body, of `limit` bytes at most. It takes memory as it comes, not as it is
    /// declared.
    pub(super) async fn read(
        mut self,
        limit: usize,
        memory: &mut BodyMemory,
    ) -> Result<Bytes, Rejection> {
        let declared = usize::try_from(self.body.size_hint().lower()).unwrap_or(usize::MAX);
        if declared > limit {
            self.discard().await;
            return Err(Rejection::BodyTooLarge(limit));
        }
        // One piece of memory: a body of many small chunks would otherwise cost many
        // times its size.
        let mut whole = BytesMut::new();
        while let Some(frame) = self.body.frame().await {
            // Whoever has begun to send is past waiting for a word.
            self.awaits_word = false;
            let Ok(frame) = frame else {
                return Err(Rejection::BodyIncomplete);
            };
            let data = frame.into_data().unwrap_or_default();
            if data.len() > limit - whole.len() {
                self.discard().await;
                return Err(Rejection::BodyTooLarge(limit));
            }
            let length = whole.len() + data.len();
            if length > whole.capacity() {
                let capacity = next_capacity(length, declared, limit);
                if let Err(refusal) = memory.grow(capacity - whole.capacity()) {
                    self.discard().await;
                    return Err(Rejection::Refused(refusal));
                }
                let mut larger = BytesMut::with_capacity(capacity);
                larger.extend_from_slice(&whole);
                whole = larger;
            }
            whole.extend_from_slice(&data);
        }
        Ok(whole.freeze())
    }

    /// Reads and drops it, within bounds; not where the caller still waits for a
    /// word and need not send it at all.
    pub(super) async fn discard(mut self) {
        if self.awaits_word {
            return;
        }
        let read = async {
            let mut discarded = 0;
            while let Some(Ok(frame)) = self.body.frame().await {
                discarded += frame.data_ref().map_or(0, Bytes::len);
                if discarded > DISCARDED_BYTES {
                    break;
                }
            }
        };
        // Whoever sends for longer than this does not listen anyway.
        let _ = tokio::time::timeout(DISCARDING, read).await;
    }
}

/// What is declared up to this size is taken at once: most bodies are not larger.
const SMALL: usize = 64 << 10;

/// The least that is taken for what is larger, or declares nothing.
const LEAST: usize = 16 << 10;

/// How much room a body gets of which so many bytes have come: all that is declared where
/// that is little, otherwise twice what has come, within what is declared and allowed.
fn next_capacity(length: usize, declared: usize, limit: usize) -> usize {
    let most = if declared >= length { declared } else { limit };
    let wanted = if (length..=SMALL).contains(&declared) {
        declared
    } else {
        length.saturating_mul(2).max(LEAST)
    };
    wanted.min(most).max(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_takes_memory_as_it_comes() {
        const LIMIT: usize = 4 << 20;
        // Small ones at once, and no more than they need.
        assert_eq!(next_capacity(10, 700, LIMIT), 700);
        assert_eq!(next_capacity(10, SMALL, LIMIT), SMALL);
        // Large ones by and by.
        assert_eq!(next_capacity(10, LIMIT, LIMIT), LEAST);
        assert_eq!(next_capacity(100_000, LIMIT, LIMIT), 200_000);
        assert_eq!(next_capacity(3 << 20, LIMIT, LIMIT), LIMIT);
        assert_eq!(next_capacity(100_000, 150_000, LIMIT), 150_000);
        // Chunked ones declare nothing.
        assert_eq!(next_capacity(10, 0, LIMIT), LEAST);
        assert_eq!(next_capacity(100_000, 0, LIMIT), 200_000);
        assert_eq!(next_capacity(11, 0, 12), 12);
    }
}
