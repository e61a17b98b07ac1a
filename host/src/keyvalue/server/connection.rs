//! Connections to a server: TCP, TLS where the configuration says so, and the login. Each
//! step has words of its own for what goes wrong with it, because most of it is a mistake
//! in the configuration.

use super::super::Error;
use super::words;
use crate::config::Redis;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, IntoConnectionInfo, RedisConnectionInfo};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use secrecy::ExposeSecret;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

/// A connection that is open, for everybody who has a copy of it.
#[derive(Clone)]
pub(super) struct Open {
    pub(super) connection: MultiplexedConnection,
    /// Reads and writes; it ends with the last copy.
    _driver: Arc<AbortOnDropHandle<()>>,
}

/// Where a server is and how it is spoken to.
pub(super) struct Address {
    host: String,
    port: u16,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    login: RedisConnectionInfo,
}

impl Address {
    /// As the configuration says.
    pub(super) fn new(redis: &Redis) -> Result<Self, String> {
        let host = redis.url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let tls = match &redis.tls {
            Some(tls) => {
                let name = ServerName::try_from(host.to_owned())
                    .map_err(|_| format!("`{host}` cannot be the name of a server with TLS"))?;
                Some((Arc::clone(&tls.config), name))
            }
            None => None,
        };
        // The library reads the user and the database. TLS is not its business.
        let mut url = redis.url.clone();
        let _ = url.set_scheme("redis");
        let about = url.as_str().into_connection_info();
        let about = about.map_err(|error| error.to_string())?;
        let mut login = about.redis_settings().clone();
        if let Some(password) = &redis.password {
            login = login.set_password(password.expose_secret());
        }
        Ok(Self {
            host: host.to_owned(),
            port: redis.url.port().unwrap_or(Redis::PORT),
            tls,
            login,
        })
    }

    /// Whether TLS is spoken.
    pub(super) fn has_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Connects until the deadline. `timeout` is how long an answer may take later.
    pub(super) async fn open(&self, deadline: Instant, timeout: Duration) -> Result<Open, Error> {
        let dialled = timeout_at(deadline, self.dial(deadline)).await;
        let stream = dialled
            .map_err(|_| self.slow("there was no connection", timeout))?
            .map_err(|error| self.gone(&format!("there is no connection: {error}")))?;
        // A socket that cannot be told so only sends later.
        let _ = stream.set_nodelay(true);
        let Some((config, name)) = &self.tls else {
            return self.log_in(stream, deadline, timeout).await;
        };
        let connector = TlsConnector::from(Arc::clone(config));
        let handshake = connector.connect(name.clone(), stream);
        let stream = timeout_at(deadline, handshake)
            .await
            .map_err(|_| self.slow(words::NO_HANDSHAKE, timeout))?
            .map_err(|error| self.gone(&words::of_handshake(&error)))?;
        self.log_in(stream, deadline, timeout).await
    }

    /// Dials the addresses of the host, one after the other; all but the last have half
    /// of the time that is left.
    async fn dial(&self, deadline: Instant) -> io::Result<TcpStream> {
        let addresses: Vec<_> = lookup_host((self.host.as_str(), self.port))
            .await?
            .collect();
        let mut failure = io::Error::other("its name has no address");
        let mut left = addresses.len();
        for address in addresses {
            left -= 1;
            let now = Instant::now();
            let half = now + deadline.saturating_duration_since(now) / 2;
            let until = if left == 0 { deadline } else { half };
            failure = match timeout_at(until, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => error,
                Err(_) => io::ErrorKind::TimedOut.into(),
            };
        }
        Err(failure)
    }

    async fn log_in(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        deadline: Instant,
        timeout: Duration,
    ) -> Result<Open, Error> {
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(timeout));
        let login = MultiplexedConnection::new_with_config(&self.login, stream, config);
        let (connection, driver) = timeout_at(deadline, login)
            .await
            .map_err(|_| self.slow("it did not answer the login", timeout))?
            .map_err(|error| self.gone(&words::of_login(&error, self.has_tls())))?;
        let driver = AbortOnDropHandle::new(tokio::spawn(driver));
        Ok(Open {
            connection,
            _driver: Arc::new(driver),
        })
    }

    /// The server cannot be used, for this reason.
    pub(super) fn gone(&self, reason: &str) -> Error {
        Error::gone(format!("{self}: {reason}"))
    }

    /// The server took too long with this.
    pub(super) fn slow(&self, what: &str, timeout: Duration) -> Error {
        let timeout = humantime::format_duration(timeout);
        Error::Slow {
            reason: format!("{self}: {what} within {timeout}"),
        }
    }
}

/// The host and the port. A user and a password are no part of it.
impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}
