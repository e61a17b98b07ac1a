//! A request's headers. The oracles are jsonwebtoken itself, used plainly, and direct
//! comparisons.
//!
//! An input is a byte for the kind, a byte for the settings, and lines of headers. No
//! fuzzer guesses a signature, so what stands between record separators (0x1E) is made
//! into credentials: `HEADER 0x1E CLAIMS` is signed, one text alone is written in Base64.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderName, HeaderValue};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation};
use retort::auth::{ApiKey, Auth, Basic, Bearer, Jwt, Times};
use secrecy::SecretString;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

/// The clock of every input, in seconds since 1970: that of the tokens in `tests/tokens`.
const NOW: u32 = 1_800_000_000;

/// Any of these is good; the first signs.
const SECRETS: [&str; 2] = ["purple unicorn", "older ünicorn"];

const USER: &str = "assistant";

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// A token's claims. Their values stay text, because not every one fits into a tree.
type Claims = BTreeMap<String, Box<RawValue>>;

/// What the second byte says of a JWT.
struct Settings {
    leeway: u16,
    require_exp: bool,
    max_age: Option<u16>,
}

/// Takes the bytes as headers and verifies them.
///
/// # Panics
/// What is verified is not what the oracle accepts.
pub fn run(data: &[u8]) {
    let [kind, settings, lines @ ..] = data else {
        return;
    };
    let settings = Settings {
        leeway: if settings & 1 == 0 { 0 } else { 60 },
        require_exp: settings & 2 != 0,
        max_age: (settings & 4 != 0).then_some(300),
    };
    // Of claims that it does not read, the library does not look at the encoding.
    if kind % 4 == 0 && std::str::from_utf8(lines).is_err() {
        return;
    }
    let headers = headers(lines);
    let secrets = SECRETS.map(SecretString::from);
    let (auth, expected) = match kind % 4 {
        0 => (jwt(&secrets, &settings), is_signed(&headers, &settings)),
        1 => {
            let basic = Basic::new(USER, &secrets[0]);
            (Auth::Basic(basic), is_basic(&headers))
        }
        2 => (Auth::Bearer(Bearer::new(&secrets)), is_bearer(&headers)),
        _ => {
            let key = ApiKey::new(API_KEY, &secrets);
            (Auth::ApiKey(key), is_key(&headers))
        }
    };
    let now = UNIX_EPOCH + Duration::from_secs(NOW.into());
    let verified = auth.verify(&headers, now);
    assert_eq!(verified.is_ok(), expected, "{} {verified:?}", auth.kind());
    if let Err(refusal) = verified {
        let told = refusal.to_string();
        assert!(!SECRETS.iter().any(|secret| told.contains(secret)));
    }
}

/// Lines that are no header are passed over: no server would hand them on.
fn headers(lines: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n').take(100) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let (name, value) = line.split_at(colon);
        let value = made(value[1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name),
            HeaderValue::from_bytes(&value),
        ) {
            headers.append(name, value);
        }
    }
    headers
}

/// A value with the credentials that it describes.
fn made(value: &[u8]) -> Vec<u8> {
    let mut parts = value.split(|byte| *byte == 0x1e);
    let scheme = parts.next().unwrap_or_default();
    let credentials = match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => return value.to_vec(),
        (Some(text), None, _) => STANDARD.encode(text),
        (Some(header), Some(claims), broken) => {
            let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
            let message = format!("{header}.{claims}");
            // A third one says that the older secret signs.
            let secret = SECRETS[usize::from(broken.is_some())];
            let key = EncodingKey::from_secret(secret.as_bytes());
            let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256)
                .expect("HS256 signs everything");
            format!("{message}.{signature}")
        }
    };
    [scheme, credentials.as_bytes()].concat()
}

fn jwt(secrets: &[SecretString], settings: &Settings) -> Auth {
    let mut jwt = Jwt::new(secrets);
    jwt.times = Times {
        leeway: Duration::from_secs(settings.leeway.into()),
        require_exp: settings.require_exp,
        max_age: settings.max_age.map(|age| Duration::from_secs(age.into())),
    };
    Auth::Jwt(Box::new(jwt))
}

/// The value, if there is exactly one of these names.
fn single<'h>(headers: &'h HeaderMap, names: &[&str]) -> Option<&'h [u8]> {
    let values = headers
        .iter()
        .filter(|(name, _)| names.contains(&name.as_str()));
    let values: Vec<_> = values.map(|(_, value)| value.as_bytes()).collect();
    <[_; 1]>::try_from(values).ok().map(|[value]| value)
}

/// What follows the name of a scheme and spaces.
fn after<'v>(value: &'v [u8], scheme: &str) -> Option<&'v [u8]> {
    let (name, mut rest) = value.split_at_checked(scheme.len())?;
    rest = rest.strip_prefix(b" ")?;
    while let Some(shorter) = rest.strip_prefix(b" ") {
        rest = shorter;
    }
    name.eq_ignore_ascii_case(scheme.as_bytes()).then_some(rest)
}

/// Of tokens with a time that is no number, or with a header in `crit`, the library says
/// nothing; both are refused.
fn is_signed(headers: &HeaderMap, settings: &Settings) -> bool {
    let Some(value) = single(headers, &["authorization", "authentication"]) else {
        return false;
    };
    let token = after(value, "Bearer").unwrap_or(value);
    let Some(token) = std::str::from_utf8(token)
        .ok()
        .filter(|token| token.len() <= 16 << 10)
    else {
        return false;
    };
    let mut plain = Validation::new(Algorithm::HS256);
    plain.required_spec_claims.clear();
    plain.validate_exp = false;
    plain.validate_aud = false;
    SECRETS.iter().any(|secret| {
        let key = DecodingKey::from_secret(secret.as_bytes());
        let decoded = jsonwebtoken::decode::<Claims>(token, &key, &plain);
        decoded.is_ok_and(|data| {
            data.header.alg == Algorithm::HS256
                && data.header.crit.is_none()
                && is_in_time(&data.claims, settings)
        })
    })
}

/// RFC 7519, 4.1.4 to 4.1.6, and the settings.
fn is_in_time(claims: &Claims, settings: &Settings) -> bool {
    let number = |text: &str| serde_json::from_str::<f64>(text).ok();
    let times = ["exp", "nbf", "iat"].map(|name| claims.get(name).map(|value| number(value.get())));
    if times.contains(&Some(None)) {
        return false;
    }
    let [exp, nbf, iat] = times.map(Option::flatten);
    let (now, leeway) = (f64::from(NOW), f64::from(settings.leeway));
    exp.map_or(!settings.require_exp, |exp| now < exp + leeway)
        && nbf.is_none_or(|nbf| nbf <= now + leeway)
        && settings.max_age.is_none_or(|age| {
            iat.is_some_and(|iat| iat <= now + leeway && now - iat <= f64::from(age) + leeway)
        })
}

fn is_basic(headers: &HeaderMap) -> bool {
    let expected = STANDARD.encode(format!("{USER}:{}", SECRETS[0]));
    single(headers, &["authorization"]).and_then(|value| after(value, "Basic"))
        == Some(expected.as_bytes())
}

fn is_bearer(headers: &HeaderMap) -> bool {
    single(headers, &["authorization"])
        .and_then(|value| after(value, "Bearer"))
        .is_some_and(is_secret)
}

fn is_key(headers: &HeaderMap) -> bool {
    single(headers, &[API_KEY.as_str()]).is_some_and(is_secret)
}

fn is_secret(value: &[u8]) -> bool {
    SECRETS.iter().any(|secret| secret.as_bytes() == value)
}
