//! Finds out the language of a message with the Language Translator's HTTP interface,
//! version 3, and keeps it in the conversation.

use retort_sdk::{Failure, Invocation, Payload, Pointer, Result, http};
use serde::Deserialize;

/// Where a message has its text.
const TEXT: &str = "/input/text";

/// What the operator may set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the service is: what stands before `/v3`.
    pub url: String,
    /// Which version of the service's interface is spoken: a date.
    #[serde(default = "version")]
    pub version: String,
    /// How sure the service has to be, 0 to 1.
    #[serde(default = "confidence")]
    pub confidence: f64,
    /// Whether a language that is known already stays.
    #[serde(default)]
    pub keep: bool,
    /// Where the conversation has its variables: a JSON pointer.
    #[serde(default = "variables")]
    pub variables: Pointer,
}

fn version() -> String {
    "2018-05-01".to_owned()
}

fn confidence() -> f64 {
    0.5
}

fn variables() -> Pointer {
    ["context", "skills", "actions skill", "user_defined"]
        .into_iter()
        .fold(Pointer::root(), |pointer, token| pointer.join(token))
}

/// Stores the language of the message, if the service is sure of it.
///
/// # Errors
/// [`Failure::ServiceFailed`] if the service does not say.
pub fn transform(invocation: &Invocation<Settings>, message: &mut Payload<'_>) -> Result<()> {
    let settings = &invocation.settings;
    let variable = settings.variables.join("language");
    let is_known = message.read::<Option<String>>(variable.as_str());
    if settings.keep && is_known.is_ok_and(|known| known.flatten().is_some()) {
        return Ok(());
    }
    let Some(text) = text(message) else {
        return Ok(());
    };
    if let Some(language) = identify(&text, settings)? {
        message.write(variable.as_str(), &language)?;
    }
    Ok(())
}

retort_sdk::export_request!(transform);

/// The message's text, if there is something in it that has a language.
fn text(message: &Payload<'_>) -> Option<String> {
    let pointer = Pointer::parse(TEXT).ok()?;
    let part = message.document().get(&pointer)?;
    let text = part.string()?;
    text.contains(char::is_alphabetic)
        .then(|| text.into_owned())
}

/// What the service says of a text.
#[derive(Deserialize)]
struct Identified {
    languages: Vec<Candidate>,
}

#[derive(Deserialize)]
struct Candidate {
    language: String,
    confidence: f64,
}

/// The most likely language of a text, if it is likely enough.
fn identify(text: &str, settings: &Settings) -> Result<Option<String>, Failure> {
    let url = format!("{}/v3/identify", settings.url.trim_end_matches('/'));
    let response = http::post(&url)
        .query("version", &settings.version)
        .text(text)
        .send()?
        .success()?;
    let identified: Identified = response.json()?;
    let best = identified
        .languages
        .into_iter()
        .max_by(|one, other| one.confidence.total_cmp(&other.confidence));
    let sure = best.filter(|best| best.confidence >= settings.confidence);
    Ok(sure.map(|sure| sure.language))
}

#[cfg(test)]
mod tests;
