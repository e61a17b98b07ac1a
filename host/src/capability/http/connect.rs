//! Connections: a name is resolved once for each, all its addresses are checked, and one
//! of those that were checked is dialled.

use super::dialled::Dialled;
use super::resolve::Resolver;
use crate::grant::http::Rule;
use crate::grant::http::address::Special;
use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::client::Resumption;
use std::error::Error as StdError;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower_service::Service;

/// How long a name may take to be resolved.
const LOOKUP: Duration = Duration::from_secs(5);

/// How long an address may take that is not the last of its name.
const ATTEMPT: Duration = Duration::from_secs(1);

/// How long a connection may take until it can be used, whoever waits for it.
const ALTOGETHER: Duration = Duration::from_secs(10);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unconnected {
    #[error("its host's name cannot be resolved: {0}")]
    NoSuchName(io::Error),
    #[error("its host's name was not resolved within {}", humantime::format_duration(*.0))]
    NameTooSlow(Duration),
    #[error("its host's name has no address")]
    NoAddress,
    #[error(transparent)]
    Special(Special),
    #[error("{0} is not in the granted networks, and only there secrets go over http")]
    Exposed(IpAddr),
    #[error(
        "there was no connection within {}",
        humantime::format_duration(ALTOGETHER)
    )]
    TooSlow,
    #[error("there is no connection: {0}")]
    NotDialled(io::Error),
}

type Boxed<T> = Pin<Box<dyn Future<Output = Result<T, Box<dyn StdError + Send + Sync>>> + Send>>;
type Stream = TokioIo<Dialled>;

/// Makes TCP connections for one rule.
#[derive(Clone)]
pub(super) struct Dialler {
    rule: Arc<Rule>,
    resolver: Resolver,
    lookup: Duration,
}

impl Dialler {
    pub(super) fn new(rule: Arc<Rule>, resolver: Resolver) -> Self {
        Self {
            rule,
            resolver,
            lookup: LOOKUP,
        }
    }

    pub(super) async fn dial(self, uri: Uri) -> Result<TcpStream, Unconnected> {
        let host = uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let default = if self.rule.origin.is_https() { 443 } else { 80 };
        let port = uri.port_u16().unwrap_or(default);
        let addresses = match host.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => timeout(self.lookup, (self.resolver)(host.to_owned()))
                .await
                .map_err(|_| Unconnected::NameTooSlow(self.lookup))?
                .map_err(Unconnected::NoSuchName)?,
        };
        // One that may not be dialled speaks against the whole name.
        for address in &addresses {
            self.check(*address)?;
        }
        let mut failure = Unconnected::NoAddress;
        let mut left = addresses.len();
        for address in addresses {
            left -= 1;
            let limit = if left == 0 { ALTOGETHER } else { ATTEMPT };
            failure = match timeout(limit, TcpStream::connect((address, port))).await {
                Ok(Ok(stream)) => {
                    // A socket that cannot be told so only sends later.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Ok(Err(error)) => Unconnected::NotDialled(error),
                Err(_) => Unconnected::TooSlow,
            };
        }
        Err(failure)
    }

    fn check(&self, address: IpAddr) -> Result<(), Unconnected> {
        let networks = &self.rule.networks;
        if self.rule.is_exposed() && !networks.contain(address) {
            return Err(Unconnected::Exposed(address));
        }
        networks.admit(address).map_err(Unconnected::Special)
    }
}

impl Service<Uri> for Dialler {
    type Response = Stream;
    type Error = Box<dyn StdError + Send + Sync>;
    type Future = Boxed<Stream>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let dialler = self.clone();
        Box::pin(async move { Ok(TokioIo::new(Dialled::new(dialler.dial(uri).await?))) })
    }
}

/// A [`Dialler`] with TLS where the rule wants it, within a time.
#[derive(Clone)]
pub(super) enum Connector {
    Plain(Dialler),
    Tls(HttpsConnector<Dialler>),
}

impl Connector {
    pub(super) fn new(rule: &Arc<Rule>, resolver: Resolver) -> Self {
        let dialler = Dialler::new(Arc::clone(rule), resolver);
        match &rule.tls {
            None => Self::Plain(dialler),
            Some(config) => {
                // What is kept of sessions is no more shared than connections are.
                let mut config = ClientConfig::clone(config);
                config.resumption = Resumption::default();
                config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
                Self::Tls((dialler, config).into())
            }
        }
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<Stream>;
    type Error = Box<dyn StdError + Send + Sync>;
    type Future = Boxed<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting: Self::Future = match self {
            Self::Plain(dialler) => {
                let dialling = dialler.call(uri);
                Box::pin(async move { Ok(MaybeHttpsStream::Http(dialling.await?)) })
            }
            Self::Tls(connector) => connector.call(uri),
        };
        Box::pin(async move {
            let connected = timeout(ALTOGETHER, connecting).await;
            connected.unwrap_or_else(|_| Err(Unconnected::TooSlow.into()))
        })
    }
}

#[cfg(test)]
mod tests;
