//! A JWT's signature and form: what is the same for every kind of key.

use super::Refusal;
use super::claims::of_wrong_type;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// In bytes. The assistant's tokens have some hundred, those of authorization servers
/// some thousand; a stranger's should not be worth much work.
const LONGEST_TOKEN: usize = 16 << 10;

/// A header's value as text, if it can be a token.
pub(super) fn text(value: &HeaderValue) -> Result<&str, Refusal> {
    value
        .to_str()
        .map_err(|_| Refusal::Malformed("not ASCII".to_owned()))
}

/// A token, if it is short enough to be looked at.
pub(super) fn short(token: &str) -> Result<&str, Refusal> {
    if token.len() > LONGEST_TOKEN {
        return Err(Refusal::TooLong(token.len()));
    }
    Ok(token)
}

/// The library verifies the signature and what has no clock in it; the rest is checked
/// by [`super::Times`], against the clock that the caller passes.
pub(super) fn validation(algorithms: Vec<Algorithm>) -> Validation {
    let mut validation = Validation {
        algorithms,
        validate_exp: false,
        validate_nbf: false,
        validate_aud: false,
        ..Validation::default()
    };
    validation.required_spec_claims.clear();
    validation
}

/// The claims of a token that one of the keys signed with one of the algorithms.
pub(super) fn claims<'k, T: DeserializeOwned>(
    token: &str,
    keys: impl IntoIterator<Item = &'k DecodingKey>,
    validation: &Validation,
) -> Result<T, Refusal> {
    let wrong_algorithm = || Refusal::WrongAlgorithm(names(&validation.algorithms));
    for key in keys {
        match jsonwebtoken::decode::<T>(token, key, validation) {
            Ok(data) if data.header.crit.is_some() => return Err(Refusal::CriticalExtension),
            Ok(_) if !is_utf8(token) => {
                return Err(Refusal::Malformed("it is not UTF-8 inside".to_owned()));
            }
            Ok(data) => return Ok(data.claims),
            Err(error) => match error.kind() {
                ErrorKind::InvalidSignature => {}
                ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => {
                    return Err(wrong_algorithm());
                }
                _ if names_another_algorithm(token, &validation.algorithms) => {
                    return Err(wrong_algorithm());
                }
                ErrorKind::Json(error) => {
                    return Err(payload(token)
                        .and_then(|payload| of_wrong_type(&payload))
                        .unwrap_or_else(|| wrong_json(error)));
                }
                ErrorKind::InvalidToken => return Err(not_a_jwt()),
                _ => return Err(Refusal::Malformed(error.to_string())),
            },
        }
    }
    Err(Refusal::WrongSignature)
}

/// Further claims of a token whose signature is verified.
pub(super) fn further_claims<T: DeserializeOwned>(token: &str) -> Result<T, Refusal> {
    let bytes = payload(token).ok_or_else(not_a_jwt)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| of_wrong_type(&bytes).unwrap_or_else(|| wrong_json(&error)))
}

/// The claims of a token as JSON, where it has some.
fn payload(token: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()
}

fn not_a_jwt() -> Refusal {
    Refusal::Malformed("it is not a JWT: three parts in Base64, with dots between them".to_owned())
}

/// The refusal of credentials whose scheme is not Bearer, where they begin with a scheme.
/// Only well-known ones are named: the first word of anything else may be a secret.
pub(super) fn other_scheme(text: &str) -> Option<Refusal> {
    const KNOWN: [&str; 8] = [
        "JWT",
        "Token",
        "Basic",
        "Digest",
        "Negotiate",
        "ApiKey",
        "OAuth",
        "DPoP",
    ];
    let (scheme, _) = text.split_once([' ', '\t'])?;
    let known = KNOWN.iter().find(|it| it.eq_ignore_ascii_case(scheme));
    let found = known.map_or_else(String::new, |known| format!(", it is {known}"));
    Some(Refusal::Malformed(format!(
        "the scheme is not Bearer{found}"
    )))
}

/// The algorithms in words.
pub(super) fn names(algorithms: &[Algorithm]) -> String {
    let names: Vec<_> = algorithms.iter().map(|it| format!("{it:?}")).collect();
    names.join(" or ")
}

/// The parser's words may repeat what a stranger wrote there.
fn wrong_json(error: &serde_json::Error) -> Refusal {
    let (kind, column) = (error.classify(), error.column());
    Refusal::Malformed(format!("wrong JSON in it ({kind:?}, at column {column})"))
}

/// Whether a token's header names an algorithm that the library does not even know,
/// `none` among them: to the library, such a header is malformed.
pub(super) fn names_another_algorithm(token: &str, algorithms: &[Algorithm]) -> bool {
    #[derive(Deserialize)]
    struct Header {
        alg: String,
    }
    let header = token.split('.').next().unwrap_or_default();
    URL_SAFE_NO_PAD
        .decode(header)
        .ok()
        .and_then(|json| serde_json::from_slice::<Header>(&json).ok())
        .is_some_and(|header| {
            let mut known = algorithms.iter();
            known.all(|algorithm| format!("{algorithm:?}") != header.alg)
        })
}

/// Whether header and claims are UTF-8 (RFC 7519, 7.2). The library's parser does not
/// look at the bytes of strings that nobody reads.
fn is_utf8(token: &str) -> bool {
    token.split('.').take(2).all(|part| {
        let bytes = URL_SAFE_NO_PAD.decode(part);
        bytes.is_ok_and(|bytes| std::str::from_utf8(&bytes).is_ok())
    })
}
