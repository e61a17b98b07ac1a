//! `reads` and `writes` of a stage.

use super::optional;
use super::reader::{Item, Table};
use crate::event::EventKind;
use crate::view::View;
use retort_json::{Pattern, Places};

/// Reads the view of a stage. Without any of its keys it is everything.
pub(super) fn read(stage: &Table<'_>, event: EventKind) -> Option<View> {
    let new = match event {
        EventKind::MessageReceived => View::of_message,
        _ => View::new,
    };
    let reads = optional(stage, "reads", places);
    let writes = optional(stage, "writes", |item| Some((places(item)?, item.clone())));
    let reads = reads?;
    let Some((writes, item)) = writes? else {
        // What may be read may be written then, so that nothing can be wrong.
        return new(reads, None).ok();
    };
    match new(reads, Some(writes)) {
        Ok(view) => Some(view),
        Err(error) => item.refuse(
            error.to_string(),
            "whatever may be written has to be readable: add it to `reads`, or leave `reads` out",
        ),
    }
}

fn places(item: &Item<'_>) -> Option<Places> {
    let patterns: Vec<_> = item.array()?.iter().map(pattern).collect();
    let count = patterns.len();
    if !(1..=View::MOST_PLACES).contains(&count) {
        return item.refuse(
            format!(
                "a view names 1 to {} places, not {count}",
                View::MOST_PLACES
            ),
            "leave the key out for everything, or leave the stage out if it needs nothing",
        );
    }
    Places::new(patterns.into_iter().collect::<Option<_>>()?).ok()
}

fn pattern(item: &Item<'_>) -> Option<Pattern> {
    item.parsed(
        Pattern::parse,
        "write a place as a JSON pointer with `*` for any element or member, such as \"/output/generic/*/text\"",
    )
}
