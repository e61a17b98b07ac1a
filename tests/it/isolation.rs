//! No call finds anything of an earlier one, though all of them get the same slot of the
//! pool: the same addresses for their memory, their tables and their globals.

use crate::support::{Answer, Connection, Host, post_body, repository};
use serde_json::Value;
use std::io::Write;
use std::process::Command;
use tempfile::NamedTempFile;

/// Calls of each tenant.
const ROUNDS: usize = 40;

/// Tenants who share one slot. The guest finds what it has just left itself, which shows
/// that it would find what another had left.
#[test]
pub(crate) fn leaves_marks() {
    let host = tenants_of_one_slot();
    for round in 0..ROUNDS {
        finds_only_its_own(&call(&host, "ann", &format!("ann{round:05}")));
        finds_only_its_own(&call(&host, "ben", &format!("ben{round:05}")));
        assert_eq!(call(&host, "dan", &format!("dan{round:05}")).status, 200);
        // One that ends in a trap has left its marks by then.
        let answer = call(&host, "eve", &format!("!eve{round:04}"));
        answer.is_problem(500, "a plugin of this assistant failed");
        host.logged(&["the stage is at fault", "fault=\"trapped\"", "unreachable"]);
        finds_only_its_own(&call(&host, "ann", &format!("ann{round:05}")));
    }
}

/// The system pushes the pages of a call out while it goes on, and the call's end does not
/// see them: what is in swap has to be cleaned too.
#[test]
fn nothing_is_left_in_swap() {
    let _swap = match Swap::have() {
        Ok(swap) => swap,
        Err(reason) => return skipped("nothing_is_left_in_swap", &reason),
    };
    let host = tenants_of_one_slot();
    finds_only_its_own(&call(&host, "ann", "ann00000"));
    for mark in ["~ann0000", "~ann0001"] {
        let before = host.memory("RssAnon");
        let request = post_body("/webhooks/ann", body(mark));
        let mut connection = Connection::with(host.address, request);
        host.wait("the marks are left", || {
            host.memory("RssAnon") > before + (3 << 20)
        });
        if let Err(reason) = page_out(&host) {
            return skipped("nothing_is_left_in_swap", &reason);
        }
        let swapped = host.memory("VmSwap");
        assert!(swapped > 4 << 20, "only {swapped} bytes were pushed out");
        assert_eq!(
            host.metric("retort_slots_used"),
            1.0,
            "the call has ended before"
        );
        finds_only_its_own(&connection.answer());
        finds_only_its_own(&call(&host, "ben", "ben00000"));
    }
}

fn tenants_of_one_slot() -> Host {
    let assistant = |name: &str, stage: &str| {
        format!(
            "[tenants.{name}]\n[assistants.{name}]\ntenant = \"{name}\"\ntimeout = \"30s\"\n\
             auth = {{ kind = \"none\" }}\non_fault = \"fail\"\npipeline = [{{ {stage} }}]\n"
        )
    };
    let leaves =
        r#"plugin = "text:leaves-marks", limits = { timeout = "30s", fuel = 1_000_000_000_000 }"#;
    let config = [
        "[admin]\nlisten = \"127.0.0.1:0\"\n[quarantine]\nfaults = 0\n\
         [sandbox]\nconcurrency = 1\nwait = \"20s\"\n"
            .to_owned(),
        assistant("ann", leaves),
        assistant("ben", leaves),
        assistant("eve", leaves),
        // Another component, so that the slot changes its owner.
        assistant("dan", r#"plugin = "echo", settings = { as = "unchanged" }"#),
    ];
    Host::start(&config.concat())
}

fn body(mark: &str) -> String {
    format!(r#"{{"event":{{"name":"message_processed"}},"payload":{{"mark":"{mark}"}}}}"#)
}

fn call(host: &Host, assistant: &str, mark: &str) -> Answer {
    host.call(assistant).body(body(mark)).send()
}

/// Says so although the test passes: what is written like this is not captured.
fn skipped(test: &str, reason: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {reason}");
}

fn page_out(host: &Host) -> Result<(), String> {
    let script = repository().join("tests/it/support/page_out.py");
    let mut python = Command::new("python3");
    let output = python.arg(script).arg(host.process().to_string()).output();
    let output = output.map_err(|error| format!("python3: {error}"))?;
    let reason = String::from_utf8_lossy(&output.stderr).into_owned();
    output.status.success().then_some(()).ok_or(reason)
}

/// A small swap file, where there is no swap yet. It takes root, and a kernel that may.
struct Swap {
    file: Option<NamedTempFile>,
}

impl Swap {
    fn have() -> Result<Self, String> {
        let swaps = std::fs::read_to_string("/proc/swaps").map_err(|it| it.to_string())?;
        if swaps.lines().count() > 1 {
            return Ok(Self { file: None });
        }
        // Not in /tmp, which may be memory itself.
        let file = NamedTempFile::new_in(repository().join("target")).unwrap();
        file.as_file().write_all(&vec![0; 256 << 20]).unwrap();
        file.as_file().sync_all().unwrap();
        let path = file.path().to_owned();
        let swap = Self { file: Some(file) };
        for program in ["mkswap", "swapon"] {
            let output = Command::new(program).arg(&path).output();
            let output = output.map_err(|error| format!("{program}: {error}"))?;
            if !output.status.success() {
                return Err(String::from_utf8_lossy(&output.stderr).into_owned());
            }
        }
        Ok(swap)
    }
}

impl Drop for Swap {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            let _ = Command::new("swapoff").arg(file.path()).output();
        }
    }
}

/// Nothing before the guest left its mark, and afterwards all that it left.
#[track_caller]
fn finds_only_its_own(answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let found = &answer.json()["payload"];
    let [memory, global, table, data] =
        ["memory", "global", "table", "data"].map(|what| pair(&found[what]));
    assert_eq!([memory[0], global[0], table[0], data[0]], [0; 4], "{found}");
    // 4 MiB of memory, of which the arguments take little, in words of 8 bytes.
    assert!((520_000..=524_288).contains(&memory[1]), "{found}");
    assert_eq!([global[1], table[1], data[1]], [1, 8_192, 1], "{found}");
}

/// What the guest found first, and afterwards.
#[track_caller]
fn pair(value: &Value) -> [u32; 2] {
    [0, 1].map(|at| u32::from_str_radix(value[at].as_str().unwrap(), 16).unwrap())
}
