//! What is told of a request: a line of the log and a count, however it ends.

use super::REFUSALS;
use crate::fairness::{Refusal, Tenant};
use crate::metrics::Metrics;
use crate::outcome::Fault;
use crate::respond::Rejection;
use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use std::sync::Arc;
use std::time::Instant;

/// A request until it is answered. It has one line in the log, and is counted once,
/// however it ends: it is dropped without an answer when the caller goes away.
pub(super) struct OpenRequest<'a> {
    pub(super) metrics: &'a Metrics,
    pub(super) assistant: Option<&'a Arc<str>>,
    pub(super) tenant: Option<&'a Tenant>,
    pub(super) arrival: Instant,
    pub(super) answered: bool,
}

impl OpenRequest<'_> {
    fn milliseconds(&self) -> u64 {
        u64::try_from(self.arrival.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn tell(&mut self, answer: &Result<Response<Full<Bytes>>, Rejection>) {
        self.answered = true;
        let milliseconds = self.milliseconds();
        let status = match answer {
            Ok(response) => response.status().as_u16(),
            Err(rejection) => rejection.status().as_u16(),
        };
        self.metrics.answered(self.assistant, status);
        match answer {
            Ok(_) => {
                tracing::info!(status, milliseconds, "answered");
            }
            Err(Rejection::Refused(refusal)) => {
                if let Some(tenant) = self.tenant {
                    self.metrics.refused(tenant, refusal);
                }
                log_refused(*refusal, status, milliseconds);
            }
            // Its stage has counted it.
            Err(Rejection::Fault(Fault::Unavailable(refusal))) => {
                log_refused(*refusal, status, milliseconds);
            }
            // What strangers can have for nothing does not fill the log. Of credentials
            // that are refused, `REFUSALS` lets a line through now and then.
            Err(
                Rejection::NoSuchPath
                | Rejection::WrongMethod(_)
                | Rejection::NotVerified
                | Rejection::NotVerifiable(_),
            ) => {
                tracing::debug!(status, milliseconds, "answered");
            }
            Err(rejection) => {
                // As a string field, so that the log's format escapes it.
                let reason = rejection.to_string();
                tracing::info!(status, milliseconds, reason = reason.as_str(), "answered");
            }
        }
    }
}

impl Drop for OpenRequest<'_> {
    fn drop(&mut self) {
        if !self.answered {
            let milliseconds = self.milliseconds();
            self.metrics.abandoned();
            tracing::info!(milliseconds, "the caller went away before its answer");
        }
    }
}

/// A tenant that has as much as it may have can cause any number of these lines.
fn log_refused(refusal: Refusal, status: u16, milliseconds: u64) {
    // Within the macros, which make it only where the line is written.
    let reason = || refusal.to_string();
    match REFUSALS.admit(refusal.kind()) {
        Some(left_out) => {
            tracing::warn!(
                status,
                milliseconds,
                reason = reason().as_str(),
                left_out,
                "refused: try again"
            );
        }
        None => {
            tracing::debug!(
                status,
                milliseconds,
                reason = reason().as_str(),
                "refused: try again"
            );
        }
    }
}
