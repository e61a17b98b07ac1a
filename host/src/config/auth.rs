//! `[assistants.NAME.auth]`: how the assistant's webhook proves who it is.

mod oauth;

use super::reader::{Item, Table};
use super::{Context, optional};
use crate::auth::{Algorithm, ApiKey, Auth, Basic, Bearer, Jwt, Times};
use crate::secret::{self, Secrets};
use http::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use std::str::FromStr;
use std::time::Duration;

#[derive(Clone, Copy)]
enum Kind {
    Jwt,
    Basic,
    Bearer,
    ApiKey,
    Oauth,
    None,
}

const KINDS: [(&str, Kind); 6] = [
    ("jwt", Kind::Jwt),
    ("basic", Kind::Basic),
    ("bearer", Kind::Bearer),
    ("api_key", Kind::ApiKey),
    ("oauth", Kind::Oauth),
    ("none", Kind::None),
];

pub(super) fn read(assistant: &Table<'_>, context: &Context<'_>) -> Option<Auth> {
    let table = assistant
        .required(
            "auth",
            "say how the webhook proves who it is: auth = { kind = \"jwt\", secrets = [\"env:MY_SECRET\"] }; \
             an open webhook has to say auth = { kind = \"none\" }",
        )?
        .table("`auth`".to_owned())?;
    let kind = table
        .required("kind", "jwt, basic, bearer, api_key, oauth or none")
        .and_then(|item| item.choice(&KINDS));
    let Some(kind) = kind else {
        // Without the kind nobody knows which other keys belong here.
        return None;
    };
    let auth = match kind {
        Kind::Jwt => read_jwt(&table, context),
        Kind::Basic => read_basic(&table, context),
        Kind::Bearer => {
            read_header_secrets(&table, context).map(|tokens| Auth::Bearer(Bearer::new(&tokens)))
        }
        Kind::ApiKey => read_api_key(&table, context),
        Kind::Oauth => oauth::read(&table, context),
        Kind::None => Some(Auth::None),
    };
    table.refuse_unknown_keys();
    auth
}

/// With which a shared secret can sign.
const SHARED: [(&str, Algorithm); 3] = [
    ("HS256", Algorithm::HS256),
    ("HS384", Algorithm::HS384),
    ("HS512", Algorithm::HS512),
];

/// How many tokens a replay guard remembers, unless the configuration says it. With
/// tokens that are good for half a minute and a minute of leeway, that is 700 requests a
/// second.
const REMEMBERED: u64 = 65_536;

fn read_jwt(table: &Table<'_>, context: &Context<'_>) -> Option<Auth> {
    let secrets = read_secrets(table, context);
    let algorithms = read_algorithms(table, &SHARED);
    let require_exp = optional(table, "require_exp", Item::boolean);
    let times = read_times(table);
    let remember = read_replay(table);
    let mut jwt = Jwt::new(&secrets?);
    if let Some(algorithms) = algorithms? {
        jwt = jwt.with_algorithms(algorithms);
    }
    jwt.times = Times {
        require_exp: require_exp?.unwrap_or(false),
        ..times?
    };
    jwt.remember = remember?;
    Some(Auth::Jwt(Box::new(jwt)))
}

/// Those that a token may be signed with, out of these.
#[expect(
    clippy::option_option,
    reason = "absent and wrong are two things, and both are handled with `?`"
)]
fn read_algorithms(
    table: &Table<'_>,
    possible: &[(&str, Algorithm)],
) -> Option<Option<Vec<Algorithm>>> {
    optional(table, "algorithms", |item| {
        let items = item.array()?;
        if items.is_empty() {
            let words: Vec<_> = possible.iter().map(|(word, _)| *word).collect();
            return item.refuse(
                "at least one algorithm is needed",
                format!("it can have {}", words.join(", ")),
            );
        }
        let read: Vec<_> = items.iter().map(|item| item.choice(possible)).collect();
        read.into_iter().collect()
    })
}

fn read_times(table: &Table<'_>) -> Option<Times> {
    let default = Times::default();
    let leeway = optional(table, "leeway", |item| {
        item.duration(Duration::ZERO..=Duration::from_secs(300))
    });
    let max_age = optional(table, "max_age", |item| {
        item.duration(Duration::from_secs(1)..=Duration::from_secs(86_400))
    });
    Some(Times {
        leeway: leeway?.unwrap_or(default.leeway),
        max_age: max_age?,
        ..default
    })
}

/// How many tokens are remembered so that none comes twice, if that matters.
#[expect(
    clippy::option_option,
    reason = "absent and wrong are two things, and both are handled with `?`"
)]
fn read_replay(table: &Table<'_>) -> Option<Option<usize>> {
    let refuse = optional(table, "replay", |item| {
        item.choice(&[("allow", false), ("refuse", true)])
    });
    let tokens = optional(table, "replay_tokens", |item| item.integer(1..=1_000_000));
    let (refuse, tokens) = (refuse?.unwrap_or(false), tokens?.unwrap_or(REMEMBERED));
    Some(usize::try_from(tokens).ok().filter(|_| refuse))
}

fn read_basic(table: &Table<'_>, context: &Context<'_>) -> Option<Auth> {
    let user = table
        .required("user", "the user name: user = \"assistant\"")
        .and_then(|item| {
            let user = item.string()?;
            if user.contains(':') {
                return item.refuse(
                    "a user name cannot contain a colon",
                    "RFC 7617 ends the name at the first colon; choose another",
                );
            }
            Some(user)
        });
    let password = table
        .required("password", "where the password is: password = \"env:NAME\"")
        .and_then(|item| read_secret(&item, context, context.secrets));
    Some(Auth::Basic(Basic::new(user?, &password?)))
}

fn read_api_key(table: &Table<'_>, context: &Context<'_>) -> Option<Auth> {
    let header = table
        .required("header", "the header's name: header = \"x-api-key\"")
        .and_then(|item| {
            HeaderName::from_str(item.string()?).ok().or_else(|| {
                item.refuse(
                    "this cannot be a header's name",
                    "it has letters, digits and `-`, such as \"x-api-key\"",
                )
            })
        });
    let values = read_header_secrets(table, context);
    Some(Auth::ApiKey(ApiKey::new(header?, &values?)))
}

/// Secrets that are sent as they are, so that a header has to be able to carry them.
fn read_header_secrets(table: &Table<'_>, context: &Context<'_>) -> Option<Vec<SecretString>> {
    let secrets = read_secrets(table, context)?;
    if secrets.iter().all(|secret| header_value(secret).is_some()) {
        return Some(secrets);
    }
    table.optional("secrets")?.refuse(
        "a header cannot carry one of these secrets",
        "white space at its ends and control characters do not get through HTTP; use others",
    )
}

/// A secret as a header's value, if a header can carry it: white space at its ends and
/// control characters do not get through HTTP.
pub(super) fn header_value(secret: &SecretString) -> Option<HeaderValue> {
    let text = secret.expose_secret();
    let is_trimmed = text.trim_matches([' ', '\t']) == text;
    let mut value = HeaderValue::from_str(text).ok().filter(|_| is_trimmed)?;
    value.set_sensitive(true);
    Some(value)
}

/// One or several, so that a secret can be changed while both sides are running.
fn read_secrets(table: &Table<'_>, context: &Context<'_>) -> Option<Vec<SecretString>> {
    let item = table.required(
        "secrets",
        "where the secret is: secrets = [\"env:NAME\"]; name two while you change it",
    )?;
    let sources = item.array()?;
    if sources.is_empty() {
        return item.refuse(
            "at least one secret is needed",
            "secrets = [\"env:NAME\"] or secrets = [\"file:PATH\"]",
        );
    }
    let secrets: Vec<_> = sources
        .iter()
        .map(|source| read_secret(source, context, context.secrets))
        .collect();
    secrets.into_iter().collect()
}

pub(super) fn read_secret(
    item: &Item<'_>,
    context: &Context<'_>,
    secrets: Secrets<'_>,
) -> Option<SecretString> {
    let source = item.string()?;
    if let Some(file) = secret::file(source, context.base) {
        context.files.borrow_mut().push(file);
    }
    match secret::resolve(source, context.base, secrets) {
        Ok(secret) => Some(secret),
        Err(error) => {
            let hint = match &error {
                secret::SecretError::NotASource => {
                    "put the text into an environment variable or a file, and name that"
                }
                secret::SecretError::NotSet(_) => "set it before Retort starts",
                secret::SecretError::Unreadable { .. } => {
                    "check the path, which starts at the configuration's folder, and who may read it"
                }
                secret::SecretError::Empty(_) | secret::SecretError::TooLong { .. } => {
                    "it has to be the text that the other side has; an assistant has it in its Secret field"
                }
            };
            if matches!(error, secret::SecretError::Unreadable { .. }) {
                item.refuse_for_now(error.to_string(), hint)
            } else {
                item.refuse(error.to_string(), hint)
            }
        }
    }
}

#[cfg(test)]
mod tests;
