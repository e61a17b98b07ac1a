//! Calls of services on the network, through `wasi:http/outgoing-handler`.
//!
//! The stage needs the grant `http`, which lists the origins that may be called. What is
//! secret, such as a key, is best put into the grant's `headers`: the host adds it, and
//! the plugin never sees it.
//!
//! ```
//! use std::time::Duration;
//! use retort_sdk::{Invocation, Payload, Result, http};
//!
//! fn transform(_: &Invocation, payload: &mut Payload) -> Result<()> {
//!     let response = http::get("https://api.example.com/weather")
//!         .query("place", "Berlin, Mitte")
//!         .timeout(Duration::from_secs(2))
//!         .send()?
//!         .success()?;
//!     let weather: String = response.json()?;
//!     payload.write("/context/weather", &weather)
//! }
//! # use retort_sdk::testing::Call;
//! # let call = Call::new().http(|request| {
//! #     assert_eq!(request.url(), "https://api.example.com/weather?place=Berlin%2C%20Mitte");
//! #     Ok(http::Response::new(200).with_body("\"rain\""))
//! # });
//! # let made = call.result(transform, "{}").unwrap();
//! # assert_eq!(made, r#"{"context":{"weather":"rain"}}"#);
//! ```
//!
//! Redirects are not followed. Failures name the method and the URL up to its `?`, and
//! nothing of headers, queries and bodies.

mod response;
#[cfg(target_family = "wasm")]
mod wasi;

use std::{borrow::Cow, fmt::Write, time::Duration};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

pub use response::Response;

use crate::{Failure, Result};

/// How large an answer may be, unless the request says otherwise, in bytes.
const BODY_LIMIT: usize = 1 << 20;

/// What has to be encoded in a query: all but RFC 3986's unreserved characters.
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "RFC 9110 says it")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// Its name, in capitals.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A request in the making.
#[derive(Debug)]
#[must_use = "it is sent by `send`"]
pub struct Request {
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    timeout: Option<Duration>,
    limit: usize,
    /// Why it cannot be sent.
    wrong: Option<Failure>,
}

/// A GET of this URL, `http` or `https`.
pub fn get(url: &str) -> Request {
    request(Method::Get, url)
}

/// A POST to this URL, `http` or `https`.
pub fn post(url: &str) -> Request {
    request(Method::Post, url)
}

/// Any request to this URL, `http` or `https`.
pub fn request(method: Method, url: &str) -> Request {
    Request {
        method,
        url: url.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        timeout: None,
        limit: BODY_LIMIT,
        wrong: None,
    }
}

impl Request {
    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds `name=value` to the URL's query, encoded as it has to be.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        let before = if self.url.contains('?') { '&' } else { '?' };
        let [name, value] = [name, value].map(|text| utf8_percent_encode(text, IN_QUERY));
        // Writing to a string does not fail.
        let _ = write!(self.url, "{before}{name}={value}");
        self
    }

    /// With this value as its body, as JSON.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.body = body,
            Err(error) => self.wrong = Some(error.into()),
        }
        self.header("content-type", "application/json")
    }

    /// With this text as its body, as plain text.
    pub fn text(mut self, text: &str) -> Self {
        self.body = text.into();
        self.header("content-type", "text/plain; charset=utf-8")
    }

    /// Fails if the answer has not arrived to its end within this time from now on. By
    /// default only the time of the call itself is a bound, at which the host stops the
    /// whole plugin: whoever has something to fall back on needs a shorter one.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Fails if the answer's body has more bytes; by default 1 MiB.
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Sends it and waits for the whole answer, whatever its status.
    ///
    /// # Errors
    /// [`Failure::ServiceFailed`] if there is no answer, and [`Failure::Failed`] if the
    /// request itself is wrong.
    pub fn send(mut self) -> Result<Response> {
        if let Some(wrong) = self.wrong.take() {
            return Err(wrong);
        }
        let response = exchange(&self)?;
        if response.bytes().len() > self.limit {
            return Err(self.failed("the answer is larger than the plugin takes"));
        }
        Ok(response.of(self.name().into_owned()))
    }

    /// What it does: for tests.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Where it goes to, with the query: for tests.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The value of a header that was added, whatever the case of its name: for tests.
    pub fn header_value(&self, name: &str) -> Option<&str> {
        let is_it = |(other, _): &&(String, String)| other.eq_ignore_ascii_case(name);
        self.headers.iter().find(is_it).map(|(_, value)| &**value)
    }

    /// Its body: for tests.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// What failures call it. Nothing behind a `?`, and no credentials of a URL.
    fn name(&self) -> Cow<'_, str> {
        let url = self.url.split(['?', '#']).next().unwrap_or_default();
        let url = match url.split_once("://") {
            Some((scheme, rest)) => match rest.rsplit_once('@') {
                Some((_, rest)) => Cow::Owned(format!("{scheme}://{rest}")),
                None => Cow::Borrowed(url),
            },
            None => Cow::Borrowed(url),
        };
        Cow::Owned(format!("{} {url}", self.method.as_str()))
    }

    fn failed(&self, reason: &str) -> Failure {
        Failure::service_failed(format!("{}: {reason}", self.name()))
    }
}

#[cfg(target_family = "wasm")]
use wasi::exchange;

/// Outside of a host the answer is what the test gives.
#[cfg(not(target_family = "wasm"))]
fn exchange(request: &Request) -> Result<Response> {
    let service = crate::testing::services(|services| services.http());
    let Some(service) = service else {
        return Err(request.failed("the test gives no service: see `testing::Call::http`"));
    };
    service(request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Invocation, Payload, testing::Call};

    /// What a call of the service comes to.
    fn sent(
        request: impl Fn() -> Request,
        service: impl Fn(&Request) -> Result<Response> + Send + Sync + 'static,
    ) -> Result<Response> {
        let response = std::cell::RefCell::new(None);
        let function = |_: &Invocation, _: &mut Payload<'_>| {
            *response.borrow_mut() = Some(request().send());
            Ok(())
        };
        Call::new().http(service).outcome(function, "{}")?;
        response.into_inner().unwrap()
    }

    #[test]
    fn the_service_gets_the_request() {
        let request = || {
            post("https://a.example/x?v=1")
                .query("a b", "ä&=+")
                .header("X-One", "1")
                .json(&[1])
        };
        let response = sent(request, |request| {
            assert_eq!(request.method(), Method::Post);
            assert_eq!(
                request.url(),
                "https://a.example/x?v=1&a%20b=%C3%A4%26%3D%2B"
            );
            assert_eq!(request.header_value("x-one"), Some("1"));
            assert_eq!(
                request.header_value("content-type"),
                Some("application/json")
            );
            assert_eq!(request.body(), b"[1]");
            Ok(Response::new(201)
                .with_header("ETag", "\"x\"")
                .with_body("{\"a\": 1}"))
        })
        .unwrap();
        assert_eq!(response.status(), 201);
        assert_eq!(response.header("etag"), Some("\"x\""));
        let body: std::collections::BTreeMap<String, u8> = response.json().unwrap();
        assert_eq!(body["a"], 1);
        assert!(response.success().is_ok());
    }

    #[test]
    fn failures_repeat_nothing_that_may_be_secret() {
        let request = || get("https://user:hidden@a.example/x?id=hidden").header("k", "hidden");
        let failures = [
            sent(request, |_| Ok(Response::new(500).with_body("hidden")))
                .and_then(Response::success)
                .unwrap_err(),
            sent(request, |_| Ok(Response::new(200).with_body("\"hidden\"")))
                .and_then(|response| response.json::<u8>())
                .unwrap_err(),
            sent(request, |_| Ok(Response::new(200).with_body(b"hidden\xFF")))
                .and_then(|response| response.text().map(str::to_owned))
                .unwrap_err(),
            sent(
                || request().limit(5),
                |_| Ok(Response::new(200).with_body("hidden")),
            )
            .unwrap_err(),
        ];
        for failure in failures {
            assert!(matches!(failure, Failure::ServiceFailed(_)), "{failure:?}");
            let message = failure.message();
            assert!(
                message.starts_with("GET https://a.example/x: "),
                "{message}"
            );
            assert!(!message.contains("hidden"), "{message}");
        }
    }

    #[test]
    fn a_test_without_a_service_has_none() {
        let function = |_: &Invocation, _: &mut Payload<'_>| {
            get("https://a.example/").send()?;
            Ok(())
        };
        let failure = Call::new().outcome(function, "{}").unwrap_err();
        assert!(failure.message().contains("Call::http"), "{failure}");
    }
}
