//! What a server holds at one moment, and whether it has come back to what it held
//! before.

use crate::Result;
use crate::process::resident;
use crate::server::Server;
use std::net::SocketAddr;
use std::time::Duration;

/// How much more of them may be there afterwards: the runtime's threads for blocking
/// work, and what they have open, come and go.
const FEW: u64 = 2;

/// The metric that says how many slots are in use.
const SLOTS: &str = "retort_slots_used";

/// What a server holds.
#[derive(Debug, Clone)]
pub(crate) struct Level {
    /// In bytes.
    pub(crate) resident: u64,
    pub(crate) threads: u64,
    pub(crate) files: u64,
    /// Slots of the sandbox that are in use; none where the server does not say.
    pub(crate) slots: Option<f64>,
}

/// One line of the comparison.
pub(crate) struct Line {
    pub(crate) what: &'static str,
    pub(crate) before: String,
    pub(crate) after: String,
    pub(crate) allowed: String,
    /// None if it was not checked.
    pub(crate) holds: Option<bool>,
}

impl Level {
    /// Looks at a server that is idle.
    ///
    /// # Errors
    /// The server has ended, or does not answer on its admin listener.
    pub(crate) fn of(server: &Server, admin: Option<SocketAddr>) -> Result<Self> {
        let process = server.process();
        let failed = |error| format!("cannot look at the server's process {process}: {error}");
        Ok(Self {
            resident: resident(process)?.all,
            threads: entries(&format!("/proc/{process}/task")).map_err(failed)?,
            files: entries(&format!("/proc/{process}/fd")).map_err(failed)?,
            slots: admin.map(slots_used).transpose()?,
        })
    }

    /// Compares this with a later one.
    pub(crate) fn lines(&self, later: &Self) -> Vec<Line> {
        let most = self.resident + self.resident / 10 + (16 << 20);
        let mebibytes = |bytes: u64| format!("{} MiB", bytes >> 20);
        let mut lines = vec![Line {
            what: "resident memory",
            before: mebibytes(self.resident),
            after: mebibytes(later.resident),
            allowed: format!("{} (10% and 16 MiB more)", mebibytes(most)),
            holds: Some(later.resident <= most),
        }];
        for (what, before, after) in [
            ("threads", self.threads, later.threads),
            ("open files and connections", self.files, later.files),
        ] {
            lines.push(Line {
                what,
                before: before.to_string(),
                after: after.to_string(),
                allowed: format!("{} ({FEW} more)", before + FEW),
                holds: Some(after <= before + FEW),
            });
        }
        let show = |slots: Option<f64>| slots.map_or_else(|| "–".to_owned(), |it| it.to_string());
        lines.push(Line {
            what: "slots in use",
            before: show(self.slots),
            after: show(later.slots),
            allowed: show(self.slots),
            holds: self
                .slots
                .zip(later.slots)
                .map(|(before, after)| after <= before),
        });
        lines
    }

    /// Whether nothing is left over in a later one.
    pub(crate) fn is_back(&self, later: &Self) -> bool {
        let lines = self.lines(later);
        lines.iter().all(|line| line.holds != Some(false))
    }
}

/// How many of the sandbox's slots are in use, as the server says on its admin listener.
fn slots_used(admin: SocketAddr) -> Result<f64> {
    let url = format!("http://{admin}/metrics");
    let failed = |error: ureq::Error| format!("{url} does not answer: {error}");
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(10)))
        .build()
        .into();
    let mut answer = agent.get(&url).call().map_err(failed)?;
    let text = answer.body_mut().read_to_string().map_err(failed)?;
    sum(&text, SLOTS).ok_or_else(|| format!("{url} does not say `{SLOTS}`"))
}

/// The sum of a metric over all its labels, in Prometheus' text format.
fn sum(text: &str, name: &str) -> Option<f64> {
    let value = |line: &str| {
        let rest = line.strip_prefix(name)?;
        let value = match rest.strip_prefix('{') {
            Some(labelled) => labelled.rsplit_once('}')?.1,
            None => rest.strip_prefix(' ')?,
        };
        value.split_ascii_whitespace().next()?.parse::<f64>().ok()
    };
    text.lines().filter_map(value).reduce(|sum, one| sum + one)
}

fn entries(folder: &str) -> std::io::Result<u64> {
    Ok(std::fs::read_dir(folder)?.map(|_| 1).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_summed_over_its_labels() {
        let text = "# HELP a_b words\n# TYPE a_b gauge\na_b{x=\"1}\"} 2\na_b{x=\"2\"} 3.5 17\n\
                    a_b_c 100\na 7\n";
        assert_eq!(sum(text, "a_b"), Some(5.5));
        assert_eq!(sum(text, "a"), Some(7.0));
        assert_eq!(sum(text, "b"), None);
    }

    #[test]
    fn what_is_left_over_is_told() {
        let before = Level {
            resident: 100 << 20,
            threads: 5,
            files: 10,
            slots: None,
        };
        assert!(before.is_back(&before));
        for (resident, threads, files, back) in [
            (126 << 20, 7, 12, true),
            (127 << 20, 5, 10, false),
            (100 << 20, 8, 10, false),
            (100 << 20, 5, 13, false),
            (1 << 20, 1, 1, true),
        ] {
            let later = Level {
                resident,
                threads,
                files,
                slots: None,
            };
            assert_eq!(before.is_back(&later), back, "{later:?}");
        }
    }
}
