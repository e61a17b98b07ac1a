//! Whether the plugins fit their stages: an interface for the event, and grants for what
//! they import.

use super::stages;
use crate::config::{Config, Problem};
use crate::event::EventKind;
use crate::grant::Grants;
use crate::limits::Limits;
use crate::plugin::{Capability, Interface, Plugin};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that does not fit, in the order of the file.
pub(super) fn problems(config: &Config, plugins: &BTreeMap<String, Arc<Plugin>>) -> Vec<Problem> {
    let of_event = stages(config).filter_map(|(event, stage)| {
        match plugins.get(&stage.plugin) {
            Some(plugin) => not_for(event, plugin, stage.position),
            // The configuration refuses such a reference; a stage is never left out.
            None => Some(problem(
                stage.position,
                format!("there is no plugin `{}`", stage.plugin),
                format!("declare it with a table [plugins.{}]", stage.plugin),
            )),
        }
    });
    let of_tenants = config.assistants.iter().filter_map(|(name, it)| {
        let is_declared = config.tenants.contains_key(&it.tenant);
        (!is_declared).then(|| {
            problem(
                (1, 1),
                format!(
                    "there is no tenant `{}`, whose assistant `{name}` is",
                    it.tenant
                ),
                format!("declare it with a table [tenants.{}]", it.tenant),
            )
        })
    });
    let of_stages = stages(config).filter_map(|(_, stage)| {
        let plugin = plugins.get(&stage.plugin)?;
        not_granted(plugin, &stage.grants, stage.position)
    });
    let of_limits = stages(config).filter_map(|(_, stage)| {
        let plugin = plugins.get(&stage.plugin)?;
        too_small(plugin, &stage.limits, stage.position)
    });
    // Those that no stage runs would surprise later.
    let is_unused = |name: &str| stages(config).all(|(_, stage)| stage.plugin != name);
    let of_unused = config.plugins.iter().filter_map(|(name, it)| {
        let plugin = plugins.get(name).filter(|_| is_unused(name))?;
        not_granted(plugin, &it.grants, it.position)
            .or_else(|| too_small(plugin, &Limits::DEFAULT.with(&it.limits), it.position))
    });
    let mut problems: Vec<_> = of_event
        .chain(of_tenants)
        .chain(of_stages)
        .chain(of_limits)
        .chain(of_unused)
        .collect();
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
    Some(problem(
        at,
        format!(
            "the plugin `{name}` is not for {event_name}: it exports {}",
            exported.join(" and ")
        ),
        format!("a plugin for {event_name} exports {}", needed.join(" or ")),
    ))
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
    Some(problem(
        at,
        format!(
            "the plugin `{name}` imports what it is not granted: {}",
            joined(Capability::interface)
        ),
        format!(
            "if you trust it with that, grant it: [plugins.{name}] grants = {{ {} }}",
            joined(Capability::example)
        ),
    ))
}

/// A call that has less than its instance starts with is a fault, each time.
fn too_small(plugin: &Plugin, limits: &Limits, at: (usize, usize)) -> Option<Problem> {
    let (needed, allowed) = plugin.minimum().beyond(limits)?;
    let name = plugin.name();
    Some(problem(
        at,
        format!("the plugin `{name}` starts with {needed}, and its limits allow {allowed}"),
        format!("raise it in `limits` of [plugins.{name}] or of the stage"),
    ))
}

fn problem((line, column): (usize, usize), message: String, hint: String) -> Problem {
    Problem {
        line,
        column,
        message,
        hint: Some(hint),
        may_pass: false,
    }
}
