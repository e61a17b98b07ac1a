//! `kind = "oauth"`: access tokens, whose issuer publishes its keys or is asked.

use super::super::reader::{Item, Table};
use super::super::{Context, optional};
use super::{read_algorithms, read_replay, read_secret, read_times};
use crate::auth::{Algorithm, Auth, Introspection, Jwks, KeySet, Oauth, Source, Times};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use rustls::RootCertStore;
use secrecy::{ExposeSecret, SecretString};
use std::fs::File;
use std::io::Read;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url, form_urlencoded};

/// What an issuer's keys can sign with.
const PUBLISHED: [(&str, Algorithm); 3] = [
    ("RS256", Algorithm::RS256),
    ("PS256", Algorithm::PS256),
    ("ES256", Algorithm::ES256),
];

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn read(table: &Table<'_>, context: &Context<'_>) -> Option<Auth> {
    let jwks = table.optional("jwks");
    let introspection = table.optional("introspection");
    let (source, is_jwt) = match (jwks, introspection) {
        (Some(jwks), None) => (read_jwks(&jwks, table, context), true),
        (None, Some(questions)) => (read_introspection(questions, table, context), false),
        (Some(_), Some(questions)) => {
            let reason = "a token is verified in one way, and `jwks` is another";
            questions.refuse::<()>(reason, "keep the one that the issuer offers");
            return None;
        }
        (None, None) => {
            table.required(
                "jwks",
                "where the issuer's keys are: jwks = \"https://...\" or a file; \
                 or introspection = { url = \"https://...\", client = \"...\", secret = \"env:NAME\" }",
            );
            return None;
        }
    };
    // Another server's token, or one for another service, is signed by the same keys.
    let issuer = read_name(
        table,
        "issuer",
        is_jwt,
        "the token's `iss`: issuer = \"https://...\"",
    );
    let audience = read_name(
        table,
        "audience",
        is_jwt,
        "the token's `aud`: audience = \"retort\"",
    );
    let scopes = optional(table, "scopes", |item| {
        let scopes: Vec<_> = item.array()?.iter().map(read_scope).collect();
        scopes.into_iter().collect()
    });
    let times = read_times(table);
    let remember = if is_jwt {
        read_replay(table)
    } else {
        Some(None)
    };
    Some(Auth::Oauth(Box::new(Oauth {
        source: source?,
        issuer: issuer?,
        audience: audience?,
        scopes: scopes?.unwrap_or_default(),
        times: Times {
            require_exp: is_jwt,
            ..times?
        },
        remember: remember?,
    })))
}

/// A name that has to be there, or may.
#[expect(
    clippy::option_option,
    reason = "absent and wrong are two things, and both are handled with `?`"
)]
fn read_name(
    table: &Table<'_>,
    key: &'static str,
    required: bool,
    hint: &str,
) -> Option<Option<String>> {
    if required {
        table.required(key, hint)?;
    }
    optional(table, key, |item| {
        let name = item.string()?;
        if name.is_empty() {
            return item.refuse("it is empty", hint);
        }
        Some(name.to_owned())
    })
}

fn read_scope(item: &Item<'_>) -> Option<String> {
    let scope = item.string()?;
    if scope.is_empty() || scope.contains(' ') {
        return item.refuse(
            "a scope is one word",
            "write each as an element of its own: scopes = [\"read\", \"write\"]",
        );
    }
    Some(scope.to_owned())
}

fn read_jwks(item: &Item<'_>, table: &Table<'_>, context: &Context<'_>) -> Option<Source> {
    let algorithms = read_algorithms(table, &PUBLISHED);
    let text = item.string()?;
    if !text.contains("://") {
        let keys = read_file(item, text, context);
        return Some(Source::Keys(
            keys?,
            algorithms?.unwrap_or(vec![Algorithm::RS256]),
        ));
    }
    let url = read_url(item);
    let roots = read_roots(table, context);
    let duration = |key, range: RangeInclusive<Duration>| {
        optional(table, key, move |item| item.duration(range))
    };
    let refresh = duration("refresh", SECOND..=DAY);
    let retry = duration(
        "retry",
        Duration::from_millis(100)..=Duration::from_secs(300),
    );
    let stale = duration("stale", Duration::ZERO..=DAY * 30);
    let timeout = read_timeout(table);
    let jwks = Jwks {
        url: url?,
        roots: roots?,
        refresh: refresh?.unwrap_or(Duration::from_secs(600)),
        retry: retry?.unwrap_or(Duration::from_secs(10)),
        stale: stale?.unwrap_or(DAY),
        timeout: timeout?,
    };
    Some(Source::Jwks(
        jwks,
        algorithms?.unwrap_or(vec![Algorithm::RS256]),
    ))
}

fn read_file(item: &Item<'_>, name: &str, context: &Context<'_>) -> Option<KeySet> {
    if !context.secrets.verifies() {
        return Some(KeySet::none());
    }
    let path = context.file(name);
    // One more than a set may have, so that the set says that it is too large.
    let most = KeySet::MOST_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    let read = File::open(&path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    if let Err(error) = read {
        return item.refuse_for_now(
            format!("cannot read {}: {error}", path.display()),
            "a relative path starts at the configuration's folder; a URL begins with https://",
        );
    }
    KeySet::parse(&bytes).map_or_else(
        |error| {
            item.refuse(
                format!("the key set {}: {error}", path.display()),
                "it has to be the issuer's JWKS with RSA keys of 2048 bits or more, or keys of P-256",
            )
        },
        Some,
    )
}

fn read_introspection(item: Item<'_>, outer: &Table<'_>, context: &Context<'_>) -> Option<Source> {
    let roots = read_roots(outer, context);
    let cache = optional(outer, "cache", |item| {
        item.duration(Duration::ZERO..=Duration::from_secs(300))
    });
    let timeout = read_timeout(outer);
    let table = item.table("`introspection`".to_owned())?;
    let url = table
        .required(
            "url",
            "the issuer's introspection endpoint: url = \"https://...\"",
        )
        .and_then(|item| read_url(&item));
    let client = table
        .required(
            "client",
            "the name that the issuer knows Retort by: client = \"retort\"",
        )
        .and_then(|item| item.string());
    let secret = table
        .required(
            "secret",
            "where the client's secret is: secret = \"env:NAME\"",
        )
        .and_then(|item| read_secret(&item, context, context.secrets));
    table.refuse_unknown_keys();
    Some(Source::Introspection(Introspection {
        url: url?,
        roots: roots?,
        authorization: basic(client?, &secret?)?,
        cache: cache?.unwrap_or(Duration::from_secs(30)),
        timeout: timeout?,
    }))
}

/// RFC 6749, 2.3.1: both are coded as in a form first.
fn basic(client: &str, secret: &SecretString) -> Option<HeaderValue> {
    let coded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", coded(client), coded(secret.expose_secret()));
    // Base64 is what a header can carry.
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// https; http only where nobody else can listen.
fn read_url(item: &Item<'_>) -> Option<Url> {
    let text = item.string()?;
    let Ok(url) = Url::parse(text) else {
        return item.refuse("this is not a URL", "write it as https://HOST/PATH");
    };
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        _ => false,
    };
    let safe = url.scheme() == "https" || (url.scheme() == "http" && loopback);
    if !safe {
        return item.refuse(
            "who is believed cannot hang on a connection that anybody can read",
            "it has to be https; http is for loopback addresses such as http://127.0.0.1:8080 only",
        );
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return item.refuse(
            "a URL with a user, a password or a fragment is not taken",
            "credentials go into `client` and `secret`",
        );
    }
    Some(url)
}

#[expect(
    clippy::option_option,
    reason = "absent and wrong are two things, and both are handled with `?`"
)]
fn read_roots(table: &Table<'_>, context: &Context<'_>) -> Option<Option<Arc<RootCertStore>>> {
    optional(table, "ca", |item| {
        if !context.secrets.verifies() {
            return item.string().map(|_| RootCertStore::empty());
        }
        item.roots(context)
    })
    .map(|roots| roots.map(Arc::new))
}

fn read_timeout(table: &Table<'_>) -> Option<Duration> {
    let timeout = optional(table, "timeout", |item| {
        item.duration(Duration::from_millis(100)..=Duration::from_secs(30))
    });
    Some(timeout?.unwrap_or(Duration::from_secs(5)))
}
