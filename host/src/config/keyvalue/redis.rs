//! `redis` of `[keyvalue]`: a server that several hosts may share.

use super::super::auth::read_secret;
use super::super::reader::{Item, Table};
use super::super::{Context, optional, trust};
use crate::tls::{self, Identity, TlsFiles};
use rustls::{ClientConfig, RootCertStore};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::sync::Arc;
use url::Url;

/// A server that speaks Redis' protocol.
#[derive(Debug, Clone)]
pub struct Redis {
    /// `redis` or `rediss`, a host, perhaps a user, a port and a database; no password.
    pub url: Url,
    /// The user's, or the server's own.
    pub password: Option<SecretString>,
    /// For `rediss`, and only for that.
    pub tls: Option<RedisTls>,
}

impl Redis {
    /// The port of a URL that has none.
    pub const PORT: u16 = 6_379;

    /// Whether it is the same server and database.
    pub(super) fn is_where(&self, other: &Self) -> bool {
        let place = |url: &Url| {
            let host = url.host_str().map(str::to_ascii_lowercase);
            let database = url.path().trim_start_matches('/').parse::<u16>();
            let port = url.port().unwrap_or(Self::PORT);
            (host, port, database.unwrap_or(0))
        };
        place(&self.url) == place(&other.url)
    }
}

impl PartialEq for Redis {
    fn eq(&self, other: &Self) -> bool {
        let password = |it: &Self| it.password.as_ref().map(|p| p.expose_secret().to_owned());
        self.url == other.url && password(self) == password(other) && self.tls == other.tls
    }
}

impl Eq for Redis {}

/// What is spoken with a server over TLS.
#[derive(Clone)]
pub struct RedisTls {
    /// TLS 1.2 and 1.3.
    pub config: Arc<ClientConfig>,
    roots: Arc<RootCertStore>,
    identity: Option<Arc<Identity>>,
}

impl fmt::Debug for RedisTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key stays out of any log.
        f.debug_struct("RedisTls").finish_non_exhaustive()
    }
}

impl PartialEq for RedisTls {
    /// Who is trusted, and with what certificate.
    fn eq(&self, other: &Self) -> bool {
        self.roots.roots == other.roots.roots && self.identity == other.identity
    }
}

impl Eq for RedisTls {}

pub(super) fn read(item: &Item<'_>, context: &Context<'_>) -> Option<Redis> {
    let table = item.clone().table("`redis` of [keyvalue]".to_owned())?;
    let url_item = table.required(
        "url",
        "the server's address: url = \"rediss://redis.example.com:6379/0\"",
    );
    let url = url_item.as_ref().and_then(read_url);
    let password = optional(&table, "password", |i| {
        read_secret(i, context, context.secrets)
    });
    let (ca, client) = (table.optional("ca"), table.optional("client"));
    table.refuse_unknown_keys();
    let (url, password) = (url?, password?);
    let tls = if url.scheme() == "rediss" {
        Some(read_tls(
            url_item.as_ref()?,
            ca.as_ref(),
            client.as_ref(),
            context,
        )?)
    } else {
        for (name, item) in [("ca", &ca), ("client", &client)] {
            if let Some(item) = item {
                let reason = format!("`{name}` is for a server with TLS");
                return item.refuse(reason, "write rediss:// in `url`, or leave it out");
            }
        }
        None
    };
    Some(Redis { url, password, tls })
}

fn read_tls(
    url: &Item<'_>,
    ca: Option<&Item<'_>>,
    client: Option<&Item<'_>>,
    context: &Context<'_>,
) -> Option<RedisTls> {
    let roots = trust::roots(ca, url, context)?;
    let identity = match client {
        Some(item) => read_identity(item, context)?,
        None => None,
    };
    let config = match (&identity, client) {
        (Some(identity), Some(item)) => match tls::client_with(Arc::clone(&roots), identity) {
            Ok(config) => config,
            Err(error) => return item.refuse(error.to_string(), error.hint()),
        },
        _ => match tls::client(Arc::clone(&roots)) {
            Ok(config) => config,
            Err(error) => {
                return url.refuse(error.to_string(), "report this; it is not your mistake");
            }
        },
    };
    Some(RedisTls {
        config: Arc::new(config),
        roots,
        identity,
    })
}

/// `None` inside is a key that is not read, because secrets are not.
#[expect(
    clippy::option_option,
    reason = "absent and wrong are two things, and both are handled with `?`"
)]
fn read_identity(item: &Item<'_>, context: &Context<'_>) -> Option<Option<Arc<Identity>>> {
    let table: Table<'_> = item.clone().table("`client` of `redis`".to_owned())?;
    let certificate = table.required(
        "certificate",
        "the file with it: certificate = \"client.pem\"",
    );
    let key = table.required("key", "the file with it: key = \"client-key.pem\"");
    table.refuse_unknown_keys();
    let (certificate, key) = (certificate?, key?);
    let files = TlsFiles {
        certificate: context.file(certificate.string()?),
        key: context.file(key.string()?),
    };
    if !context.secrets.verifies() {
        return Some(None);
    }
    let in_key = files.key.clone();
    match Identity::load(files) {
        Ok(identity) => Some(Some(Arc::new(identity))),
        Err(error) => {
            let place = if error.path() == in_key {
                key
            } else {
                certificate
            };
            place.refuse(error.to_string(), error.hint())
        }
    }
}

const HINT: &str = "write it as \"redis://127.0.0.1:6379\", or \"rediss://user@redis.example.com/0\" with TLS, a user and a database";

fn read_url(item: &Item<'_>) -> Option<Url> {
    let text = item.string()?;
    refuse_other_kinds(item, text)?;
    let Ok(url) = Url::parse(text) else {
        return item.refuse("this is not a URL", HINT);
    };
    if !matches!(url.scheme(), "redis" | "rediss") {
        return item.refuse("the scheme has to be redis or rediss", HINT);
    }
    if url.password().is_some() {
        return item.refuse(
            "a password must not stand in the URL",
            "put it into an environment variable or a file, and name that: password = \"env:NAME\"",
        );
    }
    let database = url.path().trim_start_matches('/');
    let good_database = database.is_empty() || database.parse::<u16>().is_ok();
    if url.host_str().is_none_or(str::is_empty)
        || !good_database
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return item.refuse("this is not the address of a Redis server", HINT);
    }
    Some(url)
}

/// Addresses that other clients of Redis take and that mean something else than one server.
fn refuse_other_kinds(item: &Item<'_>, text: &str) -> Option<()> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let scheme = scheme.to_ascii_lowercase();
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if scheme.contains("sentinel") {
        return item.refuse(
            "Redis Sentinel is not supported",
            "name the primary, or an address that always leads to it, such as a proxy: url = \"redis://redis.example.com\"",
        );
    }
    if scheme.contains("cluster") {
        return item.refuse(
            "Redis Cluster is not supported",
            "name a server that has all keys: url = \"redis://redis.example.com\"",
        );
    }
    if scheme.starts_with("valkey") {
        return item.refuse(
            "the scheme has to be redis or rediss, for Valkey too",
            "Valkey speaks Redis' protocol: write redis:// for valkey://, and rediss:// for valkeys://",
        );
    }
    if host.contains(',') {
        return item.refuse(
            "only one server can be named: neither Redis Sentinel nor Redis Cluster is supported",
            HINT,
        );
    }
    Some(())
}
