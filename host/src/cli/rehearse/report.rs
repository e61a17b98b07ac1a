//! A rehearsal, told to people and to machines.

use super::changes::changes;
use super::message::seen;
use super::webhook::{Called, Came, Staged};
use crate::cli::invoke::line;
use crate::outcome::OutcomeKind;
use serde::Serialize;
use serde_json::value::RawValue;
use std::io::Write;

/// How many changed lines of a stage are told to people.
const MOST_LINES: usize = 40;

/// Everything that happened.
pub(super) struct Said {
    pub(super) steps: Vec<Step>,
    /// The message response that the user sees, or the assistant's error.
    pub(super) answer: Result<String, String>,
}

/// One thing that happened.
pub(super) enum Step {
    Webhook(Called),
    Assistant { text: String, rule: Option<usize> },
}

impl Said {
    /// Whether neither a webhook nor a stage failed.
    pub(super) fn is_good(&self) -> bool {
        self.answer.is_ok()
            && self.steps.iter().all(|step| match step {
                Step::Assistant { .. } => true,
                Step::Webhook(called) => {
                    !matches!(called.came, Came::Error(_))
                        && called
                            .stages
                            .iter()
                            .all(|stage| stage.report.result.is_ok())
                }
            })
    }

    /// To standard error, for people.
    pub(super) fn tell(&self, text: &str) {
        tell!("the user says {text:?}");
        for step in &self.steps {
            match step {
                Step::Webhook(called) => tell_call(called),
                Step::Assistant { text, rule } => match rule {
                    Some(rule) => tell!("the assistant gets {text:?}, and rule {rule} answers"),
                    None => tell!("the assistant gets {text:?}, and no rule answers"),
                },
            }
        }
        match &self.answer {
            Ok(answer) => match seen(answer).as_slice() {
                [] => tell!("the user sees nothing"),
                items => tell!("the user sees {}", items.join(", ")),
            },
            Err(error) => tell!("the user sees an error: {error}"),
        }
    }

    /// One document, for machines.
    pub(super) fn json(&self) -> serde_json::Result<String> {
        #[derive(Serialize)]
        struct Document<'a> {
            /// The message response that the user sees; null where it is an error.
            answer: Option<&'a RawValue>,
            error: Option<&'a str>,
            steps: Vec<StepJson<'a>>,
        }
        let steps = self.steps.iter().map(StepJson::of);
        let answer = self.answer.as_ref().ok();
        serde_json::to_string(&Document {
            answer: answer.map(|it| serde_json::from_str(it)).transpose()?,
            error: self.answer.as_ref().err().map(String::as_str),
            steps: steps.collect::<Result<_, _>>()?,
        })
    }
}

fn tell_call(called: &Called) {
    tell!("{}", called.event.name());
    for stage in &called.stages {
        tell!("  {}", line(&stage.report));
        tell_changes(&changed(stage));
    }
    match &called.came {
        // Where no stage is seen, at least what all of them did.
        Came::Payload(payload) if called.stages.is_empty() => {
            match changes(&called.payload, payload).as_slice() {
                [] => tell!("  the payload comes back as it was"),
                lines => tell_changes(lines),
            }
        }
        Came::Payload(_) => {}
        Came::Reply(_) => tell!("  the webhook answers in the assistant's place"),
        Came::Error(error) => tell!("  the assistant takes it for an error: {error}"),
    }
}

fn tell_changes(lines: &[String]) {
    for line in lines.iter().take(MOST_LINES) {
        tell!("    {line}");
    }
    if lines.len() > MOST_LINES {
        tell!("    and {} more lines", lines.len() - MOST_LINES);
    }
}

/// The lines that a stage changed. A reply is no change of the payload.
fn changed(stage: &Staged) -> Vec<String> {
    match (&stage.report.result, &stage.after) {
        (Ok(OutcomeKind::Reply) | Err(_), _) | (_, None) => Vec::new(),
        (Ok(_), Some(after)) => changes(&stage.before, after),
    }
}

#[derive(Serialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
enum StepJson<'a> {
    Webhook {
        event: &'static str,
        /// What was sent.
        payload: &'a RawValue,
        stages: Vec<StageJson<'a>>,
        came: CameJson<'a>,
    },
    Assistant {
        text: &'a str,
        rule: Option<usize>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum CameJson<'a> {
    Payload(&'a RawValue),
    Reply(&'a RawValue),
    Error(&'a str),
}

#[derive(Serialize)]
struct StageJson<'a> {
    plugin: &'a str,
    outcome: Option<OutcomeKind>,
    fault: Option<String>,
    changes: Vec<String>,
    // Null where the plugin was not called.
    fuel: Option<u64>,
    microseconds: Option<u128>,
    memory_bytes: Option<usize>,
}

impl<'a> StepJson<'a> {
    fn of(step: &'a Step) -> serde_json::Result<Self> {
        Ok(match step {
            Step::Assistant { text, rule } => Self::Assistant { text, rule: *rule },
            Step::Webhook(called) => Self::Webhook {
                event: called.event.name(),
                payload: serde_json::from_str(&called.payload)?,
                stages: called.stages.iter().map(StageJson::of).collect(),
                came: match &called.came {
                    Came::Payload(payload) => CameJson::Payload(serde_json::from_str(payload)?),
                    Came::Reply(reply) => CameJson::Reply(serde_json::from_str(reply)?),
                    Came::Error(error) => CameJson::Error(error),
                },
            },
        })
    }
}

impl<'a> StageJson<'a> {
    fn of(stage: &'a Staged) -> Self {
        let Staged { report, .. } = stage;
        Self {
            plugin: &report.plugin,
            outcome: report.result.as_ref().ok().copied(),
            fault: report.result.as_ref().err().map(ToString::to_string),
            changes: changed(stage),
            fuel: report.usage.map(|usage| usage.fuel),
            microseconds: report.usage.map(|usage| usage.time.as_micros()),
            memory_bytes: report.usage.map(|usage| usage.memory_bytes),
        }
    }
}
