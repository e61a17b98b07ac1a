use super::{Ending, SECRETS, output};
use crate::secret;
use anyhow::Context;
use clap::{Args, ValueEnum};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Mint the JWT that an assistant would send
///
/// Prints a token with `iat` and `exp`, for `Authorization: Bearer TOKEN`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  LOBBY_SECRET='purple unicorn' retort token --secret env:LOBBY_SECRET --expires 1h")]
pub(super) struct Token {
    /// Where the shared secret is: `env:NAME` or `file:PATH`
    #[arg(long, value_name = "SOURCE")]
    secret: String,
    #[command(flatten)]
    claims: Claims,
}

/// What a token says; `send` has the same.
#[derive(Debug, Args)]
pub(super) struct Claims {
    /// How long the token is valid; `never` leaves `exp` out
    #[arg(long, requires = "secret", value_name = "TIME", default_value = "30s", value_parser = parse_expiry)]
    expires: Expiry,
    /// A further claim; a value that is JSON is taken as such, any other as a string
    #[arg(long = "claim", requires = "secret", value_name = "NAME=VALUE", value_parser = parse_claim)]
    further: Vec<(String, Value)>,
    /// What to sign with; the assistant itself uses HS256
    #[arg(long, requires = "secret", value_enum, default_value = "HS256")]
    algorithm: Shared,
}

/// The algorithms that a shared secret can sign with.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "verbatim")]
enum Shared {
    HS256,
    HS384,
    HS512,
}

impl From<Shared> for Algorithm {
    fn from(shared: Shared) -> Self {
        match shared {
            Shared::HS256 => Self::HS256,
            Shared::HS384 => Self::HS384,
            Shared::HS512 => Self::HS512,
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Expiry {
    After(Duration),
    Never,
}

fn parse_expiry(text: &str) -> Result<Expiry, String> {
    match text {
        "never" => Ok(Expiry::Never),
        time => humantime::parse_duration(time)
            .map(Expiry::After)
            .map_err(|_| "write a time such as `30s` or `1h`, or `never`".to_owned()),
    }
}

fn parse_claim(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("write a claim as NAME=VALUE, such as `sub=lobby`")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok((name.to_owned(), value))
}

impl Token {
    pub(super) fn execute(self) -> anyhow::Result<Ending> {
        writeln!(output::stdout(), "{}", self.claims.sign(&self.secret)?)?;
        Ok(Ending::Good)
    }
}

impl Claims {
    /// A token over these claims, issued now, with the secret that `source` names.
    pub(super) fn sign(&self, source: &str) -> anyhow::Result<String> {
        let secret: SecretString =
            secret::resolve(source, Path::new(""), SECRETS).context("--secret cannot be used")?;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .context("the system's clock is before 1970")?;
        let mut claims = Map::new();
        claims.insert("iat".to_owned(), now.as_secs().into());
        if let Expiry::After(time) = self.expires {
            let expiry = now.saturating_add(time);
            claims.insert("exp".to_owned(), expiry.as_secs().into());
        }
        claims.extend(self.further.iter().cloned());
        let key = EncodingKey::from_secret(secret.expose_secret().as_bytes());
        jsonwebtoken::encode(&Header::new(self.algorithm.into()), &claims, &key)
            .context("the token cannot be signed")
    }
}
