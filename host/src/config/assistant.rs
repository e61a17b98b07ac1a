//! `[assistants.NAME]` and the stages of its pipeline.

use super::reader::{Item, Table};
use super::{
    Context, Declared, LONGEST, Plugin, auth, check_reference, grants, guard, optional,
    read_limits, view,
};
use crate::auth::Auth;
use crate::event::EventKind;
use crate::grant::Grants;
use crate::guard::Guard;
use crate::limits::Limits;
use crate::view::View;
use std::collections::BTreeMap;
use std::time::Duration;

/// An assistant whose answers are transformed.
#[derive(Debug)]
pub struct Assistant {
    /// The tenant that it belongs to.
    pub tenant: String,
    /// How its webhook proves who it is.
    pub auth: Auth,
    /// From a request's arrival to its answer. Default: 10 s; the vendor's settings
    /// page takes 1 to 30 s.
    pub timeout: Duration,
    /// What its answers have to keep to. Default: nothing.
    pub guard: Guard,
    /// The stages for each event that it takes, in their order. None is possible: what
    /// came in goes back.
    pub pipelines: BTreeMap<EventKind, Vec<Stage>>,
}

/// One plugin's place in a pipeline.
#[derive(Debug)]
pub struct Stage {
    /// The plugin's name.
    pub plugin: String,
    /// JSON text of an object, for the plugin.
    pub settings: String,
    /// What the plugin may read and write of the payload. Default: everything.
    pub view: View,
    /// The defaults, then the plugin's, then the stage's own.
    pub limits: Limits,
    /// What the plugin may reach: the plugin's grants, then the stage's own.
    pub grants: Grants,
    /// What a fault of this stage means. Default: what the assistant says.
    pub on_fault: OnFault,
    /// Where the stage names its plugin: line and column, counted from 1.
    pub position: (usize, usize),
}

/// What a stage's fault means: the two choices of the assistant's own settings page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFault {
    /// The payload stays as it was before the stage.
    Continue,
    /// The caller gets an error.
    Fail,
}

impl OnFault {
    /// The word for it in the configuration and the log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Continue => "continue",
            Self::Fail => "fail",
        }
    }
}

const ON_FAULT: [(&str, OnFault); 2] = [("continue", OnFault::Continue), ("fail", OnFault::Fail)];

pub(super) fn read(
    table: Table<'_>,
    declared: &Declared<'_>,
    plugins: &BTreeMap<String, Plugin>,
    context: &Context<'_>,
) -> Option<Assistant> {
    let tenant = table
        .required(
            "tenant",
            "name the tenant that the assistant belongs to: tenant = \"acme\"",
        )
        .and_then(|item| {
            let tenant = item.string()?;
            check_reference(&item, tenant, "tenant", &declared.tenants);
            Some(tenant.to_owned())
        });
    let auth = auth::read(&table, context);
    let timeout = optional(&table, "timeout", |item| {
        item.duration(Duration::from_secs(1)..=LONGEST)
    });
    let on_fault = optional(&table, "on_fault", |item| item.choice(&ON_FAULT));
    let default_on_fault = on_fault.flatten().unwrap_or(OnFault::Continue);
    let guard = guard::read(&table);
    let stages = Stages {
        default_on_fault,
        declared,
        plugins,
        context,
    };
    let pipelines = stages.read_pipelines(&table);
    table.refuse_unknown_keys();
    on_fault?;
    Some(Assistant {
        tenant: tenant?,
        auth: auth?,
        timeout: timeout?.unwrap_or(Duration::from_secs(10)),
        guard: guard?,
        pipelines: pipelines?,
    })
}

/// What reading a stage needs besides its table.
struct Stages<'a> {
    default_on_fault: OnFault,
    declared: &'a Declared<'a>,
    plugins: &'a BTreeMap<String, Plugin>,
    context: &'a Context<'a>,
}

impl Stages<'_> {
    /// `pipeline`, for the answers, and those in `pipelines`, by event.
    fn read_pipelines(&self, table: &Table<'_>) -> Option<BTreeMap<EventKind, Vec<Stage>>> {
        let mut pipelines = BTreeMap::new();
        let mut all_good = true;
        let mut add = |event, item: Item<'_>| {
            let stages = item.array().map(|stages| {
                let stages = stages.into_iter().map(|stage| self.read(stage, event));
                // All of them before the first that is wrong ends it.
                stages
                    .collect::<Vec<_>>()
                    .into_iter()
                    .collect::<Option<_>>()
            });
            match stages.flatten() {
                Some(stages) => drop(pipelines.insert(event, stages)),
                None => all_good = false,
            }
        };
        let answers = table.optional("pipeline");
        let by_event = match table.optional("pipelines") {
            None => None,
            Some(item) => Some(item.table("`pipelines` of the assistant".to_owned())?),
        };
        if let Some(by_event) = by_event {
            for event in EventKind::ALL {
                let Some(item) = by_event.optional(event.name()) else {
                    continue;
                };
                if event == EventKind::MessageProcessed && answers.is_some() {
                    return item.refuse(
                        "the assistant has a `pipeline`, which is for the same event",
                        "keep one of the two",
                    );
                }
                add(event, item);
            }
            by_event.refuse_unknown_keys();
        }
        if let Some(item) = answers {
            add(EventKind::MessageProcessed, item);
        }
        all_good.then_some(pipelines)
    }

    fn read(&self, item: Item<'_>, event: EventKind) -> Option<Stage> {
        let position = self.context.problems.position(item.span().start);
        let table = item.table("this stage of the pipeline".to_owned())?;
        let plugin = table
            .required("plugin", "name one of the plugins: plugin = \"my-plugin\"")
            .and_then(|item| {
                let name = item.string()?;
                check_reference(&item, name, "plugin", &self.declared.plugins);
                Some(name)
            });
        let settings = optional(&table, "settings", Item::json_object);
        let on_fault = optional(&table, "on_fault", |item| item.choice(&ON_FAULT));
        let view = view::read(&table, event);
        let limits = read_limits(&table, "`limits` of the stage");
        let grants = grants::read(&table, "`grants` of the stage", self.context);
        table.refuse_unknown_keys();
        let name = plugin?;
        let plugin = self.plugins.get(name)?;
        Some(Stage {
            plugin: name.to_owned(),
            settings: settings?.unwrap_or_else(|| "{}".to_owned()),
            view: view?,
            limits: Limits::DEFAULT.with(&plugin.limits).with(&limits?),
            grants: grants?.over(&plugin.grants),
            on_fault: on_fault?.unwrap_or(self.default_on_fault),
            position,
        })
    }
}
