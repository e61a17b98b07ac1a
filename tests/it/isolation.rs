//! No call finds anything of an earlier one, though all of them get the same slot of the
//! pool: the same addresses for their memory, their tables and their globals.

use crate::support::{Answer, Host};
use serde_json::Value;

/// Calls of each tenant.
const ROUNDS: usize = 40;

/// Tenants who share one slot. The guest finds what it has just left itself, which shows
/// that it would find what another had left.
#[test]
pub(crate) fn leaves_marks() {
    let assistant = |name: &str, stage: &str| {
        format!(
            "[tenants.{name}]\n[assistants.{name}]\ntenant = \"{name}\"\n\
             auth = {{ kind = \"none\" }}\non_fault = \"fail\"\npipeline = [{{ {stage} }}]\n"
        )
    };
    let config = [
        "[quarantine]\nfaults = 0\n[sandbox]\nconcurrency = 1\nwait = \"20s\"\n".to_owned(),
        assistant("ann", r#"plugin = "text:leaves-marks""#),
        assistant("ben", r#"plugin = "text:leaves-marks""#),
        assistant("eve", r#"plugin = "text:leaves-marks""#),
        // Another component, so that the slot changes its owner.
        assistant("dan", r#"plugin = "echo", settings = { as = "unchanged" }"#),
    ];
    let host = Host::start(&config.concat());
    let call = |assistant: &str, mark: &str| {
        let payload = format!(r#"{{"mark":"{mark}"}}"#);
        host.call(assistant).payload(&payload).send()
    };
    for round in 0..ROUNDS {
        finds_only_its_own(&call("ann", &format!("ann{round:05}")));
        finds_only_its_own(&call("ben", &format!("ben{round:05}")));
        assert_eq!(call("dan", &format!("dan{round:05}")).status, 200);
        // One that ends in a trap has left its marks by then.
        let answer = call("eve", &format!("!eve{round:04}"));
        answer.is_problem(500, "a plugin of this assistant failed");
        host.logged(&["the stage is at fault", "fault=\"trapped\"", "unreachable"]);
        finds_only_its_own(&call("ann", &format!("ann{round:05}")));
    }
}

/// Nothing before the guest left its mark, and afterwards all that it left.
#[track_caller]
fn finds_only_its_own(answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let found = &answer.json()["payload"];
    let [memory, global, table] = ["memory", "global", "table"].map(|what| pair(&found[what]));
    assert_eq!([memory[0], global[0], table[0]], [0, 0, 0], "{found}");
    // Eight pages of memory, of which the arguments take little, in words of 8 bytes.
    assert!((60_000..=65_536).contains(&memory[1]), "{found}");
    assert_eq!([global[1], table[1]], [1, 128], "{found}");
}

/// What the guest found first, and afterwards.
#[track_caller]
fn pair(value: &Value) -> [u32; 2] {
    [0, 1].map(|at| u32::from_str_radix(value[at].as_str().unwrap(), 16).unwrap())
}
