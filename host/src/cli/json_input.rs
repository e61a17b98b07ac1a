//! JSON from a file or from standard input, for `invoke` and `send`.

use crate::event::EventKind;
use anyhow::{Context, bail};
use serde::Deserialize;
use std::io::Read;
use std::path::Path;

/// The most that is read, in bytes: more than any webhook may send.
const LIMIT: u64 = 64 << 20;

/// Reads a file, or standard input where its name is `-`.
pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let (name, read) = if path.as_os_str() == "-" {
        let stdin = std::io::stdin()
            .lock()
            .take(LIMIT)
            .read_to_string(&mut text);
        ("standard input".to_owned(), stdin)
    } else {
        let name = path.display().to_string();
        let file = std::fs::File::open(path).with_context(|| format!("cannot open {name}"))?;
        (name, file.take(LIMIT).read_to_string(&mut text))
    };
    read.with_context(|| format!("cannot read {name} as UTF-8"))?;
    retort_json::check(&text).with_context(|| format!("{name} is not JSON"))?;
    Ok(text)
}

/// The event of that name, for clap.
pub(super) fn event(name: &str) -> Result<EventKind, String> {
    EventKind::named(name).ok_or_else(|| {
        let names: Vec<_> = EventKind::ALL.map(EventKind::name).into();
        format!("it can be {}", names.join(", "))
    })
}

/// The webhook body around a payload, JSON text.
pub(super) fn webhook_body(event: EventKind, payload: &str) -> String {
    let name = event.name();
    format!(r#"{{"event":{{"name":"{name}"}},"options":{{}},"payload":{payload}}}"#)
}

/// The webhook body that a text is, or the one around the payload of that event that it
/// is.
pub(super) fn as_webhook_body(text: String, event: EventKind) -> anyhow::Result<String> {
    #[derive(Deserialize)]
    struct Envelope {
        event: Option<serde::de::IgnoredAny>,
        payload: Option<serde::de::IgnoredAny>,
    }
    let envelope: Envelope = serde_json::from_str(&text)
        .context("this is neither a webhook's body nor the payload of one, which is an object")?;
    match (envelope.event, envelope.payload) {
        (Some(_), Some(_)) => Ok(text),
        (None, None) => Ok(webhook_body(event, text.trim())),
        _ => bail!("a webhook's body has both `event` and `payload`; a payload alone has neither"),
    }
}
