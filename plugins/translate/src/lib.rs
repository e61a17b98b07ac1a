//! Translates messages to the assistant's language and its answers to the user's, with
//! the Language Translator's HTTP interface, version 3.

mod service;

use retort_sdk::{Invocation, Payload, Pointer, Result};
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
    /// The assistant's language.
    pub language: String,
    /// Where the conversation has its variables: a JSON pointer.
    #[serde(default = "variables")]
    pub variables: Pointer,
    /// What of an answer is translated: JSON pointers with `*` for any element.
    #[serde(default = "texts")]
    pub texts: Vec<String>,
}

fn version() -> String {
    "2018-05-01".to_owned()
}

fn variables() -> Pointer {
    ["context", "skills", "actions skill", "user_defined"]
        .into_iter()
        .fold(Pointer::root(), |pointer, token| pointer.join(token))
}

fn texts() -> Vec<String> {
    ["text", "title", "description", "options/*/label"]
        .map(|part| format!("/output/generic/*/{part}"))
        .into()
}

/// Translates a message from the user's language to the assistant's, and keeps what the
/// user wrote in the variable `original_input`.
///
/// # Errors
/// [`ServiceFailed`](retort_sdk::Failure::ServiceFailed) if the service does not do it.
pub fn translate_message(
    invocation: &Invocation<Settings>,
    message: &mut Payload<'_>,
) -> Result<()> {
    let settings = &invocation.settings;
    let Some(language) = users_language(message, settings) else {
        return Ok(());
    };
    let text = strings(message, &[TEXT.to_owned()])?.pop();
    let Some((pointer, original)) = text.filter(|(pointer, _)| pointer == TEXT) else {
        return Ok(());
    };
    let translated = service::translate(&[&original], &language, &settings.language, settings)?;
    if let [translated] = &translated[..] {
        message.write(&pointer, translated)?;
        message.write(variable(settings, "original_input").as_str(), &original)?;
    }
    Ok(())
}

/// Translates the texts of an answer from the assistant's language to the user's, and
/// keeps what the assistant said in the variable `original_output`.
///
/// # Errors
/// [`ServiceFailed`](retort_sdk::Failure::ServiceFailed) if the service does not do it,
/// and [`Failed`](retort_sdk::Failure::Failed) if the setting `texts` is wrong.
pub fn translate_answer(invocation: &Invocation<Settings>, answer: &mut Payload<'_>) -> Result<()> {
    let settings = &invocation.settings;
    let Some(language) = users_language(answer, settings) else {
        return Ok(());
    };
    let found = strings(answer, &settings.texts)?;
    if found.is_empty() {
        return Ok(());
    }
    let originals: Vec<_> = found.iter().map(|(_, text)| &**text).collect();
    let translated = service::translate(&originals, &settings.language, &language, settings)?;
    for ((pointer, _), translated) in found.iter().zip(&translated) {
        answer.write(pointer, translated)?;
    }
    let original = originals.join("\n");
    answer.write(variable(settings, "original_output").as_str(), &original)
}

retort_sdk::export_request!(translate_message);
retort_sdk::export!(translate_answer);

/// The user's language, if it is known and another than the assistant's. The vendor's
/// example keeps `none` where there was nothing to find out.
fn users_language(payload: &Payload<'_>, settings: &Settings) -> Option<String> {
    let part = payload.document().get(&variable(settings, "language"))?;
    let language = part.string()?;
    let is_one = !language.is_empty() && language != "none";
    (is_one && !language.eq_ignore_ascii_case(&settings.language)).then(|| language.into_owned())
}

fn variable(settings: &Settings, name: &str) -> Pointer {
    settings.variables.join(name)
}

/// The texts at some places that have a letter, with their pointers.
fn strings(payload: &Payload<'_>, places: &[String]) -> Result<Vec<(String, String)>> {
    let mut found = payload.strings(places)?;
    found.retain(|(_, text)| text.contains(char::is_alphabetic));
    Ok(found)
}

#[cfg(test)]
mod tests;
