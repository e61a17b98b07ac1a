//! Bodies that are counted while they go by, and cut off where they are too long.

use super::failure::{Failure, Report};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::pin::Pin;
use std::sync::Weak;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use wasmtime_wasi_http::{Error, WasiBody};

/// How much of a body may still come.
struct Allowance {
    limit: u64,
    left: u64,
}

impl Allowance {
    fn new(limit: u64) -> Self {
        Self { limit, left: limit }
    }

    /// Takes a frame off, or says what the limit was.
    fn take(&mut self, frame: &Frame<Bytes>) -> Result<(), u64> {
        let bytes = frame
            .data_ref()
            .map_or(0, |data| u64::try_from(data.len()).unwrap_or(u64::MAX));
        self.left = self.left.checked_sub(bytes).ok_or(self.limit)?;
        Ok(())
    }
}

/// What a plugin sends.
pub(super) struct Outgoing {
    inner: WasiBody,
    allowance: Allowance,
    /// Nothing for a body that is the host's own.
    call: Option<Weak<()>>,
}

impl Outgoing {
    /// A body of a call, which is there for as long as the call goes on.
    pub(super) fn new(inner: WasiBody, limit: u64, call: Weak<()>) -> Self {
        Self {
            inner,
            allowance: Allowance::new(limit),
            call: Some(call),
        }
    }

    /// No body.
    pub(super) fn none() -> Self {
        let none = Empty::new().map_err(|never| match never {});
        Self {
            inner: none.boxed_unsync(),
            allowance: Allowance::new(0),
            call: None,
        }
    }

    /// A body that its plugin had no time to finish ends like one that is finished. The
    /// service must not take the one for the other.
    fn may_end(&self) -> bool {
        let call = self.call.as_ref();
        call.is_none_or(|call| call.strong_count() > 0)
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        if frame.is_none() && !self.may_end() {
            return Poll::Ready(Some(Err(Error::ConnectionTerminated)));
        }
        Poll::Ready(frame.map(|frame| {
            let frame = frame?;
            let taken = self.allowance.take(&frame);
            taken.map_err(|limit| Error::HttpRequestBodySize(Some(limit)))?;
            Ok(frame)
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.may_end() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Waits until a plugin has written something into a body: whether it has, or ended it
/// without.
pub(super) async fn is_written(body: &mut WasiBody) -> bool {
    while let Some(frame) = body.frame().await {
        match frame.map(|frame| frame.data_ref().is_some_and(|data| !data.is_empty())) {
            Ok(true) => return true,
            Ok(false) => {}
            Err(_) => return false,
        }
    }
    false
}

/// What comes back.
pub(super) struct Answer {
    inner: Incoming,
    allowance: Allowance,
    deadline: Pin<Box<Sleep>>,
    /// How long the plugin waits between two frames, and until when for the next.
    pause: Option<(Duration, Pin<Box<Sleep>>)>,
    report: Report,
    /// Counts as a request that goes on, until its end.
    place: Option<OwnedSemaphorePermit>,
}

impl Answer {
    /// Counts an answer's body, until a time at most, with at most a pause between two
    /// frames of it.
    pub(super) fn boxed(
        inner: Incoming,
        limit: u64,
        (deadline, pause): (Instant, Option<Duration>),
        report: Report,
        place: OwnedSemaphorePermit,
    ) -> WasiBody {
        let ended = inner.is_end_stream();
        Self {
            inner,
            allowance: Allowance::new(limit),
            deadline: Box::pin(sleep_until(deadline)),
            pause: pause.map(|pause| (pause, Box::pin(sleep(pause)))),
            report,
            place: (!ended).then_some(place),
        }
        .boxed_unsync()
    }

    fn poll_inner(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(context) else {
            let late = self.deadline.as_mut().poll(context).is_ready();
            let paused = |(_, until): &mut (_, Pin<Box<Sleep>>)| until.as_mut().poll(context);
            return if late {
                Poll::Ready(Some(Err(Failure::of(Error::HttpResponseTimeout))))
            } else if self
                .pause
                .as_mut()
                .map(paused)
                .is_some_and(|it| it.is_ready())
            {
                Poll::Ready(Some(Err(Failure::of(Error::ConnectionReadTimeout))))
            } else {
                Poll::Pending
            };
        };
        if let Some((pause, until)) = &mut self.pause {
            until.as_mut().reset(Instant::now() + *pause);
        }
        Poll::Ready(frame.map(|frame| {
            let cut = Error::HttpResponseIncomplete;
            let frame = frame.map_err(|error| Failure::of_hyper(&error, cut))?;
            let taken = self.allowance.take(&frame);
            taken.map_err(|limit| Failure::of(Error::HttpResponseBodySize(Some(limit))))?;
            Ok(frame)
        }))
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(self.poll_inner(context));
        if !matches!(frame, Some(Ok(_))) {
            self.place = None;
        }
        Poll::Ready(frame.map(|frame| frame.map_err(|failure| self.report.log(failure))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
