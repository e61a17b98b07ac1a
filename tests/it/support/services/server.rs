//! A server that answers as a function says, and remembers what it was asked.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// A running server.
pub(crate) struct Service {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    runtime: Option<Runtime>,
}

/// What it was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Where the connection came from: two requests with the same shared one.
    pub(crate) peer: SocketAddr,
    pub(crate) method: Method,
    pub(crate) path: String,
    /// The query's parameters, decoded.
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Asked {
    /// A header that can be read as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body's characters.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What it answers.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
    /// How long the answer takes to begin.
    pub(crate) after: Duration,
    /// Whether the connection breaks before the body is complete.
    pub(crate) breaks: bool,
}

impl Reply {
    pub(crate) fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
            after: Duration::ZERO,
            breaks: false,
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn json(mut self, value: &serde_json::Value) -> Self {
        self.body = value.to_string().into();
        self.header("content-type", "application/json;charset=utf-8")
    }
}

impl Service {
    /// Starts a server of HTTP/1.1 that keeps connections alive.
    pub(crate) fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(answer);
        let log = Arc::clone(&asked);
        runtime.spawn(async move {
            while let Ok((stream, peer)) = listener.accept().await {
                let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                let service = service_fn(move |request| {
                    let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                    async move {
                        // A caller who breaks off has asked nothing.
                        let asked = Asked::read(peer, request).await?;
                        let reply = answer(&asked);
                        log.lock().unwrap().push(asked);
                        tokio::time::sleep(reply.after).await;
                        Ok::<_, hyper::Error>(reply.into_response().unwrap())
                    }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                // A connection that breaks is what some tests are about.
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        Self {
            address,
            asked,
            runtime: Some(runtime),
        }
    }

    /// Its origin, such as `http://127.0.0.1:4711`.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Asked {
    async fn read(peer: SocketAddr, request: Request<Incoming>) -> Result<Self, hyper::Error> {
        let (head, body) = request.into_parts();
        let query = head.uri.query().unwrap_or_default();
        let query = url::form_urlencoded::parse(query.as_bytes());
        Ok(Self {
            peer,
            method: head.method,
            path: head.uri.path().to_owned(),
            query: query.into_owned().collect(),
            headers: head.headers,
            body: body.collect().await?.to_bytes(),
        })
    }
}

impl Reply {
    fn into_response(self) -> http::Result<Response<Sent>> {
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        response.body(Sent {
            rest: (!self.body.is_empty()).then_some(self.body),
            breaks: self.breaks,
            was_sent: false,
        })
    }
}

/// A body that may break off.
struct Sent {
    rest: Option<Bytes>,
    breaks: bool,
    /// Whether what was handed over had the time to be sent.
    was_sent: bool,
}

impl Body for Sent {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(rest) = self.rest.take() {
            return Poll::Ready(Some(Ok(Frame::data(rest))));
        }
        if self.breaks && !self.was_sent {
            // The server sends what it has while there is no more.
            self.was_sent = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(match self.breaks {
            true => Some(Err(io::Error::other("the test breaks it off"))),
            false => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && !self.breaks
    }
}
