//! A request in flight, from its head to the last byte of its answer's body.

use super::activity::Activity;
use super::connections::Connections;
use crate::fairness::BodyMemory;
use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// How much of a body is handed over at once, in bytes: over HTTP/2 the next piece is
/// only asked for when the peer has room for it, which is how it shows that it reads.
const PIECE: usize = 16 << 10;

/// A request in flight. It ends when this is dropped, however that comes.
pub(super) struct InFlight {
    connections: Arc<Connections>,
    activity: Arc<Activity>,
    /// The answer's number, once there is one.
    answer: Option<u64>,
}

impl InFlight {
    pub(super) fn begin(connections: &Arc<Connections>, activity: &Arc<Activity>) -> Self {
        if activity.begin() {
            connections.wake(activity);
        }
        Self {
            connections: Arc::clone(connections),
            activity: Arc::clone(activity),
            answer: None,
        }
    }

    /// The response, with a body that keeps the request in flight until it is sent.
    pub(super) fn answered(mut self, mut response: Response<Full<Bytes>>) -> Response<Answer> {
        self.answer = Some(self.activity.answer());
        let memory = response.extensions_mut().remove();
        response.map(|body| Answer {
            rest: whole(body),
            request: self,
            _memory: memory,
        })
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.activity.end(self.answer) {
            self.connections.rest(&self.activity);
        }
    }
}

/// An answer's body, in pieces.
pub(super) struct Answer {
    rest: Bytes,
    request: InFlight,
    /// Given back when this is dropped.
    _memory: Option<Arc<BodyMemory>>,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        if let Some(answer) = self.request.answer {
            self.request.activity.progress(answer);
        }
        let length = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(length);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.rest.len()).unwrap_or(u64::MAX))
    }
}

/// The bytes of a body that is all there.
fn whole(mut body: Full<Bytes>) -> Bytes {
    let mut context = Context::from_waker(std::task::Waker::noop());
    match Pin::new(&mut body.frame()).poll(&mut context) {
        Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
        _ => Bytes::new(),
    }
}
