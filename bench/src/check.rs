//! Before anything is measured: everybody does the same work, and does it right.

use crate::Result;
use crate::bodies::{Body, Size};
use crate::peers::{Kind, Service};
use crate::retort;
use serde_json::Value;
use std::time::Duration;
use ureq::Agent;

/// Sends one body to each service, and one with a stranger's token.
///
/// # Errors
/// The first service whose answer differs from Retort's in what its JSON means, an
/// answer of Retort's without the endings that its stages give, or a service that
/// believes the stranger.
pub(crate) fn same_answers(services: &[Service], bodies: &[(Size, Body)], token: &str) -> Result {
    let agent = agent();
    for (size, body) in bodies {
        for service in services {
            let expected = match service.kind {
                Kind::Echo => json(&body.text)?,
                _ => {
                    let answer = ask(&agent, reference(services, service)?, token, body)?;
                    has_endings(&answer, service.stages, size.texts())?;
                    answer
                }
            };
            if ask(&agent, service, token, body)? != expected {
                let label = service.kind.label();
                return Err(format!(
                    "{label} gives another answer than Retort to the body of {}, with {} stages",
                    size.label(),
                    service.stages
                ));
            }
        }
    }
    let stranger = tampered(token);
    for service in services.iter().filter(|service| service.kind.verifies()) {
        if let Some((_, body)) = bodies.first()
            && post(&agent, service, &stranger, body)?.0 != 401
        {
            let label = service.kind.label();
            return Err(format!("{label} believes a token that nobody signed"));
        }
    }
    Ok(())
}

/// Retort with as many stages.
fn reference<'a>(services: &'a [Service], service: &Service) -> Result<&'a Service> {
    services
        .iter()
        .find(|other| other.kind == Kind::Retort && other.stages == service.stages)
        .ok_or_else(|| format!("Retort does not run with {} stages", service.stages))
}

/// Whether every text ends as the last stage leaves it, and holds what the one before
/// it left.
fn has_endings(answer: &Value, stages: usize, texts: usize) -> Result {
    let suffixes: Vec<_> = (1..=stages).map(retort::suffix).collect();
    // Each stage but the first takes the full stop of the one before it.
    let whole: String = suffixes
        .iter()
        .map(|suffix| suffix.trim_end_matches('.'))
        .collect();
    let ending = format!("{whole}.");
    let items = answer.pointer("/payload/output/generic");
    let changed = items
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|item| item.get("text")?.as_str())
        .filter(|text| text.ends_with(&ending))
        .count();
    if changed == texts {
        Ok(())
    } else {
        Err(format!(
            "Retort changed {changed} of {texts} texts with {stages} stages"
        ))
    }
}

fn ask(agent: &Agent, service: &Service, token: &str, body: &Body) -> Result<Value> {
    let (status, answer) = post(agent, service, token, body)?;
    if status == 200 {
        json(&answer)
    } else {
        let label = service.kind.label();
        Err(format!("{label} answers with status {status}"))
    }
}

fn post(agent: &Agent, service: &Service, token: &str, body: &Body) -> Result<(u16, String)> {
    let failed = |error: ureq::Error| {
        let label = service.kind.label();
        format!("{label} does not answer: {error}")
    };
    let mut response = agent
        .post(&service.url)
        .header("authorization", token)
        .content_type("application/json")
        .send(&body.text)
        .map_err(failed)?;
    let text = response.body_mut().read_to_string().map_err(failed)?;
    Ok((response.status().as_u16(), text))
}

fn json(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| format!("an answer is not JSON: {error}"))
}

/// The token with another signature.
fn tampered(token: &str) -> String {
    let unsigned = token.rsplit_once('.').map_or(token, |(before, _)| before);
    format!("{unsigned}.{}", "A".repeat(43))
}

fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .into()
}
