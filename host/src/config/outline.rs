//! What a configuration says, in short: enough to tell what of it another one changes.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use toml::de::{DeTable, DeValue};

/// The tables whose inside has names of the user's choice.
const NAMED: [&str; 3] = ["assistants", "plugins", "tenants"];

/// A digest of each table `[assistants.NAME]`, `[plugins.NAME]` and `[tenants.NAME]`, and
/// of each key of the other tables. It has nothing of the values' text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    named: BTreeMap<&'static str, Digests>,
    settings: Digests,
}

type Digests = BTreeMap<String, u64>;

/// How one configuration differs from another, in names of tables and keys, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Those that only the new one has.
    pub added: Vec<String>,
    /// Those that only the old one has.
    pub removed: Vec<String>,
    /// Those that say something else.
    pub changed: Vec<String>,
}

impl Outline {
    pub(super) fn of(root: &DeTable<'_>) -> Self {
        let mut outline = Self::default();
        for (name, value) in root {
            let name = name.get_ref().as_ref();
            let DeValue::Table(table) = value.get_ref() else {
                continue;
            };
            let digests = table.iter().map(|(key, value)| {
                let mut hasher = DefaultHasher::new();
                digest(value.get_ref(), &mut hasher);
                (key.get_ref().to_string(), hasher.finish())
            });
            if let Some(kind) = NAMED.iter().find(|kind| **kind == name) {
                outline.named.insert(kind, digests.collect());
            } else {
                let of_table = |(key, digest)| (format!("{name}.{key}"), digest);
                outline.settings.extend(digests.map(of_table));
            }
        }
        outline
    }

    /// How `new` differs in what the tables of this kind say: `assistants`, `plugins` or
    /// `tenants`.
    #[must_use]
    pub fn difference_of(&self, new: &Self, kind: &str) -> Difference {
        let empty = Digests::new();
        let old = self.named.get(kind).unwrap_or(&empty);
        difference(old, new.named.get(kind).unwrap_or(&empty))
    }

    /// How `new` differs in keys such as `server.body`.
    #[must_use]
    pub fn difference_of_settings(&self, new: &Self) -> Difference {
        difference(&self.settings, &new.settings)
    }
}

fn difference(old: &Digests, new: &Digests) -> Difference {
    let only = |these: &Digests, those: &Digests| {
        let names = these.keys().filter(|name| !those.contains_key(*name));
        names.cloned().collect()
    };
    let other = |(name, digest): &(&String, &u64)| old.get(*name).is_some_and(|it| it != *digest);
    Difference {
        added: only(new, old),
        removed: only(old, new),
        changed: new
            .iter()
            .filter(other)
            .map(|(name, _)| name.clone())
            .collect(),
    }
}

/// What a value says, wherever it stands and however it is laid out.
fn digest(value: &DeValue<'_>, hasher: &mut DefaultHasher) {
    value.type_str().hash(hasher);
    match value {
        DeValue::String(text) => text.hash(hasher),
        DeValue::Integer(digits) => (digits.as_str(), digits.radix()).hash(hasher),
        DeValue::Float(digits) => digits.as_str().hash(hasher),
        DeValue::Boolean(value) => value.hash(hasher),
        DeValue::Datetime(value) => value.to_string().hash(hasher),
        DeValue::Array(elements) => {
            elements.len().hash(hasher);
            for element in elements {
                digest(element.get_ref(), hasher);
            }
        }
        DeValue::Table(entries) => {
            entries.len().hash(hasher);
            for (key, value) in entries {
                key.get_ref().hash(hasher);
                digest(value.get_ref(), hasher);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(text: &str) -> Outline {
        Outline::of(DeTable::parse(text).unwrap().get_ref())
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn layout_and_order_are_no_difference() {
        let one =
            outline("server.body = 1\n[plugins.p]\ncomponent = \"p\"\nlimits = { fuel = 1 }\n");
        let other =
            "# words\n[plugins.p]\nlimits.fuel = 1\ncomponent = 'p'\n\n[server]\nbody = 1\n";
        assert_eq!(one, outline(other));
    }

    #[test]
    fn tables_are_added_removed_and_changed() {
        let old =
            outline("[tenants.a]\n[tenants.b]\nqueue = 1\n[tenants.c]\nqueue = 1\n[plugins.p]");
        let new = outline("[tenants.b]\nqueue = 2\n[tenants.c]\nqueue = 1\n[tenants.d]");
        let expected = Difference {
            added: names(&["d"]),
            removed: names(&["a"]),
            changed: names(&["b"]),
        };
        assert_eq!(old.difference_of(&new, "tenants"), expected);
        assert_eq!(old.difference_of(&new, "plugins").removed, names(&["p"]));
        assert_eq!(old.difference_of(&old, "plugins"), Difference::default());
    }

    #[test]
    fn settings_are_compared_key_by_key() {
        let old = outline("[server]\nbody = 1\ntls = { certificate = \"c\" }\n[admin]\n");
        let new = outline("[server]\nbody = \"1\"\nwatch = \"1s\"\n");
        let expected = Difference {
            added: names(&["server.watch"]),
            removed: names(&["server.tls"]),
            changed: names(&["server.body"]),
        };
        assert_eq!(old.difference_of_settings(&new), expected);
    }
}
