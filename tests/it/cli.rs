//! The command line: what each command prints, and what its exit status says.

mod check;
mod rehearse;
mod system;

use crate::support::{Host, SAMPLE, Upstream, answer, component, repository, retort};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A folder with a configuration and whatever a test puts beside it.
struct Folder(TempDir);

impl Folder {
    fn with_config(config: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.put("retort.toml", config);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        run(retort().current_dir(self.0.path()).args(arguments), "")
    }
}

fn run(command: &mut Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that fails early does not read it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
fn status(output: &Output, expected: i32) {
    assert_eq!(
        output.status.code(),
        Some(expected),
        "{}{}",
        stdout(output),
        stderr(output)
    );
}

#[test]
fn every_command_has_help_with_an_example() {
    for command in ["serve", "check", "invoke", "rehearse", "token", "send"] {
        let output = retort().args([command, "--help"]).output().unwrap();
        status(&output, 0);
        let help = stdout(&output);
        assert!(help.contains("Example"), "{help}");
        assert!(help.contains(&format!("retort {command}")), "{help}");
    }
}

#[test]
fn the_bundled_example_is_good() {
    let output = retort()
        .current_dir(repository())
        .envs([("LOBBY_SECRET", "x"), ("DESK_KEY", "y")])
        .args(["check", "--config", "examples/retort.toml"])
        .output()
        .unwrap();
    status(&output, 0);
}

#[test]
fn invoke_shows_outcome_fuel_time_and_memory() {
    let plugin = component("southern-charm");
    let invoke = |json: &[&str]| run(retort().arg("invoke").arg(&plugin).args(json), SAMPLE);
    let output = invoke(&[]);
    status(&output, 0);
    assert!(
        stdout(&output).contains("Good evening, y'all."),
        "{}",
        stdout(&output)
    );
    let line = stderr(&output);
    assert!(
        line.starts_with("southern-charm: changed texts (fuel "),
        "{line}"
    );
    assert!(line.contains(" ms, peak memory 1024 KiB)"), "{line}");
    let given = "  it was given \"/output/generic/0/text\" (\"text\"): \"Hello. Good evening\"";
    assert!(line.lines().any(|line| line == given), "{line}");

    let output = invoke(&["-", "--json", "--settings", r#"{"suffix": "!"}"#]);
    status(&output, 0);
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(
        report["payload"]["output"]["generic"][0]["text"],
        "Hello. Good evening!"
    );
    assert_eq!(report["fault"], json!(null));
    let stage = &report["stages"][0];
    assert_eq!(stage["plugin"], "southern-charm");
    assert_eq!(stage["outcome"], "texts");
    assert_eq!(
        stage["given"]["texts"][0]["pointer"],
        "/output/generic/0/text"
    );
    assert!(stage["fuel"].as_u64().unwrap() > 1_000);
    assert_eq!(stage["memory_bytes"], 1 << 20);
    assert!(stage["microseconds"].is_u64());
}

#[test]
fn invoke_takes_a_payload_alone_and_says_what_else_it_is_given() {
    let plugin = component("southern-charm");
    let invoke = |input: &str| run(retort().arg("invoke").arg(&plugin), input);
    let output = invoke(r#"{"output":{"generic":[{"response_type":"text","text":"Hi"}]}}"#);
    assert!(stdout(&output).contains("Hi, y'all."));
    for (input, words) in [
        ("nonsense", "standard input is not JSON: "),
        ("[]", "neither a webhook's body nor the payload of one"),
        (r#"{"event":{}}"#, "has both `event` and `payload`"),
        (
            r#"{"event":{"name":"x"},"payload":{}}"#,
            "the event `x` is not served",
        ),
    ] {
        let output = invoke(input);
        status(&output, 2);
        assert!(
            stderr(&output).contains(words),
            "{input}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn invoke_tells_a_fault_by_its_exit_status() {
    let output = run(
        retort().arg("invoke").arg(component("traps")).arg("--json"),
        SAMPLE,
    );
    status(&output, 1);
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(report["payload"], json!(null));
    assert_eq!(report["fault"]["kind"], "trapped");
    assert_eq!(report["stages"][0]["fault"]["kind"], "trapped");
}

#[test]
fn invoke_runs_an_assistants_pipeline() {
    let folder = Folder::with_config(&format!(
        r#"
[plugins.traps]
component = '{}'
[plugins.southern-charm]
component = '{}'
[plugins.never-loaded]
component = "missing.wasm"
[tenants.t]
[assistants.a]
tenant = "t"
# Nobody is verified, so nobody's secret is needed.
auth = {{ kind = "jwt", secrets = ["env:NOT_SET", "file:missing"] }}
pipeline = [{{ plugin = "traps" }}, {{ plugin = "southern-charm" }}]
[assistants.other]
tenant = "t"
auth.kind = "none"
pipeline = [{{ plugin = "never-loaded" }}]
"#,
        component("traps").display(),
        component("southern-charm").display(),
    ));
    folder.put("answer.json", SAMPLE);
    let output = folder.run(&["invoke", "--assistant", "a", "answer.json"]);
    status(&output, 1);
    assert!(stdout(&output).contains("Good evening, y'all."));
    let report = stderr(&output);
    assert!(report.contains("traps: FAULT, trapped: "), "{report}");
    assert!(report.contains("southern-charm: changed texts"), "{report}");
    let output = folder.run(&["invoke", "--assistant", "b", "answer.json"]);
    status(&output, 2);
    assert!(stderr(&output).contains("there is no assistant `b` in retort.toml"));
}

#[test]
fn token_and_send_play_the_assistant() {
    let host = Host::start(
        r#"
[assistants.lobby]
tenant = "t"
on_fault = "fail"
auth = { kind = "jwt", secrets = ["env:SECRET"], require_exp = true, max_age = "1m" }
pipeline = [{ plugin = "southern-charm" }]
[assistants.broken]
tenant = "t"
on_fault = "fail"
auth = { kind = "api_key", header = "x-api-key", secrets = ["env:SECRET"] }
pipeline = [{ plugin = "traps" }]
"#,
    );
    let output = retort()
        .args(["token", "--secret", "env:SECRET"])
        .output()
        .unwrap();
    status(&output, 0);
    let token = stdout(&output);
    let answer = host
        .call("lobby")
        .header("authorization", token.trim())
        .send();
    assert_eq!(answer.status, 200);
    let output = retort()
        .args(["token", "--secret", "env:SECRET", "--expires", "never"])
        .output()
        .unwrap();
    let answer = host
        .call("lobby")
        .header("authorization", stdout(&output).trim())
        .send();
    assert_eq!(answer.status, 401);

    let url = |assistant: &str| format!("http://{}/webhooks/{assistant}", host.address);
    let send = |arguments: &[&str]| run(retort().arg("send").args(arguments), SAMPLE);
    let output = send(&[&url("lobby"), "--secret", "env:SECRET"]);
    status(&output, 0);
    assert!(stdout(&output).contains("Good evening, y'all."));
    assert!(stderr(&output).contains("the assistant would take this answer"));
    for (arguments, words) in [
        (
            &[&*url("lobby")][..],
            "422 Webhook responded with [401] status code",
        ),
        (
            &[
                &*url("broken"),
                "-",
                "--header",
                "x-api-key: purple unicorn",
            ],
            "422 Webhook responded with [500] status code",
        ),
        (
            &[&*format!("http://{}/healthz", host.address)],
            "[405] status code",
        ),
        (
            &["http://127.0.0.1:1/webhooks/a"],
            "500 Processor Exception",
        ),
    ] {
        let output = send(arguments);
        status(&output, 1);
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
    let output = send(&[&url("lobby"), "--secret", "purple unicorn"]);
    status(&output, 2);
    assert!(!stderr(&output).contains("purple"), "{}", stderr(&output));
}

#[test]
fn send_drops_no_header_and_says_what_is_wrong_with_its_command_line() {
    let upstream = Upstream::start(|_, out| answer(out, "200 OK", "", SAMPLE));
    let url = format!("http://{}/webhook", upstream.address);
    let send = |url: &str, arguments: &[&str]| {
        let mut command = retort();
        command.args(["send", url, "-"]).args(arguments);
        run(&mut command, SAMPLE)
    };
    // As the vendor's own sample servers take it.
    status(&send(&url, &["--secret", "env:SECRET", "--raw-token"]), 0);
    status(&send(&url, &["--secret", "env:SECRET"]), 0);
    let own = [
        "--header",
        "authorization: own",
        "--header",
        "content-type: text/json",
    ];
    status(&send(&url, &own), 0);
    let seen = upstream.seen();
    let of = |at: usize, name: &str| seen[at].header(name).join(" and ");
    assert_eq!(of(0, "authorization").split('.').count(), 3);
    assert!(!of(0, "authorization").contains(' '), "{seen:?}");
    assert!(of(1, "authorization").starts_with("Bearer "), "{seen:?}");
    assert_eq!(of(1, "content-type"), "application/json");
    assert_eq!(
        (&*of(2, "authorization"), &*of(2, "content-type")),
        ("own", "text/json")
    );

    let both = ["--secret", "env:SECRET", "--header", "Authorization: own"];
    for (url, arguments, words) in [
        (
            &*url,
            &both[..],
            "--secret and --header both set `authorization`",
        ),
        (&url, &["--raw-token"], "--secret"),
        (
            &url,
            &["--header", "connection: close"],
            "belongs to the connection",
        ),
        (
            "127.0.0.1:8080/webhooks/a",
            &[],
            "write it as http://HOST:PORT/PATH",
        ),
        (
            "localhost/webhooks/a",
            &[],
            "write it as http://HOST:PORT/PATH",
        ),
        ("/webhooks/a", &[], "it has no scheme"),
        (
            "ftp://localhost/webhooks/a",
            &[],
            "only http and https can be called",
        ),
        (
            "http:///webhooks/a",
            &[],
            "write it as http://HOST:PORT/PATH",
        ),
    ] {
        let output = send(url, arguments);
        status(&output, 2);
        assert!(
            stderr(&output).contains(words),
            "{url}: {}",
            stderr(&output)
        );
    }
    assert_eq!(upstream.seen().len(), 3);
}
