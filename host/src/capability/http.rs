//! `wasi:http/outgoing-handler`: requests to the origins that a stage is granted, by
//! wasmtime's own implementation of the interface over a client of the host's.
//!
//! An [`Outbox`] decides for one call what may be sent; [`client`] has the connections of
//! one plugin and tenant; [`connect`] resolves names, checks addresses and dials; [`body`]
//! counts. A request belongs to its call: it is dropped with the store.

mod body;
mod client;
mod connect;
mod dialled;
mod failure;
mod linking;
mod resolve;

pub(crate) use client::Client;
pub use client::Clients;
pub(crate) use linking::add_to_linker;

use crate::grant::http::Site;
use crate::limits::HttpLimits;
use body::{Answer, Outgoing};
use client::Pool;
use failure::{Failure, Report};
use http::header::{CONTENT_LENGTH, HOST};
use http::request::Parts;
use http::uri::{Scheme, Uri};
use http::{Method, Request, Response};
use hyper::body::Body;
use std::sync::{Arc, Weak};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use wasmtime::component::ResourceTable;
use wasmtime_wasi_http::{
    Error, RequestOptions, Result, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks,
};

/// The most bytes of a request's body that wait within the host for the network.
const CHUNK: usize = 64 << 10;

/// What one call of a plugin may send, and has sent.
pub(crate) struct Outbox {
    hooks: Hooks,
    context: WasiHttpCtx,
}

impl Outbox {
    /// For one call of the plugin of that name.
    pub(crate) fn new(plugin: Arc<str>, client: Option<Arc<Client>>, limits: HttpLimits) -> Self {
        let at_once = usize::try_from(limits.at_once).unwrap_or(1);
        Self {
            hooks: Hooks {
                plugin,
                client,
                limits,
                requests: 0,
                places: Arc::new(Semaphore::new(at_once)),
                call: Arc::new(()),
            },
            context: WasiHttpCtx::new(),
        }
    }

    /// It and its store's handles, as wasmtime's implementation wants them.
    pub(crate) fn view<'a>(&'a mut self, table: &'a mut ResourceTable) -> WasiHttpCtxView<'a> {
        WasiHttpCtxView {
            hooks: &mut self.hooks,
            table,
            ctx: &mut self.context,
        }
    }
}

struct Hooks {
    plugin: Arc<str>,
    client: Option<Arc<Client>>,
    limits: HttpLimits,
    requests: u32,
    places: Arc<Semaphore>,
    /// Gone with the call.
    call: Arc<()>,
}

type Transmission = Box<dyn Future<Output = Result<()>> + Send>;
type Sending = Box<dyn Future<Output = Result<(Response<WasiBody>, Transmission)>> + Send>;

impl WasiHttpHooks for Hooks {
    fn set_host_header(&mut self) -> bool {
        // The client sets it from the URI, in which nothing else can stand.
        false
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        CHUNK
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Transmission,
    ) -> Sending {
        let mut report = Report {
            plugin: Arc::clone(&self.plugin),
            tenant: match &self.client {
                Some(client) => Arc::clone(&client.tenant),
                None => "".into(),
            },
            origin: String::new(),
        };
        match self.admit(&request, &mut report) {
            Ok((pool, uri, place)) => {
                let options = options.unwrap_or_default();
                let exchange = Exchange {
                    pool,
                    uri,
                    place,
                    report,
                    limits: self.limits,
                    start: Instant::now(),
                    call: Arc::downgrade(&self.call),
                };
                Box::new(exchange.run(request, options))
            }
            Err(failure) => {
                // What is beyond the limit may be without end, and the log is not.
                let first_beyond = self.limits.requests.saturating_add(1);
                let refusal = if self.requests <= first_beyond {
                    report.log(failure)
                } else {
                    failure.code
                };
                Box::new(async { Err(refusal) })
            }
        }
    }
}

impl Hooks {
    /// Decides whether a request may be sent: over which connections, and its URI in the
    /// one form in which it was looked at.
    fn admit(
        &mut self,
        request: &Request<WasiBody>,
        report: &mut Report,
    ) -> Result<(Arc<Pool>, Uri, OwnedSemaphorePermit), Failure> {
        self.requests = self.requests.saturating_add(1);
        let denied = |reason: &str| Failure::refused(Error::HttpRequestDenied, reason);
        if self.requests > self.limits.requests {
            let reason = "it is one more than `http.requests` in the limits";
            return Err(denied(reason));
        }
        let https = request.uri().scheme() == Some(&Scheme::HTTPS);
        let authority = request.uri().authority().map_or("", |it| it.as_str());
        let site = Site::read(https, authority)
            .map_err(|error| Failure::refused(Error::HttpRequestUriInvalid, error))?;
        report.origin = site.to_string();
        let client = self.client.as_ref();
        let client = client.ok_or_else(|| denied("HTTP is not granted"))?;
        let path = request.uri().path();
        let pool = client
            .pool(&site, request.method(), path)
            .map_err(|error| Failure::refused(Error::HttpRequestDenied, error))?;
        let limit = self.limits.request_bytes;
        let length = request.headers().get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length > limit) {
            return Err(Failure::refused(
                Error::HttpRequestBodySize(Some(limit)),
                "its body is larger than `http.request` in the limits",
            ));
        }
        let query = request.uri().query();
        let query = query.map_or_else(String::new, |query| format!("?{query}"));
        let uri = Uri::builder()
            .scheme(site.scheme())
            .authority(site.authority())
            .path_and_query(format!("{path}{query}"))
            .build()
            .map_err(|error| Failure::refused(Error::HttpRequestUriInvalid, error))?;
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            let reason = "more go on already than `http.at_once` in the limits";
            Failure::refused(Error::ConnectionLimitReached, reason)
        })?;
        Ok((pool, uri, place))
    }
}

/// Whether hyper would leave out a body over HTTP/1.1: it has no length, and with these
/// methods it is not sent in chunks, because hardly any server expects that.
fn has_no_frame(parts: &Parts) -> bool {
    let bodiless = matches!(parts.method, Method::GET | Method::HEAD | Method::CONNECT);
    bodiless && !parts.headers.contains_key(CONTENT_LENGTH)
}

/// A request that may be sent.
struct Exchange {
    pool: Arc<Pool>,
    uri: Uri,
    place: OwnedSemaphorePermit,
    report: Report,
    limits: HttpLimits,
    start: Instant,
    call: Weak<()>,
}

impl Exchange {
    /// Sends it, and waits for the head of the answer.
    async fn run(
        self,
        request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<(Response<WasiBody>, Transmission)> {
        let deadline = self.start + self.limits.timeout;
        let (mut parts, body) = request.into_parts();
        parts.uri = self.uri;
        parts.headers.remove(HOST);
        let sending = async {
            if has_no_frame(&parts) {
                self.pool.send_without_body(parts, body).await
            } else if body.is_end_stream() {
                self.pool.send_bare(&parts).await
            } else {
                let body = Outgoing::new(body, self.limits.request_bytes, self.call);
                self.pool.send(Request::from_parts(parts, body)).await
            }
        };
        // The plugin may be in more of a hurry. What it says of connecting only counts
        // together with the first byte: the connection may be there already, or another's.
        let hurry = options.first_byte_timeout.map(|first| {
            let connect = options.connect_timeout.unwrap_or_default();
            first.saturating_add(connect).min(self.limits.timeout)
        });
        let head = hurry.map_or(deadline, |hurry| self.start + hurry);
        let answered = match timeout_at(head, sending).await {
            Ok(answered) => answered,
            Err(_) => Err(Failure::of(Error::HttpResponseTimeout)),
        };
        let limit = self.limits.response_bytes;
        let fits = |answer: Response<hyper::body::Incoming>| {
            // What is said to be too long is not waited for.
            if answer.body().size_hint().lower() > limit {
                return Err(Failure::of(Error::HttpResponseBodySize(Some(limit))));
            }
            Ok(answer)
        };
        let answer = match answered.and_then(fits) {
            Ok(answer) => answer,
            Err(failure) => return Err(self.report.log(failure)),
        };
        let times = (deadline, options.between_bytes_timeout);
        let answer = answer.map(|body| Answer::boxed(body, limit, times, self.report, self.place));
        Ok((answer, Box::new(async { Ok(()) })))
    }
}
