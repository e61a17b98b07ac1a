//! A thousand assistants with two hundred distinct plugins: how long a start takes, what
//! a plugin takes of memory, and whether its first call is slower than its others.

use super::client::{Answer, Connection, Target};
use super::tally::Tally;
use super::tenants::{address, assistant, mark};
use super::{Measured, add, or_dash, threads};
use crate::bodies::{Body, Size};
use crate::process::{Resident, resident};
use crate::retort::{self, Config, Logs};
use crate::server::Server;
use crate::{Result, density, places};
use hyper::Method;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Assistants for each plugin.
const ASSISTANTS: u32 = 5;

/// Plugins of one tenant.
const PLUGINS_OF_A_TENANT: u32 = 4;

/// Measures it all.
pub(crate) fn run(quick: bool) -> Measured {
    let plugins = if quick { 40 } else { 200 };
    let components = density::distinct_components(plugins)?;
    let cache = places::scratch()?.join("attack-cache");
    // What an earlier run has kept there would make the first start a second one.
    let _ = std::fs::remove_dir_all(&cache);
    let cache = retort::has_cache()?.then_some(cache.as_path());

    eprintln!("bench-attack: starting with {plugins} plugins, for the first time");
    let config = configuration(&components, plugins, cache);
    let cold = config.serve("attack-fleet", Logs::Default)?;
    let cold_seconds = cold.ready_after.as_secs_f64();
    drop(cold);
    // As many assistants of one plugin, so that only the plugins differ. Its code is kept
    // by now as that of the others is: compiling would leave memory behind.
    let one = configuration(components.get(..1).unwrap_or_default(), plugins, cache);
    let one = one.serve("attack-fleet-one", Logs::Default)?;
    let base = resident(one.process())?;
    drop(one);
    eprintln!("bench-attack: and for the second time");
    let warm = config.serve("attack-fleet", Logs::Default)?;
    let idle = resident(warm.process())?;
    let rounds = [call_each(&warm, plugins)?, call_each(&warm, plugins)?];
    let called = resident(warm.process())?;

    let further = f64::from(plugins.saturating_sub(1).max(1));
    let each = |resident: Resident, figure: fn(Resident) -> u64| {
        let difference = figure(resident).saturating_sub(figure(base));
        #[expect(clippy::cast_precision_loss, reason = "some gigabytes at most")]
        let kilobytes = difference as f64 / 1e3;
        kilobytes / further
    };
    let memory = |resident| {
        format!(
            "{:.0} KB, {:.0} KB of them not backed by a file",
            each(resident, |it| it.all),
            each(resident, |it| it.anonymous)
        )
    };
    let kept = match cache {
        Some(_) => "start with `sandbox.cache`",
        None => "second start, everything compiled again: this Retort keeps nothing",
    };
    let mut text = format!(
        "{} assistants of {} tenants, with {plugins} distinct components; requests of the \
         vendor's sample body one after the other, over one connection.\n\n\
         | what | figure |\n|---|---|\n",
        plugins * ASSISTANTS,
        plugins.div_ceil(PLUGINS_OF_A_TENANT),
    );
    let mut row = |what: &str, figure: String| {
        add(&mut text, format_args!("| {what} | {figure} |"));
    };
    row("start, everything compiled", format!("{cold_seconds:.2} s"));
    row(kept, format!("{:.2} s", warm.ready_after.as_secs_f64()));
    row(
        "resident memory, as many assistants of one plugin",
        format!("{} MB", base.all / 1_000_000),
    );
    row("resident memory for each further plugin", memory(idle));
    row("the same after its calls", memory(called));
    for (what, round) in ["first call of each plugin", "second call"]
        .iter()
        .zip(&rounds)
    {
        row(
            what,
            format!(
                "p50 {} ms, p99 {} ms, max {} ms; {}",
                or_dash(round.quantile(500), 2),
                or_dash(round.quantile(990), 2),
                or_dash(round.quantile(1_000), 2),
                round.in_words()
            ),
        );
    }
    let failed: u64 = rounds.iter().map(|round| round.sent() - round.good()).sum();
    let verdict = match failed {
        0 => Ok(()),
        _ => Err(format!("{failed} calls did not get the answer that is due")),
    };
    Ok((text, verdict))
}

fn configuration(components: &[PathBuf], plugins: u32, cache: Option<&Path>) -> Config {
    let mut config = Config::with_defaults();
    if let Some(folder) = cache {
        config = config.with_cache(folder);
    }
    let names: Vec<_> = (0..components.len())
        .map(|n| format!("plugin-{n}"))
        .collect();
    for (name, component) in names.iter().zip(components) {
        config.plugin(name, component);
    }
    for tenant in 0..plugins.div_ceil(PLUGINS_OF_A_TENANT) {
        config.add(&format!("[tenants.tenant-{tenant}]\n"));
    }
    // The first assistants are those of distinct plugins.
    for (number, plugin) in (0..plugins * ASSISTANTS).zip(names.iter().cycle()) {
        let tenant = number % plugins / PLUGINS_OF_A_TENANT;
        let name = name(number);
        let suffix = mark(&name);
        let stage = format!("{{ plugin = \"{plugin}\", settings = {{ suffix = \"{suffix}.\" }} }}");
        config.add(&assistant(&name, &format!("tenant-{tenant}"), &stage));
    }
    config
}

fn name(number: u32) -> String {
    format!("assistant-{number}")
}

/// Asks one assistant of each plugin, one after the other.
fn call_each(server: &Server, plugins: u32) -> Result<Tally> {
    const SAID: &str = "Hello. Good evening";
    let body = Body::write(Size::Sample)?.text;
    let address = address(server)?;
    let token = retort::token()?;
    let targets: Vec<_> = (0..plugins)
        .map(|number| {
            let name = name(number);
            let answer = body.replace(SAID, &format!("{SAID}{}.", mark(&name)));
            Target {
                address,
                method: Method::POST,
                path: retort::webhook(&name),
                token: token.clone(),
                body: body.clone().into(),
                expected: Some(answer.into()),
            }
        })
        .collect();
    let asking = threads::start("fleet", 0, async move || {
        let mut tally = Tally::default();
        let mut connection = Connection::open(address).await;
        for target in &targets {
            let begun = Instant::now();
            let answer = match &mut connection {
                Some(connection) => connection.ask(target).await,
                None => Answer::Lost,
            };
            tally.add(answer, begun.elapsed());
        }
        tally
    })?;
    asking.finish()
}
