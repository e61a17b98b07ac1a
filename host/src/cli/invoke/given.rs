//! What a stage's plugin was given, for people and for machines.

use crate::pipeline::Stage;
use crate::plugin;
use serde::Serialize;
use serde_json::value::RawValue;
use std::io::Write;

/// What a plugin was given of a payload.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Given {
    /// The payload as far as the view shows it.
    Payload(Box<RawValue>),
    /// The strings that the view selects.
    Texts(Vec<Text>),
    /// Nothing: it was not called. The stage's fault says why.
    Nothing,
}

#[derive(Serialize)]
pub(super) struct Text {
    value: String,
    pointer: String,
    response_type: Option<String>,
}

impl Given {
    pub(super) fn of(stage: &Stage, payload: &str) -> Self {
        match stage.plugin.given(&stage.view, payload) {
            Ok(plugin::Given::Payload(seen)) => {
                match RawValue::from_string(seen.into_owned()) {
                    Ok(json) => Self::Payload(json),
                    // It is JSON, because the payload is.
                    Err(_) => Self::Nothing,
                }
            }
            Ok(plugin::Given::Texts(texts)) => {
                let text = |text: crate::texts::Text<'_>| Text {
                    value: text.value.into_owned(),
                    pointer: text.pointer,
                    response_type: text.response_type.map(Into::into),
                };
                Self::Texts(texts.into_iter().map(text).collect())
            }
            Err(_) => Self::Nothing,
        }
    }

    /// A few lines on standard error.
    pub(super) fn tell(&self) {
        match self {
            Self::Payload(json) => {
                let words: Vec<_> = json.get().split_whitespace().collect();
                tell!("  it was given {}", shortened(&words.join(" ")));
            }
            Self::Texts(texts) if texts.is_empty() => {
                tell!("  it was not called, because its view selects no texts here");
            }
            Self::Texts(texts) => {
                for text in texts.iter().take(MOST_LINES) {
                    let value = shortened(&text.value);
                    match &text.response_type {
                        Some(kind) => {
                            tell!("  it was given {:?} ({kind:?}): {value:?}", text.pointer)
                        }
                        None => tell!("  it was given {:?}: {value:?}", text.pointer),
                    }
                }
                if texts.len() > MOST_LINES {
                    let more = texts.len() - MOST_LINES;
                    tell!("  and {more} more texts");
                }
            }
            Self::Nothing => tell!("  it was given nothing"),
        }
    }
}

/// How many texts are shown, each in a line.
const MOST_LINES: usize = 10;

/// The beginning of a long text.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 200;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}
