//! A request's body as it comes over either version of HTTP.

use super::activity::{Activity, BodyState};
use bytes::Bytes;
use h2::RecvStream;
use http::header::{CONTENT_LENGTH, EXPECT};
use http::{HeaderMap, Request};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

/// A body that nobody has asked for yet, or that is being read.
pub(super) enum RequestBody {
    Http1(Http1Body),
    Http2(Http2Body),
}

/// hyper's body, whose end decides what may happen to its connection.
pub(super) struct Http1Body {
    incoming: Incoming,
    activity: Arc<Activity>,
}

/// The data of a stream.
pub(super) struct Http2Body {
    stream: RecvStream,
    /// In bytes, where the head says it.
    length: Option<u64>,
    /// Set when the body is asked for and none of it has come.
    expectation: Option<Arc<Expectation>>,
}

/// `Expect: 100-continue` of a request over HTTP/2 (RFC 9110, 10.1.1).
#[derive(Default)]
pub(super) struct Expectation(AtomicBool);

impl Expectation {
    /// Whether the caller has to be told now to send its body. Only once.
    pub(super) fn is_due(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

impl RequestBody {
    pub(super) fn http1(incoming: Incoming, activity: &Arc<Activity>) -> Self {
        let state = if incoming.is_end_stream() {
            BodyState::Read
        } else {
            BodyState::Open
        };
        activity.set_body(state);
        Self::Http1(Http1Body {
            incoming,
            activity: Arc::clone(activity),
        })
    }

    /// The request with its body, and what its caller waits for before it sends that.
    pub(super) fn http2(request: Request<RecvStream>) -> (Request<Self>, Option<Arc<Expectation>>) {
        let (head, stream) = request.into_parts();
        let expects = !stream.is_end_stream() && expects_continue(&head.headers);
        let expectation = expects.then(Arc::<Expectation>::default);
        let body = Self::Http2(Http2Body {
            length: if stream.is_end_stream() {
                Some(0)
            } else {
                declared_length(&head.headers)
            },
            stream,
            expectation: expectation.clone(),
        });
        (Request::from_parts(head, body), expectation)
    }
}

fn expects_continue(headers: &HeaderMap) -> bool {
    headers
        .get(EXPECT)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// The length that the head declares, if it declares one. h2 has compared it with what
/// comes.
fn declared_length(headers: &HeaderMap) -> Option<u64> {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let only = lengths.next().filter(|_| lengths.next().is_none())?;
    only.to_str().ok()?.parse().ok()
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.get_mut() {
            Self::Http1(body) => body.poll(context),
            Self::Http2(body) => body.poll(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Http1(body) => body.incoming.is_end_stream(),
            Self::Http2(body) => body.stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Http1(body) => body.incoming.size_hint(),
            Self::Http2(body) => body
                .length
                .map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}

type Polled = Poll<Option<Result<Frame<Bytes>, Box<dyn Error + Send + Sync>>>>;

impl Http1Body {
    fn poll(&mut self, context: &mut Context<'_>) -> Polled {
        let frame = ready!(Pin::new(&mut self.incoming).poll_frame(context));
        if frame.is_none() || self.incoming.is_end_stream() {
            self.activity.set_body(BodyState::Read);
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }
}

impl Drop for Http1Body {
    fn drop(&mut self) {
        if self.activity.body_is(BodyState::Open) {
            self.activity.set_body(BodyState::GivenUp);
        }
    }
}

impl Http2Body {
    fn poll(&mut self, context: &mut Context<'_>) -> Polled {
        let data = self.stream.poll_data(context);
        if let Some(expectation) = self.expectation.take()
            && data.is_pending()
        {
            expectation.0.store(true, Ordering::Relaxed);
        }
        let Some(data) = ready!(data) else {
            // Trailers mean nothing to a webhook.
            return Poll::Ready(None);
        };
        let frame = data.and_then(|data| {
            // It is taken out of the stream's window when it comes, and given back here.
            self.stream.flow_control().release_capacity(data.len())?;
            Ok(Frame::data(data))
        });
        Poll::Ready(Some(frame.map_err(Into::into)))
    }
}
