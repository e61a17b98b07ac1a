//! Whether the plugins fit their stages: an interface for the event, and grants for what
//! they import.

use super::stages;
use crate::config::{Config, Problem};
use crate::event::EventKind;
use crate::grant::Grants;
use crate::plugin::{Capability, Interface, Plugin};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that does not fit, in the order of the file.
pub(super) fn problems(config: &Config, plugins: &BTreeMap<String, Arc<Plugin>>) -> Vec<Problem> {
    let of_event = stages(config).filter_map(|(event, stage)| {
        let plugin = plugins.get(&stage.plugin)?;
        not_for(event, plugin, stage.position)
    });
    let of_stages = stages(config).filter_map(|(_, stage)| {
        let plugin = plugins.get(&stage.plugin)?;
        not_granted(plugin, &stage.grants, stage.position)
    });
    // Those that no stage runs would surprise later.
    let is_unused = |name: &str| stages(config).all(|(_, stage)| stage.plugin != name);
    let of_unused = config.plugins.iter().filter_map(|(name, it)| {
        let plugin = plugins.get(name).filter(|_| is_unused(name))?;
        not_granted(plugin, &it.grants, it.position)
    });
    let mut problems: Vec<_> = of_event.chain(of_stages).chain(of_unused).collect();
    problems.sort_by_key(|problem| (problem.line, problem.column));
    problems
}

fn not_for(event: EventKind, plugin: &Arc<Plugin>, at: (usize, usize)) -> Option<Problem> {
    if plugin.for_event(event).is_some() {
        return None;
    }
    let (name, event_name) = (plugin.name(), event.name());
    let exported: Vec<_> = plugin.interfaces().map(Interface::name).collect();
    let needed = Interface::ALL.into_iter().filter(|it| it.serves(event));
    let needed: Vec<_> = needed.map(Interface::name).collect();
    Some(Problem {
        line: at.0,
        column: at.1,
        message: format!(
            "the plugin `{name}` is not for {event_name}: it exports {}",
            exported.join(" and ")
        ),
        hint: Some(format!(
            "a plugin for {event_name} exports {}",
            needed.join(" or ")
        )),
    })
}

fn not_granted(plugin: &Plugin, grants: &Grants, at: (usize, usize)) -> Option<Problem> {
    let lacks = plugin.lacks(grants);
    if lacks.is_empty() {
        return None;
    }
    let joined = |word: fn(Capability) -> &'static str| {
        let words: Vec<_> = lacks.iter().map(|it| word(*it)).collect();
        words.join(", ")
    };
    let name = plugin.name();
    Some(Problem {
        line: at.0,
        column: at.1,
        message: format!(
            "the plugin `{name}` imports what it is not granted: {}",
            joined(Capability::interface)
        ),
        hint: Some(format!(
            "if you trust it with that, grant it: [plugins.{name}] grants = {{ {} }}",
            joined(Capability::example)
        )),
    })
}
