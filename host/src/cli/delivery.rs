//! A body on its way to a webhook, signed as the assistant would, and what the assistant
//! makes of the answer. `send` and `rehearse` are made of it.

use super::token::Claims;
use crate::respond::WEBHOOK_RETURN;
use crate::tls;
use anyhow::bail;
use bytes::Bytes;
use clap::Args;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, TE, TRANSFER_ENCODING, UPGRADE,
};
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

/// Headers that the HTTP library sets or takes away by itself.
const OF_THE_CONNECTION: [HeaderName; 5] =
    [CONNECTION, CONTENT_LENGTH, TE, TRANSFER_ENCODING, UPGRADE];

/// How a body is sent.
#[derive(Debug, Args)]
pub(super) struct Delivery {
    /// Sign with this secret: `env:NAME` or `file:PATH`. Without it nothing is signed
    #[arg(long, value_name = "SOURCE")]
    secret: Option<String>,
    /// Send the token alone, without `Bearer ` before it, as the vendor's sample servers
    /// expect it
    #[arg(long, requires = "secret")]
    raw_token: bool,
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
    if OF_THE_CONNECTION.contains(&name) {
        return Err(format!(
            "`{name}` belongs to the connection, and is set by the HTTP library"
        ));
    }
    let value = HeaderValue::from_str(value.trim()).map_err(|error| error.to_string())?;
    Ok((name, value))
}

/// A URL that can be called.
pub(super) fn parse_url(text: &str) -> Result<Uri, String> {
    const FORM: &str = "write it as http://HOST:PORT/PATH or https://HOST/PATH";
    let url: Uri = text.parse().map_err(|error| format!("{error}; {FORM}"))?;
    match (url.scheme_str(), url.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => Ok(url),
        (Some("http" | "https"), _) => Err(format!("it has no host; {FORM}")),
        (Some(_), _) => Err(format!("only http and https can be called; {FORM}")),
        (None, _) => Err(format!("it has no scheme; {FORM}")),
    }
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

    /// What is said twice on the command line is an error, so that no header is dropped.
    fn request(&self, url: &Uri, body: String) -> anyhow::Result<Request<Full<Bytes>>> {
        let mut request = Request::post(url).body(Full::new(Bytes::from(body)))?;
        let headers = request.headers_mut();
        for (name, value) in &self.headers {
            headers.append(name, value.clone());
        }
        if !headers.contains_key(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(secret) = &self.secret {
            if headers.contains_key(AUTHORIZATION) {
                bail!(
                    "--secret and --header both set `authorization`; give one of them \
                     (`retort token` prints a token for --header)"
                );
            }
            let token = self.claims.sign(secret)?;
            let scheme = if self.raw_token { "" } else { "Bearer " };
            let mut value = HeaderValue::from_str(&format!("{scheme}{token}"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
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
