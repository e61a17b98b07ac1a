//! One caller: a kept-alive connection over HTTP/1.1, and what came back over it.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, RETRY_AFTER};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// What is asked, and what has to come back.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) token: String,
    pub(crate) body: Bytes,
    /// The text that a good answer has, to the byte. None: nobody looks at it.
    pub(crate) expected: Option<Bytes>,
}

/// What came of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Answer {
    /// An answer with this status. One with 200 has the right text.
    Status(u16),
    /// A 200 with another text than it should have.
    Wrong,
    /// A 503 that does not say when to come again.
    BareRefusal,
    /// The connection ended before the answer, or could not be made.
    Lost,
}

/// A connection that is used for one request at a time.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    /// None if it is refused.
    pub(crate) async fn open(address: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(address).await.ok()?;
        stream.set_nodelay(true).ok()?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.ok()?;
        // Its end is seen by the sender.
        tokio::task::spawn_local(connection);
        Some(Self { sender })
    }

    /// Whether another request can be sent over it. A server may close what is idle.
    pub(crate) fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Sends the request and reads the whole answer.
    pub(crate) async fn ask(&mut self, target: &Target) -> Answer {
        self.fetch(target)
            .await
            .map_or(Answer::Lost, |(answer, _)| answer)
    }

    /// The same with the answer's text. None for what `ask` calls lost.
    pub(crate) async fn fetch(&mut self, target: &Target) -> Option<(Answer, Bytes)> {
        let request = Request::builder()
            .method(target.method.clone())
            .uri(target.path.as_str())
            .header(HOST, "localhost")
            .header(AUTHORIZATION, target.token.as_str())
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(target.body.clone()))
            .ok()?;
        self.sender.ready().await.ok()?;
        let answer = self.sender.send_request(request).await.ok()?;
        let status = answer.status();
        let says_when = answer.headers().contains_key(RETRY_AFTER);
        let text = answer.into_body().collect().await.ok()?.to_bytes();
        let answer = match &target.expected {
            Some(expected) if status == StatusCode::OK && text != *expected => Answer::Wrong,
            _ if status == StatusCode::SERVICE_UNAVAILABLE && !says_when => Answer::BareRefusal,
            _ => Answer::Status(status.as_u16()),
        };
        Some((answer, text))
    }
}
