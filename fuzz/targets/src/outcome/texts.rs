//! New texts of a plugin that transforms texts.

use super::LIMIT;
use crate::json::{is_json, tree};
use retort::outcome::{Fault, OutcomeKind};
use retort::texts::{cut, put_back};
use retort::view::View;

/// Gives the texts of the payload others: one for each, separated by record separators
/// (0x1E), `-` for none, and none for those that are missing.
///
/// # Panics
/// The texts are not what serde_json sees, or what is put back is not in their places.
pub(super) fn check(view: &View, payload: &str, made: &str) {
    let Ok(texts) = cut(view, payload) else {
        assert!(payload.len() > 10_000, "too many texts");
        return;
    };
    let before = tree(payload);
    // Of members that are there twice, serde_json sees the last, and each may have texts.
    let before = before.filter(|before| {
        cut(view, &before.to_string()).is_ok_and(|last| last.len() == texts.len())
    });
    if let Some(before) = &before {
        for text in &texts {
            let seen = before
                .pointer(&text.pointer)
                .and_then(|value| value.as_str());
            assert_eq!(seen, Some(&*text.value), "at {}", text.pointer);
        }
    }
    let mut others = made
        .split('\u{1e}')
        .map(|made| (made != "-").then(|| made.to_owned()));
    let made: Vec<_> = texts.iter().map(|_| others.next().flatten()).collect();
    let result = match put_back(payload, &texts, &made, LIMIT) {
        Ok((OutcomeKind::Texts, Some(result))) => result,
        Ok((OutcomeKind::Unchanged, None)) => payload.to_owned(),
        Err(Fault::OutputTooLarge { .. }) => return,
        other => panic!("no result of new texts: {other:?}"),
    };
    assert!(is_json(&result), "the result is not JSON");
    if let Some(mut expected) = before {
        for (text, made) in texts.iter().zip(made) {
            if let (Some(made), Some(place)) = (made, expected.pointer_mut(&text.pointer)) {
                *place = made.into();
            }
        }
        assert_eq!(tree(&result), Some(expected), "another result");
    }
}
