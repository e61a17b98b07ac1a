//! A content management system: `GET /get_answer?id=…`.

use super::{Reply, Service};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A running CMS.
pub(crate) struct Cms {
    pub(crate) service: Service,
    state: Arc<Mutex<State>>,
}

/// How it answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    /// As it should, with an ETag; 304 where the caller has that already.
    #[default]
    Well,
    /// With an error.
    Fails,
    /// Only after so many seconds.
    Slow(u64),
    /// With the beginning of an answer, and then the connection breaks.
    Breaks,
    /// With what is no JSON but says so.
    Garbage,
    /// With the address of another place.
    Redirects,
}

#[derive(Default)]
struct State {
    answers: BTreeMap<String, String>,
    mood: Mood,
    unchanged: usize,
}

impl Cms {
    /// Starts a CMS with these answers by their ids.
    pub(crate) fn start(answers: &[(&str, &str)]) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let own = Arc::clone(&state);
        let service = Service::start(move |asked| {
            let mut state = own.lock().unwrap();
            let answer = asked.query.get("id").and_then(|id| state.answers.get(id));
            let Some(answer) = answer.filter(|_| asked.path == "/get_answer") else {
                return Reply::new(404).json(&json!({"error": "no such answer"}));
            };
            let etag = format!("\"{:x}\"", Sha256::digest(answer));
            let good = Reply::new(200)
                .json(&json!({ "text": answer }))
                .header("etag", etag.clone());
            match state.mood {
                Mood::Well if asked.header("if-none-match") == Some(&etag) => {
                    state.unchanged += 1;
                    Reply::new(304).header("etag", etag)
                }
                Mood::Well => good,
                Mood::Fails => Reply::new(500).json(&json!({"error": "out of order"})),
                Mood::Slow(seconds) => Reply {
                    after: Duration::from_secs(seconds),
                    ..good
                },
                Mood::Breaks => Reply {
                    body: good.body.slice(..5),
                    breaks: true,
                    ..good
                },
                Mood::Garbage => Reply {
                    body: "{\"text\": ".into(),
                    ..good
                },
                Mood::Redirects => {
                    Reply::new(302).header("location", "http://169.254.169.254/latest/meta-data/")
                }
            }
        });
        let cms = Self { service, state };
        for (id, answer) in answers {
            cms.publish(id, answer);
        }
        cms
    }

    /// Changes the answer of an id.
    pub(crate) fn publish(&self, id: &str, answer: &str) {
        let mut state = self.state.lock().unwrap();
        state.answers.insert(id.into(), answer.into());
    }

    /// Removes the answer of an id.
    pub(crate) fn withdraw(&self, id: &str) {
        self.state.lock().unwrap().answers.remove(id);
    }

    /// Changes how it answers from now on.
    pub(crate) fn set_mood(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    /// How many requests there were.
    pub(crate) fn requests(&self) -> usize {
        self.service.asked().len()
    }

    /// How many of them were answered with 304.
    pub(crate) fn unchanged(&self) -> usize {
        self.state.lock().unwrap().unchanged
    }
}
