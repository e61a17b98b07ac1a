//! Each guest of `guests/` does its worst: which fault comes of it, what the caller
//! sees, what the log says, and that the next calls are as if nothing had been.

mod answers;
mod computing;
mod events;
mod growing;
mod loading;
mod oddities;
mod surroundings;

use crate::support::{Answer, Host, SAMPLE, retort};
use serde_json::json;
use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

mod every_guest_has_a_test {
    use super::{
        answers::*, computing::*, events::*, growing::*, loading::*, oddities::*, surroundings::*,
    };
    // They have files of their own.
    use crate::{http_out::fetches, isolation::leaves_marks, keyvalue::keeps};
    include!(concat!(env!("OUT_DIR"), "/every_guest_has_a_test.rs"));
}

/// The payload for which every guest is tame, with an answer of `unchanged`.
const TAME: &str = r#"{"tame":1}"#;

/// How much later than its deadline a call may be answered on a machine that is busy
/// with other tests.
const SLACK: Duration = Duration::from_millis(1_500);

/// Calls a guest in a stage with these keys. The fault has to be of this kind and its
/// log line has to have these words.
#[track_caller]
fn faults(stage: &str, kind: &'static str, words: &[&str]) {
    Hostile::default().faults(stage, kind, words).check();
}

/// Hostile stages of one host, each in assistants of its own.
#[derive(Default)]
struct Hostile {
    cases: Vec<Case>,
}

struct Case {
    stage: String,
    kind: &'static str,
    words: Vec<String>,
    /// Whether a tame call of the same assistant goes well.
    tame: bool,
}

impl Hostile {
    /// A guest that is at fault, with a log line of these words, but for a tame call.
    fn faults(self, stage: &str, kind: &'static str, words: &[&str]) -> Self {
        self.with(stage, kind, words, true)
    }

    /// One that is at fault before it can know for which call.
    fn always_faults(self, stage: &str, kind: &'static str, words: &[&str]) -> Self {
        self.with(stage, kind, words, false)
    }

    fn with(mut self, stage: &str, kind: &'static str, words: &[&str], tame: bool) -> Self {
        self.cases.push(Case {
            stage: stage.to_owned(),
            kind,
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            tame,
        });
        self
    }

    /// Calls each guest under both policies.
    #[track_caller]
    fn check(self) {
        let mut config = String::from(
            r#"
            [admin]
            listen = "127.0.0.1:0"

            [tenants.t]
            [tenants.u]

            [assistants.other]
            tenant = "u"
            auth = { kind = "none" }
            pipeline = [{ plugin = "echo", settings = { as = "merge-patch", value = '{"next":true}' } }]
            "#,
        );
        for (number, case) in self.cases.iter().enumerate() {
            let stage = &case.stage;
            write!(
                config,
                r#"
                [assistants.fails-{number}]
                tenant = "t"
                auth = {{ kind = "none" }}
                on_fault = "fail"
                pipeline = [{{ {stage} }}]

                [assistants.continues-{number}]
                tenant = "t"
                auth = {{ kind = "none" }}
                on_fault = "continue"
                pipeline = [
                    {{ {stage} }},
                    {{ plugin = "echo", settings = {{ as = "merge-patch", value = '{{"next":true}}' }} }},
                ]
                "#
            )
            .unwrap();
        }
        let host = Host::start(&config);
        for (number, case) in self.cases.iter().enumerate() {
            case.check(&host, number);
        }
    }
}

impl Case {
    #[track_caller]
    fn check(&self, host: &Host, number: usize) {
        let failing = format!("fails-{number}");
        let (status, detail) = match self.kind {
            "timed-out" => (504, "the answer could not be transformed in time"),
            _ => (500, "a plugin of this assistant failed"),
        };
        // Twice: a fresh instance knows nothing of the one before.
        for round in ["first", "second"] {
            let id = format!("{failing}-{round}");
            let answer = self.call(host, &failing, &id);
            answer.is_problem(status, detail);
            self.is_reported(host, &id, "fail");
            if self.tame {
                let answer = host.call(&failing).payload(TAME).send();
                assert_eq!(answer.status, 200, "{}: {}", self.stage, answer.text());
                assert!(answer.text().ends_with(TAME_BODY_END), "{}", answer.text());
            }
            went_on(&host.call("other").send());
        }
        let continuing = format!("continues-{number}");
        let answer = self.call(host, &continuing, &continuing);
        self.is_reported(host, &continuing, "continue");
        went_on(&answer);
        self.is_counted(host, &failing, 2.0);
        self.is_counted(host, &continuing, 1.0);
    }

    /// What the counters say of an assistant's calls of the guest.
    #[track_caller]
    fn is_counted(&self, host: &Host, assistant: &str, faults: f64) {
        let plugin = self.stage.split('"').nth(1).unwrap().replace(':', "-");
        let kind = self.kind;
        let series = format!(
            r#"retort_faults_total{{assistant="{assistant}",event="message_processed",stage="1",plugin="{plugin}",fault="{kind}"}}"#
        );
        let counted = host.metric(&series);
        assert!((counted - faults).abs() < 0.1, "{series} {counted}");
    }

    /// A call that is answered by its deadline, whatever the guest does.
    #[track_caller]
    fn call(&self, host: &Host, assistant: &str, id: &str) -> Answer {
        let start = Instant::now();
        let answer = host.call(assistant).header("x-request-id", id).send();
        let (took, deadline) = (start.elapsed(), self.timeout());
        assert!(
            took < deadline + SLACK,
            "{} took {took:?}, and had {deadline:?}",
            self.stage
        );
        answer
    }

    /// The stage's timeout, or the default.
    fn timeout(&self) -> Duration {
        let set = self.stage.split("timeout = \"").nth(1);
        let milliseconds = set.map_or(5_000, |set| {
            set.split("ms").next().unwrap().parse().unwrap()
        });
        Duration::from_millis(milliseconds)
    }

    /// What an operator gets to see of the fault in a call.
    #[track_caller]
    fn is_reported(&self, host: &Host, id: &str, policy: &str) {
        let line = host.logged(&[
            "the stage is at fault",
            &format!("request_id=\"{id}\""),
            &format!("policy=\"{policy}\""),
        ]);
        let fault = format!("fault=\"{}\"", self.kind);
        for word in [&fault].into_iter().chain(&self.words) {
            assert!(
                line.contains(word),
                "{}: {line} does not say {word}",
                self.stage
            );
        }
    }
}

const TAME_BODY_END: &str = r#""payload":{"tame":1}}"#;

/// The sample, to which a good stage has added one member.
#[track_caller]
fn went_on(answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut expected: serde_json::Value = serde_json::from_str(SAMPLE).unwrap();
    expected["payload"]["next"] = json!(true);
    assert_eq!(answer.json(), expected);
}

/// A host with a guest whose faults are shown to the caller.
fn failing(stage: &str) -> Host {
    Host::with_assistant(&format!("on_fault = \"fail\"\npipeline = [{{ {stage} }}]"))
}

/// What `invoke` says of a guest that must not even load.
#[track_caller]
fn does_not_load(file: &Path, words: &[&str]) {
    let output = retort()
        .args(["invoke", "--json"])
        .arg(file)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr);
    for word in words {
        assert!(error.contains(word), "{error} does not say {word}");
    }
}

fn payload(answer: &Answer) -> serde_json::Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["payload"].clone()
}
