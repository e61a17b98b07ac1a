//! The signed JWT, the assistant's own way. The vendor documents the header and
//! the shared secret, not the claims; so time is checked where it is claimed, and
//! settings can demand more.

use super::{Refusal, after_scheme};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// In bytes. The assistant's tokens have some hundred; a stranger's should not be
/// worth much work.
const LONGEST_TOKEN: usize = 16 << 10;

/// What makes a token acceptable.
#[derive(Debug)]
pub struct Jwt {
    /// One per secret: a token is good if any of them signed it.
    keys: Vec<DecodingKey>,
    validation: Validation,
    /// How far the clocks may differ. Default: 60 s.
    pub leeway: Duration,
    /// Refuse a token without `exp`. Default: no, because a genuine one may have none.
    pub require_exp: bool,
    /// Refuse a token whose `iat` is absent or longer ago than this. Default: no limit.
    pub max_age: Option<Duration>,
}

/// A claim that is there has to be a number: `null` does not mean absent.
#[derive(Deserialize)]
struct Claims {
    #[serde(default, deserialize_with = "number")]
    exp: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    nbf: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    iat: Option<f64>,
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    f64::deserialize(deserializer).map(Some)
}

impl Jwt {
    /// Accepts tokens that one of these secrets signed, with the default settings.
    #[must_use]
    pub fn new(secrets: &[SecretString]) -> Self {
        let key =
            |secret: &SecretString| DecodingKey::from_secret(secret.expose_secret().as_bytes());
        // The library verifies the signature and what has no clock in it; times are
        // checked below, against the clock that the caller passes.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        Self {
            keys: secrets.iter().map(key).collect(),
            validation,
            leeway: Duration::from_secs(60),
            require_exp: false,
            max_age: None,
        }
    }

    pub(super) fn verify(&self, value: &HeaderValue, now: SystemTime) -> Result<(), Refusal> {
        let Ok(text) = value.to_str() else {
            return Err(Refusal::Malformed("not ASCII".to_owned()));
        };
        let token = after_scheme(text, "Bearer").unwrap_or(text);
        if token.len() > LONGEST_TOKEN {
            return Err(Refusal::TooLong(token.len()));
        }
        self.check_times(&self.claims(token)?, now)
    }

    /// The claims of a token that one of the secrets signed.
    fn claims(&self, token: &str) -> Result<Claims, Refusal> {
        for key in &self.keys {
            match jsonwebtoken::decode::<Claims>(token, key, &self.validation) {
                Ok(data) if data.header.crit.is_some() => return Err(Refusal::CriticalExtension),
                Ok(_) if !is_utf8(token) => {
                    return Err(Refusal::Malformed("it is not UTF-8 inside".to_owned()));
                }
                Ok(data) => return Ok(data.claims),
                Err(error) => match error.kind() {
                    ErrorKind::InvalidSignature => {}
                    ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => {
                        return Err(Refusal::WrongAlgorithm);
                    }
                    _ if names_another_algorithm(token) => return Err(Refusal::WrongAlgorithm),
                    // The parser's words may repeat what a stranger wrote there.
                    ErrorKind::Json(error) => {
                        let (kind, column) = (error.classify(), error.column());
                        let reason = format!("wrong JSON in it ({kind:?}, at column {column})");
                        return Err(Refusal::Malformed(reason));
                    }
                    _ => return Err(Refusal::Malformed(error.to_string())),
                },
            }
        }
        Err(Refusal::WrongSignature)
    }

    /// RFC 7519, 4.1.4 to 4.1.6. Times are seconds since 1970, possibly with a fraction.
    fn check_times(&self, claims: &Claims, now: SystemTime) -> Result<(), Refusal> {
        let now = now
            .duration_since(UNIX_EPOCH)
            .map_or(0.0, |since| since.as_secs_f64());
        let leeway = self.leeway.as_secs_f64();
        match claims.exp {
            Some(exp) if now >= exp + leeway => return Err(Refusal::Expired(seconds(now - exp))),
            None if self.require_exp => return Err(Refusal::MissingClaim("exp")),
            _ => {}
        }
        if let Some(nbf) = claims.nbf
            && now + leeway < nbf
        {
            return Err(Refusal::NotYetValid(seconds(nbf - now)));
        }
        let Some(max_age) = self.max_age else {
            return Ok(());
        };
        let Some(iat) = claims.iat else {
            return Err(Refusal::MissingClaim("iat"));
        };
        if now + leeway < iat {
            return Err(Refusal::FromTheFuture(seconds(iat - now)));
        }
        if now - iat > max_age.as_secs_f64() + leeway {
            return Err(Refusal::TooOld(seconds(now - iat)));
        }
        Ok(())
    }
}

/// Whether a token's header names an algorithm that the library does not even know,
/// `none` among them: to the library, such a header is malformed.
fn names_another_algorithm(token: &str) -> bool {
    #[derive(Deserialize)]
    struct Header {
        alg: String,
    }
    let header = token.split('.').next().unwrap_or_default();
    URL_SAFE_NO_PAD
        .decode(header)
        .ok()
        .and_then(|json| serde_json::from_slice::<Header>(&json).ok())
        .is_some_and(|header| header.alg != "HS256")
}

/// Whether header and claims are UTF-8 (RFC 7519, 7.2). The library's parser does not
/// look at the bytes of strings that nobody reads.
fn is_utf8(token: &str) -> bool {
    token.split('.').take(2).all(|part| {
        let bytes = URL_SAFE_NO_PAD.decode(part);
        bytes.is_ok_and(|bytes| std::str::from_utf8(&bytes).is_ok())
    })
}

/// Whole seconds for a message; numbers beyond the range end at its bounds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float saturates when it is cast, which is what a message needs"
)]
fn seconds(difference: f64) -> u64 {
    difference as u64
}
