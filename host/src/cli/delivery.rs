//! A body on its way to a webhook, signed as the assistant would, and what the assistant
//! makes of the answer. `send` and `rehearse` are made of it.

use super::token::Claims;
use crate::respond::WEBHOOK_RETURN;
use crate::tls;
use bytes::Bytes;
use clap::Args;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

/// What the vendor's test kit says of larger answers: they are refused.
const LARGEST_ANSWER: usize = 4_000_000;

/// How a body is sent.
#[derive(Debug, Args)]
pub(super) struct Delivery {
    /// Sign with this secret: `env:NAME` or `file:PATH`. Without it nothing is signed
    #[arg(long, value_name = "SOURCE")]
    secret: Option<String>,
    #[command(flatten)]
    claims: Claims,
    /// A further header, such as `x-api-key: 123`
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = parse_header)]
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Trust the certificates in this PEM file instead of the system's
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// How long the assistant waits: its Timeout setting
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = humantime::parse_duration)]
    timeout: Duration,
}

fn parse_header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text
        .split_once(':')
        .ok_or("write a header as `NAME: VALUE`")?;
    let name = HeaderName::from_str(name.trim()).map_err(|error| error.to_string())?;
    let value = HeaderValue::from_str(value.trim()).map_err(|error| error.to_string())?;
    Ok((name, value))
}

/// What came back, as far as anything did.
pub(super) enum Answer {
    Complete {
        status: StatusCode,
        /// The webhook has answered in the assistant's place.
        is_reply: bool,
        body: Bytes,
    },
    NoConnection(String),
    TooLarge,
    TooLate,
}

impl Delivery {
    /// Sends a webhook's body, and waits for the answer as long as the assistant would.
    pub(super) async fn send(&self, url: &Uri, body: String) -> anyhow::Result<Answer> {
        let request = self.request(url, body)?;
        let exchange = exchange(request, self.ca.as_deref());
        tokio::time::timeout(self.timeout, exchange)
            .await
            .unwrap_or(Ok(Answer::TooLate))
    }

    /// Whether something is said here that only matters to a server.
    pub(super) fn is_for_a_server(&self) -> bool {
        self.secret.is_some() || self.ca.is_some() || !self.headers.is_empty()
    }

    fn request(&self, url: &Uri, body: String) -> anyhow::Result<Request<Full<Bytes>>> {
        let mut request = Request::post(url)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))?;
        if let Some(secret) = &self.secret {
            let token = self.claims.sign(secret)?;
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))?;
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        for (name, value) in &self.headers {
            request.headers_mut().append(name, value.clone());
        }
        Ok(request)
    }
}

async fn exchange(request: Request<Full<Bytes>>, ca: Option<&Path>) -> anyhow::Result<Answer> {
    let roots = match ca {
        None => tls::system_roots()?,
        Some(file) => tls::roots(file)?,
    };
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls::client(roots.into())?)
        .https_or_http()
        .enable_all_versions()
        .build();
    let client = Client::builder(TokioExecutor::new()).build(connector);
    let response = match client.request(request).await {
        Ok(response) => response,
        Err(error) => {
            return Ok(Answer::NoConnection(format!(
                "{:#}",
                anyhow::Error::new(error)
            )));
        }
    };
    let status = response.status();
    let is_reply = response.headers().contains_key(WEBHOOK_RETURN);
    match Limited::new(response.into_body(), 2 * LARGEST_ANSWER)
        .collect()
        .await
    {
        Ok(body) => Ok(Answer::Complete {
            status,
            is_reply,
            body: body.to_bytes(),
        }),
        Err(error) if error.is::<LengthLimitError>() => Ok(Answer::TooLarge),
        Err(error) => Ok(Answer::NoConnection(error.to_string())),
    }
}

/// What the assistant would make of an answer: the vendor's table of errors.
pub(super) fn verdict(answer: &Answer) -> Result<(), String> {
    match answer {
        Answer::NoConnection(reason) => Err(format!("500 Processor Exception ({reason})")),
        Answer::TooLarge => Err(format!("it takes {LARGEST_ANSWER} bytes at most")),
        Answer::TooLate => Err("it does not wait that long (--timeout)".to_owned()),
        Answer::Complete { status, .. } if !status.is_success() => Err(format!(
            "422 Webhook responded with [{}] status code",
            status.as_u16()
        )),
        Answer::Complete { body, .. } => {
            let json = std::str::from_utf8(body).ok().map(retort_json::check);
            if !matches!(json, Some(Ok(_))) {
                Err("422 Webhook responded with invalid JSON body".to_owned())
            } else if body.len() > LARGEST_ANSWER {
                Err(format!("it takes {LARGEST_ANSWER} bytes at most"))
            } else {
                Ok(())
            }
        }
    }
}
