//! The table `grants` of a plugin or a stage.

mod http;
mod keyvalue;

use super::reader::{Item, Table};
use super::{Context, optional};
use crate::grant::{Grants, LogLevel};

/// Reads the table, if there is one.
pub(super) fn read(table: &Table<'_>, path: &str, context: &Context<'_>) -> Option<Grants> {
    let Some(item) = table.optional("grants") else {
        return Some(Grants::default());
    };
    let grants = item.table(path.to_owned())?;
    let config = optional(&grants, "config", Item::boolean);
    let logging = optional(&grants, "logging", |item| item.choice(&LogLevel::ALL));
    let http = optional(&grants, "http", |item| http::read(item, context));
    let keyvalue = optional(&grants, "keyvalue", |item| {
        if !context.has_store {
            return item.refuse(
                "there is no store",
                "say where entries are kept in a table [keyvalue]: file = \"retort-state.redb\", secrets = [\"env:RETORT_STATE_SECRET\"]",
            );
        }
        keyvalue::read(item)
    });
    grants.refuse_unknown_keys();
    Some(Grants {
        config: config?,
        logging: logging?,
        http: http?,
        keyvalue: keyvalue?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::parse;
    use super::*;
    use crate::event::EventKind;

    #[test]
    fn a_stages_grants_stand_in_the_place_of_its_plugins() {
        let config = parse(
            "[plugins.p]\ncomponent = \"p.wasm\"\ngrants = { config = true, logging = \"warn\" }\n\
             [tenants.t]\n[assistants.a]\ntenant = \"t\"\nauth = { kind = \"none\" }\n\
             pipeline = [{ plugin = \"p\", grants = { config = false } }]",
        )
        .unwrap();
        let stage = &config.assistants["a"].pipelines[&EventKind::MessageProcessed][0];
        assert_eq!(stage.grants.config, Some(false));
        assert_eq!(stage.grants.logging, Some(LogLevel::Warn));
        assert_eq!(config.plugins["p"].grants.config, Some(true));
    }

    #[test]
    fn says_what_can_be_granted() {
        let problem = |grants: &str| {
            parse(&format!(
                "[plugins.p]\ncomponent = \"p.wasm\"\ngrants = {grants}"
            ))
            .unwrap_err()
            .to_string()
        };
        assert!(problem("{ logging = \"loud\" }").contains("it can be \"trace\" or \"debug\""));
        assert!(problem("{ files = true }").contains("unknown key `files`"));
        assert!(problem("true").contains("must be a table"));
        assert!(problem("{ config = 1 }").contains("must be true or false"));
    }
}
