//! HTTP as a well-behaved caller speaks it.

use super::SAMPLE;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;

/// A request in the making.
pub(crate) struct Call {
    url: String,
    method: &'static str,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Call {
    /// A POST of the vendor's sample body as JSON.
    pub(crate) fn post(address: SocketAddr, path: &str) -> Self {
        Self {
            url: format!("http://{address}{path}"),
            method: "POST",
            headers: vec![("content-type".into(), "application/json".into())],
            body: SAMPLE.into(),
        }
    }

    pub(crate) fn method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    /// Adds a header; an earlier one of this name stays.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn without_headers(mut self) -> Self {
        self.headers.clear();
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The payload inside of an envelope.
    pub(crate) fn payload(self, payload: &str) -> Self {
        self.body(format!(
            r#"{{"event":{{"name":"message_processed"}},"payload":{payload}}}"#
        ))
    }

    pub(crate) fn send(self) -> Answer {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .into();
        let mut request = ureq::http::Request::builder()
            .method(self.method)
            .uri(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let mut response = if matches!(self.method, "GET" | "HEAD" | "DELETE") {
            agent.run(request.body(()).unwrap()).unwrap()
        } else {
            agent.run(request.body(self.body).unwrap()).unwrap()
        };
        Answer {
            status: response.status().as_u16(),
            headers: response
                .headers()
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect(),
            body: response
                .body_mut()
                .with_config()
                .limit(100 << 20)
                .read_to_vec()
                .unwrap(),
        }
    }
}

impl Answer {
    /// Whether there is such a header at all.
    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(other, _)| other == name)
    }

    /// The value of a header that is there once.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut values = self.headers.iter().filter(|(other, _)| other == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => value,
            _ => panic!("{name} is not there once: {self:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The texts of the answer's items.
    #[track_caller]
    pub(crate) fn texts(&self) -> Vec<String> {
        let json = self.json();
        json["payload"]["output"]["generic"]
            .as_array()
            .unwrap_or_else(|| panic!("no items: {json}"))
            .iter()
            .filter_map(|item| item["text"].as_str().map(str::to_owned))
            .collect()
    }

    /// Checks that this is a problem document (RFC 9457) of this status that says
    /// these words, with the same request id as the header.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, words: &str) {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        assert!(problem["title"].is_string() && problem["type"].is_string());
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{detail:?} does not say {words:?}");
    }
}
