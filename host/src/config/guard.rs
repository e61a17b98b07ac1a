//! `[assistants.NAME.guard]`

use super::optional;
use super::reader::{Item, Table};
use crate::guard::{Guard, Origin};

/// Reads what an assistant's answers have to keep to. Without the table it is nothing.
pub(super) fn read(assistant: &Table<'_>) -> Option<Guard> {
    let Some(item) = assistant.optional("guard") else {
        return Some(Guard::default());
    };
    let table = item.table("`guard` of the assistant".to_owned())?;
    let answer_bytes = optional(&table, "answer", |i| i.bytes(1 << 10..=64 << 20));
    let shapes = optional(&table, "shapes", Item::boolean);
    let origins = optional(&table, "origins", |item| {
        item.array()?.iter().map(origin).collect::<Option<Vec<_>>>()
    });
    table.refuse_unknown_keys();
    Some(Guard {
        answer_bytes: answer_bytes?,
        shapes: shapes?.unwrap_or(false),
        origins: origins?,
    })
}

fn origin(item: &Item<'_>) -> Option<Origin> {
    item.parsed(
        Origin::parse,
        "write it as \"https://www.example.com\", \"https://*.example.com\" or \"http://localhost:8080\"",
    )
}
