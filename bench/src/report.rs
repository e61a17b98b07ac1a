//! The reports: Markdown, for the terminal and for a file below `target`.

use crate::aims::{self, Bound, aims};
use crate::bodies::Size;
use crate::grid::{AFTERWARDS, Cell, Samples};
use crate::load::Sample;
use crate::peers::Kind;
use crate::{Result, places};
use std::fmt::{Display, Write};
use std::path::Path;
use std::process::Command;
use std::thread::available_parallelism;
use std::time::Duration;

/// The tables of the comparison, and the aims.
pub(crate) fn comparison(
    samples: &Samples,
    afterwards: &Samples,
    machine: &str,
    took: Duration,
) -> String {
    let rounds = samples.values().map(Vec::len).min().unwrap_or(0);
    let seconds = took.as_secs();
    let mut text = format!("# Peers\n\n{machine} {rounds} rounds or more in {seconds} s.\n");
    let mut size = None;
    for (cell, rounds) in samples {
        if size != Some(cell.size) {
            size = Some(cell.size);
            text.push_str(&heading(cell.size));
        }
        text.push_str(&row(samples, *cell, rounds));
    }
    text.push_str("\n## Aims, as ratios of CPU time at 32 connections\n\n");
    text.push_str("| what | aim | reached | |\n|---|---|---|---|\n");
    for aim in aims(samples) {
        let bound = match aim.bound {
            Bound::AtMost(bound) => format!("at most {bound}"),
            Bound::AtLeast(bound) => format!("at least {bound}"),
        };
        let verdict = match aim.reached.map(|ratio| aim.bound.holds(ratio)) {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "not measured",
        };
        let reached = or_dash(aim.reached, 2);
        line(
            &mut text,
            format_args!("| {} | {bound} | {reached} | {verdict} |", aim.what),
        );
    }
    let cost = |kind| aims::cost(samples, kind, Size::Sample, 1);
    if let (Some(with), Some(without)) = (cost(Kind::RetortLogging), cost(Kind::Retort)) {
        line(
            &mut text,
            format_args!("\nA log line costs Retort {:.1} µs.", with - without),
        );
    }
    let cpu = |samples: &Samples| {
        let rounds = samples.get(&AFTERWARDS)?;
        median(rounds.iter().map(|sample| sample.cpu))
    };
    if let (Some(before), Some(after)) = (cpu(samples), cpu(afterwards)) {
        line(
            &mut text,
            format_args!(
                "\nA request of 700 B to Retort, {before:.0} µs above, takes {after:.0} µs \
                 when all the larger bodies have been through."
            ),
        );
    }
    text
}

fn heading(size: Size) -> String {
    format!(
        "\n## {}\n\n\
         | connections | stages | peer | requests/s | p50 ms | p99 ms | p99.9 ms | CPU µs/request (least to most) | × native |\n\
         |---|---|---|---|---|---|---|---|---|\n",
        size.label()
    )
}

fn row(samples: &Samples, cell: Cell, rounds: &[Sample]) -> String {
    let of = |figure: fn(&Sample) -> Option<f64>| median(rounds.iter().filter_map(figure));
    let cpu = of(|sample| Some(sample.cpu));
    let native = samples.get(&Cell {
        kind: Kind::Native,
        ..cell
    });
    let native = native.and_then(|rounds| median(rounds.iter().map(|sample| sample.cpu)));
    let ratio = cpu.zip(native).map(|(cpu, native)| cpu / native);
    let spread = || rounds.iter().map(|sample| sample.cpu);
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} ({:.0} to {:.0}) | {} |\n",
        cell.connections,
        cell.stages,
        cell.kind.label(),
        or_dash(of(|sample| Some(sample.per_second)), 0),
        or_dash(of(|sample| sample.p50), 2),
        or_dash(of(|sample| sample.p99), 2),
        or_dash(of(|sample| sample.p999), 2),
        or_dash(cpu, 0),
        spread().fold(f64::INFINITY, f64::min),
        spread().fold(0.0, f64::max),
        or_dash(ratio, 2),
    )
}

/// The number with so many digits after the point.
fn or_dash(number: Option<f64>, digits: usize) -> String {
    number.map_or_else(|| "–".to_owned(), |number| format!("{number:.digits$}"))
}

/// The one in the middle, or between the two there; none of nothing.
pub(crate) fn median(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let mut numbers: Vec<_> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    let upper = numbers.get(numbers.len() / 2)?;
    let lower = numbers.get((numbers.len() - 1) / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

/// What was measured, and on what.
pub(crate) fn machine() -> Result<String> {
    machine_with(&format!("Node {}, ", output("node", &["--version"])))
}

/// The same with another program named, or none.
pub(crate) fn machine_with(program: &str) -> Result<String> {
    let read = |file: &str| {
        std::fs::read_to_string(file).map_err(|error| format!("cannot read {file}: {error}"))
    };
    let load = read("/proc/loadavg")?;
    Ok(format!(
        "Retort {}, {program}Linux {}, {} cores, load {} before the run.",
        output("git", &["describe", "--always", "--dirty"]),
        read("/proc/sys/kernel/osrelease")?.trim(),
        available_parallelism().map_or(0, usize::from),
        load.split(' ').next().unwrap_or_default(),
    ))
}

/// What a program prints; a report is no worse for not knowing a version.
fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(places::root())
        .output();
    output.map_or_else(
        |_| "of an unknown version".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

/// Puts a report in a file in the place of an older one with the same title.
pub(crate) fn keep(file: &Path, report: &str) -> Result {
    let old = std::fs::read_to_string(file).unwrap_or_default();
    places::write(file, with_report(&old, report))
}

/// A report begins with its title, a line with `# `.
fn with_report(old: &str, report: &str) -> String {
    let title = report.lines().next().unwrap_or_default();
    let mut reports: Vec<String> = Vec::new();
    for line in old.lines() {
        match reports.last_mut() {
            Some(last) if !line.starts_with("# ") => last.push_str(line),
            _ => reports.push(line.to_owned()),
        }
        if let Some(last) = reports.last_mut() {
            last.push('\n');
        }
    }
    reports.retain(|other| other.lines().next() != Some(title));
    reports.push(report.to_owned());
    reports.sort_by_key(|report| !report.starts_with("# Peers"));
    reports.join("")
}

/// Adds a line to a report.
pub(crate) fn line(text: &mut String, line: impl Display) {
    // Writing to a String does not fail.
    let _ = writeln!(text, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_replaces_the_one_before_it() {
        let one = with_report("", "# Density\n\n1\n");
        let two = with_report(&one, "# Peers\n\n2\n## more\n");
        assert_eq!(two, "# Peers\n\n2\n## more\n# Density\n\n1\n");
        let three = with_report(&two, "# Peers\n3\n");
        assert_eq!(three, "# Peers\n3\n# Density\n\n1\n");
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median([4.0, 1.0].into_iter()), Some(2.5));
        assert_eq!(median(std::iter::empty()), None);
    }
}
