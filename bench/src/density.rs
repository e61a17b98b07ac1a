//! What Retort costs when it hosts much: memory for each plugin that waits to be
//! called, the time to start with many, and whether many assistants slow down each.

use crate::bodies::{Body, Size};
use crate::grid::USUAL;
use crate::load::{self, Load};
use crate::process::{Resident, resident};
use crate::report::{self, median};
use crate::retort::{self, Config, Logs, PLUGIN};
use crate::server::Server;
use crate::{Result, places};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// How much is measured.
pub(crate) struct Plan {
    /// Distinct components in one process.
    plugins: u32,
    /// Assistants that share one plugin.
    assistants: u32,
    rounds: u32,
    requests: u32,
}

impl Plan {
    /// Without kept compiled code it compiles 2,000 components, for some minutes.
    pub(crate) const FULL: Self = Self {
        plugins: 1_000,
        assistants: 5_000,
        rounds: 5,
        requests: 20_000,
    };

    /// In a minute.
    pub(crate) const QUICK: Self = Self {
        plugins: 100,
        assistants: 5_000,
        rounds: 3,
        requests: 10_000,
    };
}

/// The most that an idle plugin may take, in KB of 1,000 bytes.
const AIM_KILOBYTES: f64 = 400.0;

/// Measures it all and reports.
///
/// # Errors
/// Retort does not start, or leaves a request unanswered.
pub(crate) fn run(plan: &Plan) -> Result {
    load::set_up()?;
    let mut text = format!("# Density\n\n{}\n\n", report::machine()?);
    plugins(plan, &mut text)?;
    assistants(plan, &mut text)?;
    println!("{text}");
    report::keep(&places::report(), &text)
}

/// Memory and start-up time.
fn plugins(plan: &Plan, text: &mut String) -> Result {
    eprintln!("bench-peers: starting Retort with {} plugins", plan.plugins);
    let components = distinct_components(plan.plugins)?;
    let cache = places::scratch()?.join("cache");
    // What an earlier run has kept there would make the first start a second one.
    let _ = std::fs::remove_dir_all(&cache);
    let cache = retort::has_cache()?.then_some(cache.as_path());

    let few = start_with(components.get(..1).unwrap_or_default(), None)?.memory;
    let first = start_with(&components, cache)?;
    let second = start_with(&components, cache)?;
    let further = f64::from(plan.plugins.saturating_sub(1).max(1));
    let each = |figure: fn(Resident) -> u64| {
        let difference = figure(second.memory).saturating_sub(figure(few));
        #[expect(clippy::cast_precision_loss, reason = "some gigabytes at most")]
        let kilobytes = difference as f64 / 1e3;
        kilobytes / further
    };
    let all = each(|memory| memory.all);
    let anonymous = each(|memory| memory.anonymous);
    let verdict = if all <= AIM_KILOBYTES {
        "yes"
    } else {
        "**no**"
    };
    let kept = match cache {
        Some(_) => "with the compiled code that the first has kept",
        None => "everything compiled again, because this Retort keeps nothing",
    };
    // Writing to a String does not fail.
    let _ = write!(
        text,
        "{count} distinct plugins, none of them called yet:\n\n\
         | what | figure |\n|---|---|\n\
         | resident memory for each | {all:.0} KB, {anonymous:.0} KB of them not backed by a file |\n\
         | aim: at most {AIM_KILOBYTES} KB | {verdict} |\n\
         | resident memory with one plugin | {base} MB |\n\
         | first start | {first:.1} s |\n\
         | second start, {kept} | {second:.1} s |\n\n",
        count = plan.plugins,
        base = few.all / 1_000_000,
        first = first.seconds,
        second = second.seconds,
    );
    Ok(())
}

/// What a start has shown.
struct Started {
    memory: Resident,
    seconds: f64,
}

fn start_with(components: &[PathBuf], cache: Option<&Path>) -> Result<Started> {
    let mut config = Config::new();
    if let Some(folder) = cache {
        config = config.with_cache(folder);
    }
    for (number, component) in components.iter().enumerate() {
        config.plugin(&format!("plugin-{number}"), component);
    }
    let server = config.serve("density", Logs::Warnings)?;
    Ok(Started {
        memory: resident(server.process())?,
        seconds: server.ready_after.as_secs_f64(),
    })
}

/// Copies of the plugin that differ by a section that nobody reads.
pub(crate) fn distinct_components(count: u32) -> Result<Vec<PathBuf>> {
    let file = places::plugin(PLUGIN)?;
    let component =
        std::fs::read(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let folder = places::scratch()?.join("distinct");
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    (0..count)
        .map(|number| {
            let copy = folder.join(format!("{number}.wasm"));
            let section = custom_section(number);
            places::write(&copy, [component.as_slice(), &section].concat())?;
            Ok(copy)
        })
        .collect()
}

/// A custom section: its id, the size of the rest, the name's length, the name, and
/// anything (WebAssembly core specification, 5.5.3; components have them too).
fn custom_section(number: u32) -> [u8; 11] {
    let [a, b, c, d] = number.to_le_bytes();
    [0, 9, 4, b'c', b'o', b'p', b'y', a, b, c, d]
}

/// Whether a request costs the same however many assistants are configured.
fn assistants(plan: &Plan, text: &mut String) -> Result {
    eprintln!(
        "bench-peers: loading Retort with 1 and with {} assistants",
        plan.assistants
    );
    let token = retort::token()?;
    let body = Body::write(Size::Sample)?;
    let few = Crowd::start(1)?;
    let many = Crowd::start(plan.assistants)?;
    let mut costs = [Vec::new(), Vec::new()];
    // The first round only warms them up.
    for round in 0..=plan.rounds {
        for (crowd, costs) in [&few, &many].into_iter().zip(&mut costs) {
            let load = Load {
                urls: &crowd.urls,
                body: &body.file,
                token: &token,
                connections: USUAL,
                requests: plan.requests,
            };
            let sample = load.run(&crowd.server)?;
            if round > 0 {
                costs.push(sample.cpu);
            }
        }
    }
    let [one, all] = costs.map(|costs| median(costs.into_iter()).unwrap_or(f64::NAN));
    let _ = write!(
        text,
        "CPU time for each request of 700 B with one stage, at {USUAL} connections:\n\n\
         | assistants | CPU µs/request |\n|---|---|\n\
         | 1 | {one:.0} |\n\
         | {}, each called in turn | {all:.0} |\n\n\
         Ratio: {:.2}; flat is 1.\n",
        plan.assistants,
        all / one,
    );
    Ok(())
}

/// A server of many assistants.
struct Crowd {
    server: Server,
    urls: Vec<String>,
}

impl Crowd {
    fn start(count: u32) -> Result<Self> {
        let mut config = Config::new();
        config.plugin(PLUGIN, &places::plugin(PLUGIN)?);
        let names: Vec<_> = (0..count).map(|number| format!("a{number}")).collect();
        for name in &names {
            config.assistant(name, 1);
        }
        let server = config.serve(&format!("assistants-{count}"), Logs::Warnings)?;
        let url = |name: &String| format!("{}{}", server.address, retort::webhook(name));
        let urls = names.iter().map(url).collect();
        Ok(Self { server, urls })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_custom_section_has_the_size_that_it_says() {
        let section = custom_section(0x0403_0201);
        assert_eq!(usize::from(section[1]), section.len() - 2);
        assert_eq!(section[2..7], *b"\x04copy");
        assert_eq!(section[7..], [1, 2, 3, 4]);
    }
}
