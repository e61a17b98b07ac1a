//! What a token claims: when it is good, who made it, for whom and for what.

use super::Refusal;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// When a token is acceptable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Times {
    /// How far the clocks may differ. Default: 60 s.
    pub leeway: Duration,
    /// Refuse a token without `exp`. Default: no, because a genuine one may have none.
    pub require_exp: bool,
    /// Refuse a token whose `iat` is absent or longer ago than this. Default: no limit.
    pub max_age: Option<Duration>,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            leeway: Duration::from_secs(60),
            require_exp: false,
            max_age: None,
        }
    }
}

/// A claim that is there has to be a number: `null` does not mean absent.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct TimeClaims {
    #[serde(default, deserialize_with = "number")]
    pub(super) exp: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    pub(super) nbf: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    pub(super) iat: Option<f64>,
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    f64::deserialize(deserializer).map(Some)
}

impl Times {
    /// RFC 7519, 4.1.4 to 4.1.6. Times are seconds since 1970, possibly with a fraction.
    pub(super) fn check(&self, claims: &TimeClaims, now: SystemTime) -> Result<(), Refusal> {
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

    /// The second from which on the token is refused because of its age, if there is one.
    pub(super) fn end(&self, claims: &TimeClaims) -> Option<u64> {
        let aged = self
            .max_age
            .and_then(|age| Some(claims.iat? + age.as_secs_f64()));
        let ends = [claims.exp, aged].into_iter().flatten();
        let end = ends.reduce(f64::min)? + self.leeway.as_secs_f64();
        // A second more, because one that is exactly at its age is still good.
        Some(seconds(end).saturating_add(2))
    }
}

/// Who made a token, for whom and for what. Absent claims are none.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Identity {
    pub(super) iss: Option<String>,
    #[serde(default)]
    pub(super) aud: Words,
    /// RFC 9068 and RFC 7662 write it as words in one string.
    #[serde(default)]
    pub(super) scope: Words,
    /// What some servers have in its place.
    #[serde(default)]
    pub(super) scp: Words,
}

/// A string, or a list of strings.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(untagged)]
pub(super) enum Words {
    #[default]
    None,
    One(String),
    Several(Vec<String>),
}

impl Words {
    /// Whether this is one of the strings.
    pub(super) fn have(&self, wanted: &str) -> bool {
        match self {
            Self::None => false,
            Self::One(one) => one == wanted,
            Self::Several(several) => several.iter().any(|one| one == wanted),
        }
    }

    /// Whether this is one of the words in the strings.
    pub(super) fn have_word(&self, wanted: &str) -> bool {
        let is_in = |text: &String| text.split(' ').any(|word| word == wanted);
        match self {
            Self::None => false,
            Self::One(one) => is_in(one),
            Self::Several(several) => several.iter().any(is_in),
        }
    }
}

/// The first claim of a token whose value is of another kind than it has to be, so that
/// the log can name it. Nothing of the value is repeated.
pub(super) fn of_wrong_type(payload: &[u8]) -> Option<Refusal> {
    const NUMBER: &str = "a number of seconds";
    const TEXT: &str = "a string";
    const TEXTS: &str = "a string or an array of strings";
    let claims: Map<String, Value> = serde_json::from_slice(payload).ok()?;
    [
        ("exp", NUMBER),
        ("nbf", NUMBER),
        ("iat", NUMBER),
        ("jti", TEXT),
        ("iss", TEXT),
        ("aud", TEXTS),
        ("scope", TEXTS),
        ("scp", TEXTS),
    ]
    .into_iter()
    .find_map(|(claim, wanted)| {
        let value = claims.get(claim)?;
        let is_right = match wanted {
            NUMBER => value.is_number(),
            TEXT => value.is_string(),
            _ => {
                value.is_string()
                    || value
                        .as_array()
                        .is_some_and(|all| all.iter().all(Value::is_string))
            }
        };
        // Of these, `null` means that there are none.
        let is_absent = value.is_null() && ["iss", "aud", "scope", "scp"].contains(&claim);
        (!is_right && !is_absent).then(|| Refusal::ClaimOfWrongType {
            claim,
            found: kind_of(value),
            wanted,
        })
    })
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
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
