//! A caller over HTTP/1.1 that has closed its side after its request: it may wait for the
//! answer, or be gone, and on the wire both look the same.

use super::activity::{Activity, BodyState};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Duration, Instant, Sleep, sleep_until};

/// How long the answer to a caller that has closed its side may take, before the caller
/// counts as gone.
const PATIENCE: Duration = Duration::from_secs(1);

/// The same while its body is still being read, which it may have sent in part only.
const SHORT: Duration = Duration::from_millis(50);

/// A stream that tells of its end a little later while a request is in flight, because
/// hyper drops the request then.
pub(super) struct HalfClosed<S> {
    stream: S,
    activity: Arc<Activity>,
    ended: Option<Ended>,
}

struct Ended {
    at: Instant,
    sleep: Pin<Box<Sleep>>,
}

impl<S> HalfClosed<S> {
    pub(super) fn new(stream: S, activity: Arc<Activity>) -> Self {
        Self {
            stream,
            activity,
            ended: None,
        }
    }

    /// Ready when the end may be told.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let ended = self.ended.get_or_insert_with(|| {
            let at = Instant::now();
            let sleep = Box::pin(sleep_until(at + SHORT));
            Ended { at, sleep }
        });
        loop {
            if self.activity.idle() {
                return Poll::Ready(());
            }
            ready!(ended.sleep.as_mut().poll(context));
            let end = ended.at + PATIENCE;
            if self.activity.body_is(BodyState::Open) || Instant::now() >= end {
                return Poll::Ready(());
            }
            ended.sleep.as_mut().reset(end);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for HalfClosed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ended.is_none() {
            let before = buffer.filled().len();
            ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
            if buffer.filled().len() > before || buffer.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
        }
        self.poll_end(context).map(Ok)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HalfClosed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
