//! Clients: the connections of one plugin and tenant, which nobody else uses.

use super::body::{Outgoing, is_written};
use super::connect::Connector;
use super::dialled::Answered;
use super::failure::Failure;
use super::resolve::{self, Resolver};
use crate::grant::http::{Http, NotGranted, Rule, Site, choose};
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use wasmtime_wasi_http::{Error, WasiBody};

/// Connections to one origin that may wait for the next request, and for how long: many
/// servers close theirs after 5 s.
const IDLE: usize = 4;
const IDLE_TIME: Duration = Duration::from_secs(4);

/// How long a request without a body waits for its plugin to end a body that it has
/// begun. It then goes out, and the plugin may still end it.
const UNDECIDED: Duration = Duration::from_millis(50);

/// The largest head of an answer, in bytes, and the most fields in it.
const HEAD: usize = 64 << 10;
const FIELDS: usize = 100;

/// What of an answer over HTTP/2 may come before the plugin takes it, in bytes.
const WINDOW: u32 = 256 << 10;

/// Sends the requests of one plugin for one tenant.
pub(crate) struct Client {
    pub(super) tenant: Arc<str>,
    pools: Vec<Arc<Pool>>,
}

/// The connections of one rule.
pub(super) struct Pool {
    rule: Arc<Rule>,
    connections: legacy::Client<Connector, Outgoing>,
}

impl Client {
    pub(super) fn new(tenant: Arc<str>, grant: &Http, resolver: &Resolver) -> Self {
        let pool = |rule| Arc::new(Pool::new(rule, Arc::clone(resolver)));
        Self {
            tenant,
            pools: grant.rules.iter().map(pool).collect(),
        }
    }

    /// Where requests may go, in words for people.
    pub(crate) fn in_words(&self) -> String {
        let origins = self.pools.iter().map(|pool| pool.rule.origin.to_string());
        match origins.collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => "nothing".to_owned(),
            origins => format!("HTTP to {origins}"),
        }
    }

    /// Where such a request may go.
    pub(super) fn pool(
        &self,
        site: &Site,
        method: &Method,
        path: &str,
    ) -> Result<Arc<Pool>, NotGranted> {
        choose(&self.pools, |pool| &pool.rule, (site, method, path)).cloned()
    }
}

impl Pool {
    fn new(rule: &Arc<Rule>, resolver: Resolver) -> Self {
        // A plugin may think of any number of names below a host.
        let idle = if rule.origin.is_wildcard() { 0 } else { IDLE };
        let connections = legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(idle)
            .pool_idle_timeout(IDLE_TIME)
            .http1_max_buf_size(HEAD)
            .http1_max_headers(FIELDS)
            .http2_max_header_list_size(64 << 10)
            .http2_initial_stream_window_size(WINDOW)
            .http2_initial_connection_window_size(4 * WINDOW)
            .build(Connector::new(rule, resolver));
        Self {
            rule: Arc::clone(rule),
            connections,
        }
    }

    /// Sends a request with the rule's headers in the place of the plugin's own, and
    /// waits for the head of its answer. Dropping the future drops its connection.
    pub(super) async fn send(
        &self,
        mut request: Request<Outgoing>,
    ) -> Result<Response<Incoming>, Failure> {
        for (name, value) in &self.rule.headers {
            request.headers_mut().insert(name, value.clone());
        }
        let answer = self.attempt(request).await;
        checked(answer.map_err(|error| Failure::of_client(&error))?)
    }

    /// Sends a request that has no body. If a connection that has had an answer ends
    /// before this one's begins, the service closed it while the request was on its way:
    /// what may be sent twice is sent once more.
    pub(super) async fn send_bare(&self, parts: &Parts) -> Result<Response<Incoming>, Failure> {
        let request = || {
            let mut request = Request::from_parts(parts.clone(), Outgoing::none());
            for (name, value) in &self.rule.headers {
                request.headers_mut().insert(name, value.clone());
            }
            request
        };
        let error = match self.attempt(request()).await {
            Ok(answer) => return checked(answer),
            Err(error) => error,
        };
        let failure = Failure::of_client(&error);
        if !parts.method.is_idempotent() || !failure.is_end() || !had_answered(&error) {
            return Err(failure);
        }
        let answer = self.attempt(request()).await;
        checked(answer.map_err(|error| Failure::of_client(&error))?)
    }

    /// Sends a request whose body would get lost, as long as there is none.
    pub(super) async fn send_without_body(
        &self,
        parts: Parts,
        mut body: WasiBody,
    ) -> Result<Response<Incoming>, Failure> {
        let lost = || {
            Err(Failure::refused(
                Error::HttpRequestLengthRequired,
                "a GET or HEAD with a body needs the header content-length",
            ))
        };
        let mut ended = match timeout(UNDECIDED, is_written(&mut body)).await {
            Ok(true) => return lost(),
            Ok(false) => true,
            Err(_) => false,
        };
        let mut sending = pin!(self.send_bare(&parts));
        loop {
            tokio::select! {
                answer = &mut sending => return answer,
                written = is_written(&mut body), if !ended => {
                    if written {
                        return lost();
                    }
                    ended = true;
                }
            }
        }
    }

    async fn attempt(
        &self,
        request: Request<Outgoing>,
    ) -> Result<Response<Incoming>, legacy::Error> {
        let answer = self.connections.request(request).await?;
        if let Some(answered) = answer.extensions().get::<Answered>() {
            answered.note();
        }
        Ok(answer)
    }
}

/// Whether the connection of an error has had an answer before.
fn had_answered(error: &legacy::Error) -> bool {
    let mut extras = Extensions::new();
    if let Some(connection) = error.connect_info() {
        connection.get_extras(&mut extras);
    }
    extras.get::<Answered>().is_some_and(Answered::is)
}

/// An answer that a plugin can have.
fn checked(answer: Response<Incoming>) -> Result<Response<Incoming>, Failure> {
    // hyper's own limit is one of its buffer: a head that comes in one piece may pass.
    if head_bytes(answer.headers()) > HEAD {
        let size = u32::try_from(HEAD).ok();
        return Err(Failure::of(Error::HttpResponseHeaderSectionSize(size)));
    }
    // Nobody has asked for another protocol, and there is no way to speak it.
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Failure::of(Error::HttpUpgradeFailed));
    }
    Ok(answer)
}

/// The size of the fields as HTTP/1.1 writes them.
fn head_bytes(headers: &HeaderMap) -> usize {
    let field = |(name, value): (&HeaderName, &HeaderValue)| {
        name.as_str().len() + value.len() + ": \r\n".len()
    };
    headers.iter().map(field).sum()
}

/// Whose connections they are: a tenant, a plugin, and the grant that both share.
type Owner = (Arc<str>, Arc<str>, ThisGrant);

/// A grant, told from others by its place in memory. It is held, because a place that is
/// given back could be another grant's next, with other origins and secrets.
struct ThisGrant(Arc<Http>);

impl PartialEq for ThisGrant {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for ThisGrant {}

impl Hash for ThisGrant {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

/// The clients of a snapshot, while it is built.
pub struct Clients {
    resolver: Resolver,
    made: RefCell<HashMap<Owner, Arc<Client>>>,
}

impl Default for Clients {
    fn default() -> Self {
        Self {
            resolver: resolve::system(),
            made: RefCell::default(),
        }
    }
}

impl Clients {
    /// The client for calls of a plugin by a tenant. Stages whose grant is their plugin's
    /// share one; a stage with a grant of its own has one of its own.
    pub(crate) fn of(&self, tenant: &str, plugin: &str, grant: &Arc<Http>) -> Arc<Client> {
        let key = (tenant.into(), plugin.into(), ThisGrant(Arc::clone(grant)));
        let new = || Arc::new(Client::new(tenant.into(), grant, &self.resolver));
        Arc::clone(self.made.borrow_mut().entry(key).or_insert_with(new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_share_a_client_if_their_grant_is_the_same_one() {
        let grant = || Arc::new(Http { rules: Vec::new() });
        let clients = Clients::default();
        let mut made = Vec::new();
        for _ in 0..100 {
            // Each is dropped before the next, so that memory is used again.
            let grant = grant();
            let client = clients.of("t", "p", &grant);
            assert!(Arc::ptr_eq(&client, &clients.of("t", "p", &grant)));
            assert!(!made.iter().any(|it| Arc::ptr_eq(it, &client)));
            made.push(client);
        }
    }
}
