//! The translator's interface.

use retort_sdk::{Failure, Result, http};
use serde::{Deserialize, Serialize};

use crate::Settings;

#[derive(Serialize)]
struct Order<'a> {
    text: &'a [&'a str],
    source: &'a str,
    target: &'a str,
}

#[derive(Deserialize)]
struct Delivery {
    translations: Vec<Translation>,
}

#[derive(Deserialize)]
struct Translation {
    translation: String,
}

/// Translates texts, all in one request: as many as there are come back, in their order.
pub(crate) fn translate(
    text: &[&str],
    source: &str,
    target: &str,
    settings: &Settings,
) -> Result<Vec<String>> {
    let url = format!("{}/v3/translate", settings.url.trim_end_matches('/'));
    let response = http::post(&url)
        .query("version", &settings.version)
        .json(&Order {
            text,
            source,
            target,
        })
        .send()?
        .success()?;
    let Delivery { translations } = response.json()?;
    if translations.len() != text.len() {
        return Err(Failure::service_failed(format!(
            "POST {url}: {} texts came back for {}",
            translations.len(),
            text.len()
        )));
    }
    let translations = translations.into_iter();
    Ok(translations.map(|made| made.translation).collect())
}
