//! HTTP/1.0 and HTTP/1.1, by hyper.

use super::activity::Activity;
use super::answer::Answer;
use super::connection::Protocol;
use super::half_closed::HalfClosed;
use hyper::body::Incoming;
use hyper::server::conn::http1::{Builder, Connection};
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};

/// A connection over HTTP/1, and who answers its requests.
pub(super) struct Http1<S, H>(Pin<Box<Connection<TokioIo<HalfClosed<S>>, H>>>)
where
    H: Service<Request<Incoming>, Response = Response<Answer>, Error = Infallible>;

impl<S, H> Http1<S, H>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
    H: Service<Request<Incoming>, Response = Response<Answer>, Error = Infallible>,
{
    /// `head_bytes` is the largest head of a request.
    pub(super) fn new(stream: S, activity: &Arc<Activity>, head_bytes: usize, handler: H) -> Self {
        let stream = HalfClosed::new(stream, Arc::clone(activity));
        let connection = Builder::new()
            .timer(TokioTimer::new())
            // `Activity` tells the wait for a head from the wait within it; hyper does not.
            .header_read_timeout(None)
            .max_buf_size(head_bytes)
            .serve_connection(TokioIo::new(stream), handler);
        Self(Box::pin(connection))
    }
}

impl<S, H> Protocol for Http1<S, H>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    H: Service<Request<Incoming>, Response = Response<Answer>, Error = Infallible> + Send,
    H::Future: Send,
{
    async fn run(&mut self) -> Result<(), String> {
        self.0.as_mut().await.map_err(|error| error.to_string())
    }

    fn graceful_shutdown(&mut self) {
        self.0.as_mut().graceful_shutdown();
    }
}
