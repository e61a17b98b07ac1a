//! What a new configuration changes, in words for the log.

use crate::config::Difference;
use crate::snapshot::Snapshot;

/// How many names of one kind are told; more are counted.
const MOST_NAMES: usize = 10;

/// What is new, gone and different. Each is nothing, or such as
/// `assistants a, b and 3 more; plugin p; server.body`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub(super) added: Option<String>,
    pub(super) removed: Option<String>,
    pub(super) changed: Option<String>,
}

/// Between the snapshot that served and the one that takes its place.
pub(super) fn between(old: &Snapshot, new: &Snapshot) -> Changes {
    let of = |kind| old.outline.difference_of(&new.outline, kind);
    let mut plugins = of("plugins");
    // A component may be another although its name is the same.
    for (name, plugin) in &new.plugins {
        let before = old.plugins.get(name);
        let is_another = before.is_some_and(|before| before.sha256() != plugin.sha256());
        if is_another && !plugins.changed.contains(name) {
            plugins.changed.push(name.clone());
        }
    }
    let settings = old.outline.difference_of_settings(&new.outline);
    Changes::of(&[
        (Some("assistant"), of("assistants")),
        (Some("tenant"), of("tenants")),
        (Some("plugin"), plugins),
        (None, settings),
    ])
}

impl Changes {
    /// Of kinds of tables by their names; without one, the names speak for themselves.
    fn of(kinds: &[(Option<&str>, Difference)]) -> Self {
        let words = |names: fn(&Difference) -> &[String]| {
            let kinds = kinds
                .iter()
                .filter_map(|(kind, it)| listed(*kind, names(it)));
            let words = kinds.collect::<Vec<_>>().join("; ");
            (!words.is_empty()).then_some(words)
        };
        Self {
            added: words(|it| &it.added),
            removed: words(|it| &it.removed),
            changed: words(|it| &it.changed),
        }
    }
}

/// A bounded list of names; nothing where there are none.
pub(super) fn listed(kind: Option<&str>, names: &[String]) -> Option<String> {
    let (told, more) = names.split_at(names.len().min(MOST_NAMES));
    let words = match (told, more.len()) {
        ([], _) => return None,
        (told, 0) => told.join(", "),
        (told, more) => format!("{} and {more} more", told.join(", ")),
    };
    Some(match (kind, told.len()) {
        (Some(kind), 1) => format!("{kind} {words}"),
        (Some(kind), _) => format!("{kind}s {words}"),
        (None, _) => words,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (1..=count).map(|number| format!("n{number}")).collect()
    }

    #[test]
    fn each_kind_is_named_and_long_lists_are_counted() {
        let assistants = Difference {
            added: names(1),
            removed: names(1_013),
            changed: Vec::new(),
        };
        let settings = Difference {
            removed: vec!["server.body".to_owned()],
            ..Difference::default()
        };
        let changes = Changes::of(&[(Some("assistant"), assistants), (None, settings)]);
        assert_eq!(changes.added.as_deref(), Some("assistant n1"));
        let removed =
            "assistants n1, n2, n3, n4, n5, n6, n7, n8, n9, n10 and 1003 more; server.body";
        assert_eq!(changes.removed.as_deref(), Some(removed));
        assert_eq!(changes.changed, None);
        assert_eq!(listed(Some("plugin"), &names(2)).unwrap(), "plugins n1, n2");
    }
}
