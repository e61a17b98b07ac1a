//! What a process and its descendants have used, as the kernel counts it.

use crate::Result;
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use std::time::Duration;

/// The CPU time of a process and of all below it, in user code and in the kernel, in
/// nanoseconds. Threads that have ended are counted, processes that have ended are not.
///
/// It is the figure to compare on a machine that others use too: it hardly changes when
/// the process has to wait for its turn.
pub(crate) fn cpu_time(root: Pid) -> Result<Duration> {
    let failed = |error| format!("cannot read the CPU time of process {root}: {error}");
    let mut sum = Duration::ZERO;
    for process in with_descendants(root)? {
        let clock = clock_getcpuclockid(process).map_err(failed)?;
        sum += Duration::from(clock_gettime(clock).map_err(failed)?);
    }
    Ok(sum)
}

/// Resident memory in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resident {
    /// Everything.
    pub(crate) all: u64,
    /// What the process has written itself. The rest is shared with the files that it
    /// is mapped from, so the kernel can drop it.
    pub(crate) anonymous: u64,
}

/// The resident memory of one process, without its descendants.
pub(crate) fn resident(process: Pid) -> Result<Resident> {
    let file = format!("/proc/{process}/status");
    let status =
        std::fs::read_to_string(&file).map_err(|error| format!("cannot read {file}: {error}"))?;
    let kilobytes = |key: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(key)?.trim().strip_suffix(" kB"))
            .and_then(|number| number.parse::<u64>().ok())
            .ok_or_else(|| format!("{file} does not say `{key}`"))
    };
    Ok(Resident {
        all: kilobytes("VmRSS:")? << 10,
        anonymous: kilobytes("RssAnon:")? << 10,
    })
}

/// Whether a child of this process has ended. It stays a zombie until it is waited for.
pub(crate) fn has_ended(child: Pid) -> bool {
    std::fs::read_to_string(format!("/proc/{child}/status"))
        .map_or(true, |status| status.contains("\nState:\tZ"))
}

fn with_descendants(root: Pid) -> Result<Vec<Pid>> {
    let parents = parents()?;
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        let children = parents.iter().filter(|(_, its)| *its == parent);
        found.extend(children.map(|(child, _)| *child));
        next += 1;
    }
    Ok(found)
}

/// Every process and its parent.
fn parents() -> Result<Vec<(Pid, Pid)>> {
    let entries =
        std::fs::read_dir("/proc").map_err(|error| format!("cannot list /proc: {error}"))?;
    Ok(entries
        .filter_map(std::result::Result::ok)
        .filter_map(|entry| {
            let process: i32 = entry.file_name().to_str()?.parse().ok()?;
            // A process may have ended meanwhile.
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name, in parentheses, may have any characters; the state and the
            // parent follow it.
            let (_, after) = stat.rsplit_once(')')?;
            let parent: i32 = after.split_ascii_whitespace().nth(1)?.parse().ok()?;
            Some((Pid::from_raw(process), Pid::from_raw(parent)))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_descendants_time_is_counted() {
        // The shell is its own child's parent and does nothing itself.
        let script = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo; read line";
        let mut shell = Command::new("sh")
            .args(["-c", "sh -c \"$0\"; :", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = std::io::BufReader::new(shell.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut output, &mut String::new()).unwrap();
        let process = Pid::from_raw(i32::try_from(shell.id()).unwrap());
        let alone = Duration::from(clock_gettime(clock_getcpuclockid(process).unwrap()).unwrap());
        let together = cpu_time(process).unwrap();
        drop(shell.stdin.take());
        shell.wait().unwrap();
        assert!(together > alone * 2, "{alone:?} {together:?}");
    }

    #[test]
    fn a_childs_end_is_seen() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let process = Pid::from_raw(i32::try_from(child.id()).unwrap());
        assert!(!has_ended(process));
        drop(child.stdin.take());
        let start = std::time::Instant::now();
        while !has_ended(process) {
            assert!(start.elapsed() < Duration::from_secs(20));
            std::thread::sleep(Duration::from_millis(5));
        }
        child.wait().unwrap();
    }

    #[test]
    fn this_process_has_memory() {
        let resident = resident(Pid::this()).unwrap();
        assert!(resident.all > resident.anonymous && resident.anonymous > 0);
    }
}
