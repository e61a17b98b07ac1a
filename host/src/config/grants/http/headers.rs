//! The key `headers` of an origin: secrets that the host puts into requests.

use super::super::super::reader::Item;
use super::super::super::{Context, auth, optional};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

/// What belongs to a connection or frames a message is the host's own business.
const NOT_INJECTED: [HeaderName; 13] = [
    CONNECTION,
    CONTENT_LENGTH,
    EXPECT,
    HOST,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("http2-settings"),
];

pub(super) fn read(
    item: &Item<'_>,
    context: &Context<'_>,
) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let table = item.clone().table("`headers`".to_owned())?;
    let headers: Vec<_> = table
        .items()
        .map(|(name, item)| {
            let value = read_value(&item, context);
            let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
                return item.refuse(
                    "this cannot be a header's name",
                    "it has letters, digits and `-`, such as \"x-api-key\"",
                );
            };
            if NOT_INJECTED.contains(&name) {
                return item.refuse(
                    "this header is about the connection or the message's form, and is Retort's own",
                    "only headers such as authorization or x-api-key can be set",
                );
            }
            Some((name, value?))
        })
        .collect();
    headers.into_iter().collect()
}

/// A secret, or a table that says what stands around one.
fn read_value(item: &Item<'_>, context: &Context<'_>) -> Option<HeaderValue> {
    let text = if item.is_string() {
        read_secret(item, context)?
    } else {
        read_composed(item, context)?
    };
    auth::header_value(&text).or_else(|| {
        item.refuse(
            "a header cannot carry this secret",
            "white space at its ends and control characters do not get through HTTP",
        )
    })
}

/// Also where the secrets of callers are not read: what goes out needs its own.
fn read_secret(item: &Item<'_>, context: &Context<'_>) -> Option<SecretString> {
    auth::read_secret(item, context, context.secrets.of_grants())
}

fn read_composed(item: &Item<'_>, context: &Context<'_>) -> Option<SecretString> {
    let table = item.clone().table("this header".to_owned())?;
    let secret = |key| optional(&table, key, |item| read_secret(item, context));
    let text = |key| optional(&table, key, Item::string);
    let (bearer, password, plain) = (secret("bearer"), secret("password"), secret("secret"));
    let (user, prefix) = (text("basic"), text("prefix"));
    table.refuse_unknown_keys();
    match (bearer?, user?, password?, prefix?, plain?) {
        (Some(token), None, None, None, None) => {
            Some(format!("Bearer {}", token.expose_secret()).into())
        }
        (None, Some(user), Some(_), None, None) if user.contains(':') => item.refuse(
            "a user name cannot contain a colon",
            "RFC 7617 ends the name at the first colon",
        ),
        (None, Some(user), Some(password), None, None) => {
            let pair = format!("{user}:{}", password.expose_secret());
            Some(format!("Basic {}", STANDARD.encode(pair)).into())
        }
        (None, None, None, Some(prefix), Some(secret)) => {
            Some(format!("{prefix}{}", secret.expose_secret()).into())
        }
        _ => item.refuse(
            "this is not a way to write a secret header",
            "\"env:NAME\", { bearer = \"env:NAME\" }, { basic = \"user\", password = \"env:NAME\" } \
             or { prefix = \"Token \", secret = \"env:NAME\" }",
        ),
    }
}
