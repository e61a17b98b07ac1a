//! Replaces the text of an item by the one that a content management system has for the
//! item's id.

mod cache;
mod cms;

use std::{
    borrow::Cow,
    time::{Duration, Instant},
};

use cache::Cache;
use retort_sdk::{Invocation, Item, Payload, Pointer, Result, log};
use serde::Deserialize;

/// What the operator may set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the answers are, such as `https://cms.example.com/get_answer`.
    pub url: String,
    /// Where the id stands in an item: a JSON pointer.
    #[serde(default = "id")]
    pub id: Pointer,
    /// Where the text stands in what the CMS answers, if that is JSON: a JSON pointer.
    #[serde(default = "text")]
    pub text: Pointer,
    /// The text where the CMS has none. Without it the item keeps its own.
    #[serde(default)]
    pub fallback: Option<String>,
    /// How long an answer is taken from the cache without asking, in seconds.
    #[serde(default = "fresh")]
    pub fresh: u64,
    /// How long the CMS may take for all items together, in milliseconds, but never more
    /// than half of the time that the call has.
    #[serde(default = "timeout")]
    pub timeout: u64,
}

fn id() -> Pointer {
    Pointer::root().join("user_defined").join("action_id")
}

fn text() -> Pointer {
    Pointer::root().join("text")
}

fn fresh() -> u64 {
    60
}

fn timeout() -> u64 {
    2_000
}

/// Changes every item that has a text and an id.
///
/// # Errors
/// None of its own: whatever fails is logged, and an older answer, the fallback or the
/// item's own text stands in its place.
pub fn transform(invocation: &Invocation<Settings>, payload: &mut Payload<'_>) -> Result<()> {
    let settings = &invocation.settings;
    let time = Duration::from_millis(settings.timeout).min(invocation.time_left / 2);
    let mut sources = None;
    for mut item in payload.items() {
        let Some(id) = id_of(&mut item, settings) else {
            continue;
        };
        let sources = sources.get_or_insert_with(|| Sources {
            settings,
            cache: Cache::open(&settings.url),
            deadline: Instant::now() + time,
        });
        if let Some(answer) = sources.answer(&id).or_else(|| settings.fallback.clone()) {
            item.set_text(&answer)?;
        }
    }
    Ok(())
}

retort_sdk::export!(transform);

/// The id of an item that has a text. An id that is a number is used as it is written.
fn id_of(item: &mut Item<'_, '_>, settings: &Settings) -> Option<String> {
    item.text()?;
    let id = item.node().get(&settings.id)?;
    let is_number = id
        .json()
        .starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    let written = is_number.then_some(Cow::Borrowed(id.json()));
    let id = id.string().or(written)?;
    (!id.is_empty()).then(|| id.into_owned())
}

/// Where answers come from.
struct Sources<'s> {
    settings: &'s Settings,
    cache: Cache,
    deadline: Instant,
}

impl Sources<'_> {
    /// The answer for an id: a fresh one from the cache, the one that the CMS has now,
    /// or an older one if the CMS does not say.
    fn answer(&self, id: &str) -> Option<String> {
        let kept = self.cache.find(id);
        if let Some(kept) = &kept
            && kept.is_younger_than(self.settings.fresh)
        {
            return Some(kept.answer.clone());
        }
        let etag = kept.as_ref().and_then(|kept| kept.etag.as_deref());
        match cms::ask(id, etag, self.settings, self.deadline) {
            Ok(cms::Said::Answer { answer, etag }) => {
                self.cache.keep(id, &answer, etag);
                Some(answer)
            }
            Ok(cms::Said::Same) => {
                let kept = kept?;
                self.cache.keep(id, &kept.answer, kept.etag);
                Some(kept.answer)
            }
            Ok(cms::Said::Nothing) => {
                log::warn("the CMS has no answer for an id");
                None
            }
            Err(failure) => {
                log::warn(failure.message());
                Some(kept?.answer)
            }
        }
    }
}

#[cfg(test)]
mod tests;
