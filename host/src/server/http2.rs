//! HTTP/2, on h2 itself: hyper cannot answer `Expect: 100-continue` over it, and sends
//! the bodies of answers to HEAD.

use super::answer::Answer;
use super::body::{Expectation, RequestBody};
use super::connection::Protocol;
use crate::config::Server;
use bytes::Bytes;
use h2::server::{Builder, Connection, Handshake, SendResponse};
use h2::{Reason, SendStream};
use http::header::{CONTENT_LENGTH, DATE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Body;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::SystemTime;
use tokio::io::{AsyncRead, AsyncWrite};

/// How many streams a caller may have reset before they were looked at, and how many may
/// have been reset for its mistakes, until the connection is ended.
const PENDING_RESETS: usize = 20;
const ERROR_RESETS: usize = 128;

/// What a caller may send before it is read, in bytes: of one body, and of all of a
/// connection.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;

/// What is kept of each answer for a caller that does not read, in bytes.
const SEND_BUFFER: usize = 64 << 10;

/// A connection over HTTP/2, and who answers its requests.
pub(super) struct Http2<S, H> {
    state: State<S>,
    handler: H,
    leaving: bool,
}

enum State<S> {
    Handshaking(Handshake<S, Bytes>),
    Serving(Connection<S, Bytes>),
}

impl<S, H, F> Http2<S, H>
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Fn(Request<RequestBody>) -> F,
    F: Future<Output = Result<Response<Answer>, Infallible>> + Send + 'static,
{
    /// `head_bytes` is the largest head of a request.
    pub(super) fn new(stream: S, settings: &Server, head_bytes: usize, handler: H) -> Self {
        let handshake = Builder::new()
            .max_header_list_size(u32::try_from(head_bytes).unwrap_or(u32::MAX))
            .max_concurrent_streams(settings.streams)
            .max_pending_accept_reset_streams(PENDING_RESETS)
            .max_local_error_reset_streams(Some(ERROR_RESETS))
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buffer_size(SEND_BUFFER)
            .handshake(stream);
        Self {
            state: State::Handshaking(handshake),
            handler,
            leaving: false,
        }
    }
}

impl<S, H, F> Protocol for Http2<S, H>
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
    H: Fn(Request<RequestBody>) -> F + Send,
    F: Future<Output = Result<Response<Answer>, Infallible>> + Send + 'static,
{
    async fn run(&mut self) -> Result<(), String> {
        loop {
            match &mut self.state {
                State::Handshaking(handshake) => {
                    let mut connection = handshake.await.map_err(in_words)?;
                    if self.leaving {
                        connection.graceful_shutdown();
                    }
                    self.state = State::Serving(connection);
                }
                State::Serving(connection) => match connection.accept().await {
                    Some(Ok((request, respond))) => {
                        let is_head = *request.method() == Method::HEAD;
                        let (request, expectation) = RequestBody::http2(request);
                        let answer = (self.handler)(request);
                        tokio::spawn(async move {
                            let exchange = Exchange {
                                respond,
                                is_head,
                                expectation,
                            };
                            exchange.run(answer).await
                        });
                    }
                    Some(Err(error)) => return Err(in_words(error)),
                    None => return Ok(()),
                },
            }
        }
    }

    fn graceful_shutdown(&mut self) {
        self.leaving = true;
        if let State::Serving(connection) = &mut self.state {
            connection.graceful_shutdown();
        }
    }
}

fn in_words(error: h2::Error) -> String {
    format!("http2 error: {error}")
}

/// One request and its answer.
struct Exchange {
    respond: SendResponse<Bytes>,
    is_head: bool,
    expectation: Option<Arc<Expectation>>,
}

impl Exchange {
    /// Waits for the answer and sends it. The request's future is dropped when the caller
    /// resets the stream, or the connection ends.
    async fn run(mut self, answer: impl Future<Output = Result<Response<Answer>, Infallible>>) {
        let Some(response) = self.answered(answer).await else {
            return;
        };
        // Whoever does not take an answer has been noticed elsewhere.
        if let Err(error) = self.send(response).await {
            tracing::debug!(error = in_words(error).as_str(), "an answer was not sent");
        }
    }

    async fn answered(
        &mut self,
        answer: impl Future<Output = Result<Response<Answer>, Infallible>>,
    ) -> Option<Response<Answer>> {
        let mut answer = pin!(answer);
        poll_fn(|context| {
            if let Poll::Ready(Ok(response)) = answer.as_mut().poll(context) {
                return Poll::Ready(Some(response));
            }
            if self.expectation.as_ref().is_some_and(|it| it.is_due()) {
                let mut word = Response::new(());
                *word.status_mut() = StatusCode::CONTINUE;
                if self.respond.send_informational(word).is_err() {
                    return Poll::Ready(None);
                }
            }
            self.respond.poll_reset(context).map(|_| None)
        })
        .await
    }

    async fn send(mut self, response: Response<Answer>) -> Result<(), h2::Error> {
        let (mut head, body) = response.into_parts();
        let date = httpdate::fmt_http_date(SystemTime::now());
        if let Ok(date) = HeaderValue::from_str(&date) {
            head.headers.insert(DATE, date);
        }
        if !body.is_end_stream()
            && let Some(length) = body.size_hint().exact()
        {
            head.headers.insert(CONTENT_LENGTH, length.into());
        }
        let without_body = self.is_head || body.is_end_stream();
        let head = Response::from_parts(head, ());
        let stream = self.respond.send_response(head, without_body)?;
        if without_body {
            return Ok(());
        }
        send_body(stream, body).await
    }
}

/// Sends a body piece by piece. The next piece is only asked for when the caller has room
/// for the one before.
async fn send_body(mut stream: SendStream<Bytes>, mut body: Answer) -> Result<(), h2::Error> {
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        // Not the whole piece: what is reserved here is taken from the other streams.
        stream.reserve_capacity(1);
        poll_fn(|context| {
            if let Poll::Ready(reason) = stream.poll_reset(context) {
                return Poll::Ready(Err(reason.map_or_else(|error| error, h2::Error::from)));
            }
            if stream.capacity() > 0 {
                return Poll::Ready(Ok(()));
            }
            match stream.poll_capacity(context) {
                Poll::Ready(Some(Ok(_))) if stream.capacity() > 0 => Poll::Ready(Ok(())),
                Poll::Ready(Some(Ok(_))) => {
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                Poll::Ready(Some(Err(error))) => Poll::Ready(Err(error)),
                Poll::Ready(None) => Poll::Ready(Err(Reason::CANCEL.into())),
                Poll::Pending => Poll::Pending,
            }
        })
        .await?;
        stream.send_data(piece, body.is_end_stream())?;
    }
    Ok(())
}
