//! How many requests were answered how, and when.

use super::client::Answer;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a number of requests has come to.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tally {
    answers: BTreeMap<Answer, u64>,
    /// How long each answer with 200 took, in microseconds.
    good: Vec<u32>,
    /// The longest that any request took.
    pub(crate) slowest: Duration,
    /// Requests without an end when the measuring ended.
    pub(crate) unfinished: u64,
    /// How late the generator itself was with each request, in microseconds.
    late: Vec<u32>,
    /// The most connections that were open at once.
    pub(crate) connections: usize,
}

impl Tally {
    /// Counts one request.
    pub(crate) fn add(&mut self, answer: Answer, took: Duration) {
        *self.answers.entry(answer).or_default() += 1;
        self.slowest = self.slowest.max(took);
        if answer == Answer::Status(200) {
            self.good.push(microseconds(took));
        }
    }

    /// Counts how late a request was sent.
    pub(crate) fn was_late(&mut self, by: Duration) {
        self.late.push(microseconds(by));
    }

    /// Puts those of another generator to these.
    pub(crate) fn merge(&mut self, other: Self) {
        for (answer, count) in other.answers {
            *self.answers.entry(answer).or_default() += count;
        }
        self.good.extend(other.good);
        self.late.extend(other.late);
        self.slowest = self.slowest.max(other.slowest);
        self.unfinished += other.unfinished;
        self.connections += other.connections;
    }

    /// The requests that were sent.
    pub(crate) fn sent(&self) -> u64 {
        self.answers.values().sum::<u64>() + self.unfinished
    }

    /// Those with this end.
    pub(crate) fn count(&self, answer: Answer) -> u64 {
        self.answers.get(&answer).copied().unwrap_or(0)
    }

    /// Those that were answered with 200 and the right text.
    pub(crate) fn good(&self) -> u64 {
        self.count(Answer::Status(200))
    }

    /// Those that got no answer at all.
    pub(crate) fn unanswered(&self) -> u64 {
        self.count(Answer::Lost) + self.unfinished
    }

    /// A share of those that were sent, in percent.
    pub(crate) fn share(&self, count: u64) -> f64 {
        ratio(count, self.sent().max(1)) * 100.0
    }

    /// A quantile of the good answers' times in milliseconds, in thousandths: 1,000 is
    /// the longest. None if fewer than two lie beyond it: it would be chance.
    pub(crate) fn quantile(&self, thousandths: usize) -> Option<f64> {
        milliseconds(&self.good, thousandths)
    }

    /// The same of the generator's own lateness.
    pub(crate) fn lateness(&self, thousandths: usize) -> Option<f64> {
        milliseconds(&self.late, thousandths)
    }

    /// `200 × 12, 503 × 3`, for a report.
    pub(crate) fn in_words(&self) -> String {
        let mut parts: Vec<_> = self
            .answers
            .iter()
            .map(|(answer, count)| match answer {
                Answer::Status(status) => format!("{status} × {count}"),
                Answer::Wrong => format!("**wrong text × {count}**"),
                Answer::BareRefusal => format!("**503 without Retry-After × {count}**"),
                Answer::Lost => format!("no answer × {count}"),
            })
            .collect();
        if self.unfinished > 0 {
            parts.push(format!("unfinished × {}", self.unfinished));
        }
        if parts.is_empty() {
            "–".to_owned()
        } else {
            parts.join(", ")
        }
    }
}

/// One number in terms of another.
#[expect(clippy::cast_precision_loss, reason = "some millions at most")]
pub(crate) fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

fn microseconds(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

fn milliseconds(microseconds: &[u32], thousandths: usize) -> Option<f64> {
    let mut sorted = microseconds.to_vec();
    sorted.sort_unstable();
    let index = sorted.len() * thousandths / 1_000;
    let time = match sorted.len().checked_sub(index) {
        Some(0) => sorted.last(),
        Some(2..) => sorted.get(index),
        _ => None,
    };
    time.map(|time| f64::from(*time) / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_is_counted_once() {
        let mut tally = Tally::default();
        for n in 1..=1_000 {
            tally.add(Answer::Status(200), Duration::from_micros(n));
        }
        tally.add(Answer::Status(503), Duration::from_secs(1));
        tally.add(Answer::Lost, Duration::ZERO);
        tally.unfinished = 2;
        assert_eq!(tally.sent(), 1_004);
        assert_eq!(tally.unanswered(), 3);
        assert_eq!(tally.quantile(500), Some(0.501));
        assert_eq!(tally.quantile(990), Some(0.991));
        assert_eq!(tally.quantile(1_000), Some(1.0));
        assert_eq!(tally.quantile(999), None, "one beyond it is not enough");
        tally.add(Answer::Status(200), Duration::from_secs(2));
        assert_eq!(tally.quantile(999), Some(1.0));
        assert_eq!(
            tally.in_words(),
            "200 × 1001, 503 × 1, no answer × 1, unfinished × 2"
        );
    }
}
