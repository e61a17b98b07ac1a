//! A request's body: read within its limit, or dropped without breaking the
//! connection under the caller's hands.

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

    /// The whole body, of `limit` bytes at most.
    pub(super) async fn read(mut self, limit: usize) -> Result<Bytes, Rejection> {
        let declared = usize::try_from(self.body.size_hint().lower()).unwrap_or(usize::MAX);
        if declared > limit {
            self.discard().await;
            return Err(Rejection::BodyTooLarge(limit));
        }
        // One piece of memory: a body of many small chunks would otherwise cost many
        // times its size.
        let mut whole = BytesMut::with_capacity(declared);
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
