//! The answer of a service.

use serde::de::DeserializeOwned;

use crate::{Failure, Result};

/// The answer of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// What failures call the request that it answers.
    request: String,
}

impl Response {
    /// An answer of this status, without headers and body: for tests.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            request: String::new(),
        }
    }

    /// Adds a header: for tests.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this body: for tests.
    #[must_use]
    pub fn with_body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_owned();
        self
    }

    /// Remembers what it answers.
    pub(super) fn of(mut self, request: String) -> Self {
        self.request = request;
        self
    }

    /// Its status, 100 to 599.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The first value of a header, whatever the case of its name; nothing where there
    /// is none.
    pub fn header(&self, name: &str) -> Option<&str> {
        let is_it = |(other, _): &&(String, String)| other.eq_ignore_ascii_case(name);
        self.headers.iter().find(is_it).map(|(_, value)| &**value)
    }

    /// The body.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body as a text in UTF-8.
    ///
    /// # Errors
    /// [`Failure::ServiceFailed`] if it is none.
    pub fn text(&self) -> Result<&str> {
        let text = std::str::from_utf8(&self.body);
        text.map_err(|_| self.failed("the answer is not UTF-8"))
    }

    /// The body, which is JSON, as any type.
    ///
    /// # Errors
    /// [`Failure::ServiceFailed`] if it is not JSON or not of that type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // The library's message would repeat values of the body.
            let (line, column) = (error.line(), error.column());
            self.failed(&format!(
                "the answer is not the JSON that was expected (line {line}, column {column})"
            ))
        })
    }

    /// The same answer if its status is 200 to 299.
    ///
    /// # Errors
    /// [`Failure::ServiceFailed`] with the status if it is another.
    pub fn success(self) -> Result<Self> {
        match self.status {
            200..300 => Ok(self),
            status => Err(self.failed(&format!("answered with status {status}"))),
        }
    }

    fn failed(&self, reason: &str) -> Failure {
        Failure::service_failed(format!("{}: {reason}", self.request))
    }
}
