//! `[assistants.NAME]` and the stages of its pipeline.

use super::reader::{Item, Table};
use super::{
    Context, Declared, LONGEST, Plugin, auth, check_reference, grants, guard, optional,
    read_limits, view,
};
use crate::auth::Auth;
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
    /// The stages, in their order. None is possible: the answer is what came in.
    pub pipeline: Vec<Stage>,
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
    let pipeline = match table.optional("pipeline") {
        None => Some(Vec::new()),
        Some(item) => item.array().map(|stages| {
            stages
                .into_iter()
                .map(|stage| read_stage(stage, default_on_fault, declared, plugins, context))
                .collect::<Vec<_>>()
        }),
    };
    table.refuse_unknown_keys();
    on_fault?;
    Some(Assistant {
        tenant: tenant?,
        auth: auth?,
        timeout: timeout?.unwrap_or(Duration::from_secs(10)),
        guard: guard?,
        pipeline: pipeline?.into_iter().collect::<Option<_>>()?,
    })
}

fn read_stage(
    item: Item<'_>,
    default_on_fault: OnFault,
    declared: &Declared<'_>,
    plugins: &BTreeMap<String, Plugin>,
    context: &Context<'_>,
) -> Option<Stage> {
    let position = context.problems.position(item.span().start);
    let table = item.table("this stage of the pipeline".to_owned())?;
    let plugin = table
        .required("plugin", "name one of the plugins: plugin = \"my-plugin\"")
        .and_then(|item| {
            let name = item.string()?;
            check_reference(&item, name, "plugin", &declared.plugins);
            Some(name)
        });
    let settings = optional(&table, "settings", Item::json_object);
    let on_fault = optional(&table, "on_fault", |item| item.choice(&ON_FAULT));
    let view = view::read(&table);
    let limits = read_limits(&table, "`limits` of the stage");
    let grants = grants::read(&table, "`grants` of the stage");
    table.refuse_unknown_keys();
    let name = plugin?;
    let plugin = plugins.get(name)?;
    Some(Stage {
        plugin: name.to_owned(),
        settings: settings?.unwrap_or_else(|| "{}".to_owned()),
        view: view?,
        limits: Limits::DEFAULT.with(&plugin.limits).with(&limits?),
        grants: grants?.over(&plugin.grants),
        on_fault: on_fault?.unwrap_or(default_on_fault),
        position,
    })
}
