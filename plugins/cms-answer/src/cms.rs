//! The content management system's interface.

use std::time::Instant;

use retort_sdk::{
    Document, Failure, Result,
    http::{self, Response},
};

use crate::Settings;

/// What the CMS says of an id.
pub(crate) enum Said {
    /// This is the answer, with the name of its version if it has one.
    Answer {
        answer: String,
        etag: Option<String>,
    },
    /// The answer is still the one of the version that was asked with.
    Same,
    /// There is none.
    Nothing,
}

/// Asks for the answer of an id, and for news only if there is a version already.
pub(crate) fn ask(
    id: &str,
    etag: Option<&str>,
    settings: &Settings,
    deadline: Instant,
) -> Result<Said> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(Failure::service_failed("no time is left to ask the CMS"));
    }
    let mut request = http::get(&settings.url).query("id", id).timeout(left);
    if let Some(etag) = etag {
        request = request.header("if-none-match", etag);
    }
    let response = request.send()?;
    match response.status() {
        304 if etag.is_some() => Ok(Said::Same),
        404 | 410 => Ok(Said::Nothing),
        _ => {
            let response = response.success()?;
            Ok(Said::Answer {
                answer: answer(&response, settings)?,
                etag: response.header("etag").map(str::to_owned),
            })
        }
    }
}

/// The text of a response: a part of it if it is JSON, else the whole of it.
fn answer(response: &Response, settings: &Settings) -> Result<String> {
    let body = response.text()?;
    let kind = response.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    if kind == "application/json" || kind.ends_with("+json") {
        let document = Document::parse(body).ok();
        let part = document.as_ref().and_then(|it| it.get(&settings.text));
        let text = part.and_then(|part| Some(part.string()?.into_owned()));
        text.ok_or_else(|| Failure::service_failed("the CMS's JSON has no text at its place"))
    } else if kind == "text/plain" {
        Ok(body.to_owned())
    } else {
        Err(Failure::service_failed(
            "the CMS answers with neither JSON nor plain text",
        ))
    }
}
