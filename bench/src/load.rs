//! The load generator, `h2load` of the nghttp2 project: it costs little CPU, sends a
//! given number of requests, waits for every answer, and writes down each one's time.

use crate::server::Server;
use crate::{Result, places, process};
use std::process::{Command, Stdio};

/// What is sent at a server.
pub(crate) struct Load<'a> {
    /// Each connection goes through them in turn, one request at a time.
    pub(crate) urls: &'a [String],
    pub(crate) body: &'a std::path::Path,
    pub(crate) token: &'a str,
    pub(crate) connections: u32,
    /// In all connections together.
    pub(crate) requests: u32,
}

/// What one run showed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// Answers a second, without the beginning and the end of the run.
    pub(crate) per_second: f64,
    /// Latencies in milliseconds; none where too few requests lie beyond it.
    pub(crate) p50: Option<f64>,
    pub(crate) p99: Option<f64>,
    pub(crate) p999: Option<f64>,
    /// What the server's processes used for each request, in µs of CPU time.
    pub(crate) cpu: f64,
}

impl Load<'_> {
    /// Sends it all and waits for every answer.
    ///
    /// # Errors
    /// The load generator does not run, or a request was not answered with 200.
    pub(crate) fn run(&self, server: &Server) -> Result<Sample> {
        let before = process::cpu_time(server.process())?;
        let answers = self.send().map_err(|reason| {
            let ended = process::has_ended(server.process());
            let state = if ended { "has ended" } else { "is alive" };
            format!("{reason}\nThe server {state}.")
        })?;
        let used = process::cpu_time(server.process())?.saturating_sub(before);
        Ok(answers.sample(used.as_secs_f64() * 1e6 / f64::from(self.requests)))
    }

    fn send(&self) -> Result<Answers> {
        let log = places::scratch()?.join("h2load.log");
        // It appends to what is there.
        let _ = std::fs::remove_file(&log);
        let output = Command::new(PROGRAM)
            .args(["--h1", "--threads=1", "--connection-inactivity-timeout=60s"])
            .arg(format!("--requests={}", self.requests))
            .arg(format!("--clients={}", self.connections))
            .arg(format!("--data={}", self.body.display()))
            .arg(format!("--log-file={}", log.display()))
            .arg(format!("--header=authorization: {}", self.token))
            .arg("--header=content-type: application/json")
            .args(self.urls)
            .output()
            .map_err(|error| format!("cannot start {PROGRAM}: {error}"))?;
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let good = Answers::parse(&text);
        let sent = usize::try_from(self.requests).unwrap_or(usize::MAX);
        if good.0.len() == sent {
            return Ok(good);
        }
        let first = self.urls.first().map_or("nobody", String::as_str);
        let said = String::from_utf8_lossy(&output.stdout);
        let said = said.lines().filter(|line| !line.starts_with("progress"));
        let said: Vec<_> = said
            .chain([&*String::from_utf8_lossy(&output.stderr)])
            .map(str::to_owned)
            .collect();
        Err(format!(
            "{first}: {} of {sent} requests were answered with 200; {PROGRAM} says:\n{}",
            good.0.len(),
            said.join("\n")
        ))
    }
}

/// When each good answer had come, and how long it had taken, in microseconds.
struct Answers(Vec<(u64, u64)>);

impl Answers {
    /// Reads lines of three columns: the request's start, the status, the time it took.
    fn parse(log: &str) -> Self {
        let line = |line: &str| {
            let mut columns = line.split('\t');
            let start: u64 = columns.next()?.parse().ok()?;
            let status = columns.next()?;
            let took: u64 = columns.next()?.parse().ok()?;
            (status == "200").then_some((start + took, took))
        };
        Self(log.lines().filter_map(line).collect())
    }

    fn sample(mut self, cpu: f64) -> Sample {
        self.0.sort_unstable();
        let per_second = self.per_second();
        let mut times: Vec<_> = self.0.iter().map(|(_, took)| *took).collect();
        times.sort_unstable();
        Sample {
            per_second,
            p50: milliseconds(&times, 500),
            p99: milliseconds(&times, 990),
            p999: milliseconds(&times, 999),
            cpu,
        }
    }

    /// From the time at which a tenth had come to that at which four fifths had: the
    /// rest is connections that are being made, and some that have nothing left to send.
    fn per_second(&self) -> f64 {
        let count = self.0.len();
        let (first, last) = (count / 10, count * 4 / 5);
        let end = |index| self.0.get(index).map_or(0, |(end, _)| *end);
        let microseconds = end(last).saturating_sub(end(first)).max(1);
        #[expect(
            clippy::cast_precision_loss,
            reason = "some thousands and some seconds"
        )]
        let rate = (last - first) as f64 * 1e6 / microseconds as f64;
        rate
    }
}

/// A quantile, in thousandths, of sorted microseconds. None if fewer than three lie
/// beyond it: it would be chance.
fn milliseconds(sorted: &[u64], quantile: usize) -> Option<f64> {
    let index = sorted.len() * quantile / 1_000;
    if sorted.len() - index < 3 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "some seconds at most")]
    sorted.get(index).map(|time| *time as f64 / 1e3)
}

/// The load generator's program.
const PROGRAM: &str = "h2load";

/// Debian's package that has it.
const PACKAGE: &str = "nghttp2-client";

/// Makes sure that the load generator is there, if need be by installing it.
///
/// # Errors
/// What to install, where it cannot be installed from here.
pub(crate) fn set_up() -> Result {
    let is_there = || {
        let mut command = Command::new(PROGRAM);
        command.arg("--version").stdout(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    if is_there() {
        return Ok(());
    }
    eprintln!("bench-peers: installing the load generator: {PACKAGE}");
    let install = format!("apt-get update && apt-get install -y --no-install-recommends {PACKAGE}");
    let installed = Command::new("sh").args(["-c", &install]).status();
    if installed.is_ok_and(|status| status.success()) && is_there() {
        return Ok(());
    }
    Err(format!(
        "{PROGRAM} is missing. Install it, then try again; on Debian and its relatives, as root:\n  {install}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_good_answers_count() {
        let log = "1000\t200\t5\n1001\t503\t5\n1002\t-1\t5\n1003\t200\t7\n10";
        assert_eq!(Answers::parse(log).0, [(1005, 5), (1010, 7)]);
    }

    #[test]
    fn a_sample_says_rate_and_quantiles() {
        // One answer each 100 µs, the n-th after n µs.
        let answers = (0..10_000).map(|n| (n * 100, n)).rev().collect();
        let sample = Answers(answers).sample(50.0);
        assert!((sample.per_second - 10_000.0).abs() < 1e-6);
        assert_eq!(sample.p50, Some(5.0));
        assert_eq!(sample.p99, Some(9.9));
        assert_eq!(sample.p999, Some(9.99));
        assert_eq!(milliseconds(&[1; 99], 990), None);
        assert_eq!(milliseconds(&[], 500), None);
    }
}
