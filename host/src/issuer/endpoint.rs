//! One URL of an issuer, over HTTP, with a bound for everything.

use crate::tls;
use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Collected, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::RootCertStore;
use serde::Deserialize;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// How many connections wait for the next request.
const IDLE_CONNECTIONS: usize = 4;

/// What is read of an answer that is an error, in bytes.
const MOST_OF_ERROR: usize = 4 << 10;

/// A place to ask. It follows no redirects.
pub(super) struct Endpoint {
    uri: Result<Uri, FetchError>,
    client: Result<Client<HttpsConnector<HttpConnector>, Full<Bytes>>, FetchError>,
    timeout: Duration,
}

/// Why nothing came of a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum FetchError {
    #[error("its URL cannot be used")]
    BadUrl,
    #[error("there is nobody to trust: {0}")]
    NoRoots(String),
    #[error("it cannot be reached: {0}")]
    NoAnswer(String),
    #[error("it did not answer within {} ms", .0.as_millis())]
    TooSlow(Duration),
    #[error("it answered with status {status}, and only 200 is an answer")]
    Status {
        status: u16,
        /// It says that it does not know who asks (RFC 6749, 5.2).
        client_unknown: bool,
    },
    #[error("its answer is larger than {0} bytes")]
    TooLarge(usize),
}

impl Endpoint {
    /// It connects when it is asked, not before.
    pub(super) fn new(url: &Url, roots: Option<&Arc<RootCertStore>>, timeout: Duration) -> Self {
        Self {
            uri: url.as_str().parse().map_err(|_| FetchError::BadUrl),
            client: client(roots.map(Arc::clone)),
            timeout,
        }
    }

    /// The body of the answer to a request, of which the URL is filled in here.
    pub(super) async fn ask(
        &self,
        mut request: Request<Full<Bytes>>,
        most_bytes: usize,
    ) -> Result<Bytes, FetchError> {
        *request.uri_mut() = self.uri.clone()?;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let client = self.client.as_ref().map_err(Clone::clone)?;
        let exchange = async {
            // With what caused it: the outermost error says only that connecting failed.
            let response = client.request(request).await.map_err(|error| {
                FetchError::NoAnswer(format!("{:#}", anyhow::Error::new(error)))
            })?;
            if response.status() != StatusCode::OK {
                let status = response.status().as_u16();
                let body = Limited::new(response.into_body(), MOST_OF_ERROR);
                let body = body.collect().await.map(Collected::to_bytes);
                return Err(FetchError::Status {
                    status,
                    client_unknown: body.is_ok_and(|body| blames_client(&body)),
                });
            }
            let body = Limited::new(response.into_body(), most_bytes);
            match body.collect().await {
                Ok(body) => Ok(body.to_bytes()),
                Err(error) if error.is::<LengthLimitError>() => {
                    Err(FetchError::TooLarge(most_bytes))
                }
                Err(error) => Err(FetchError::NoAnswer(error.to_string())),
            }
        };
        tokio::time::timeout(self.timeout, exchange)
            .await
            .unwrap_or(Err(FetchError::TooSlow(self.timeout)))
    }
}

/// Whether the body of an error is about who asked.
fn blames_client(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Word {
        error: String,
    }
    let word = serde_json::from_slice::<Word>(body);
    word.is_ok_and(|word| ["invalid_client", "unauthorized_client"].contains(&word.error.as_str()))
}

fn client(
    roots: Option<Arc<RootCertStore>>,
) -> Result<Client<HttpsConnector<HttpConnector>, Full<Bytes>>, FetchError> {
    let no_roots = |error: &dyn Error| FetchError::NoRoots(error.to_string());
    let roots = match roots {
        Some(roots) => roots,
        None => tls::system_roots()
            .map_err(|error| no_roots(&error))?
            .into(),
    };
    let config = tls::client(roots).map_err(|error| no_roots(&error))?;
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(config)
        // The configuration takes http for loopback addresses only.
        .https_or_http()
        .enable_all_versions()
        .build();
    Ok(Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .build(connector))
}
