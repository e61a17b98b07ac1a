//! The configuration. The oracle is what every report of problems has to be.

use retort::config::{Config, Problems};
use retort::secret::Secrets;
use std::path::Path;

/// What the environment holds: names and secrets.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("LOBBY_SECRET", "purple unicorn 7c1f"),
    ("USER_AND_PASSWORD", "unicorn-9d0e:violet-9d0e"),
    ("EMPTY", ""),
    ("LINES", "first 5ab3\nsecond 5ab3"),
];

/// Takes the bytes as the text of a configuration.
///
/// # Panics
/// A problem lies outside of the text, there is neither a configuration nor a problem, a
/// message tells a secret, or a text is wrong only where no secret of callers is read.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    // Of the files on this machine, nothing is known; some never end.
    if text.contains("file:/") || text.contains("..") {
        return;
    }
    let read = parse(text, Secrets::Read(&environment));
    let unread = parse(text, Secrets::Granted(&environment));
    for problems in [&read, &unread]
        .into_iter()
        .filter_map(|result| result.as_ref().err())
    {
        check_places(problems, text);
        check_secrecy(&problems.to_string(), text);
    }
    if let (Ok(_), Err(problems)) = (&read, &unread) {
        panic!("wrong only where no secret of callers is read: {problems}");
    }
    if let Ok(config) = read {
        check_secrecy(&format!("{config:?}"), text);
    }
}

fn parse(text: &str, secrets: Secrets<'_>) -> Result<Config, Problems> {
    Config::parse(text, "retort.toml", Path::new("no-such-folder"), secrets)
}

fn environment(name: &str) -> Option<String> {
    let found = ENVIRONMENT.iter().find(|(known, _)| *known == name);
    found.map(|(_, secret)| (*secret).to_owned())
}

fn check_places(problems: &Problems, text: &str) {
    assert!(
        !problems.problems.is_empty(),
        "no configuration and no problem"
    );
    let lines: Vec<_> = text.split('\n').collect();
    for problem in &problems.problems {
        let line = problem.line.checked_sub(1).and_then(|line| lines.get(line));
        let line = line.unwrap_or_else(|| panic!("not in the text: {problem:?}"));
        // One more, where something is missing at the end.
        let columns = 1..=line.chars().count() + 1;
        assert!(
            columns.contains(&problem.column),
            "not in its line: {problem:?}"
        );
        assert!(!problem.message.is_empty());
    }
}

/// Nothing may repeat a secret that stands in the environment only.
fn check_secrecy(told: &str, text: &str) {
    let secrets = ENVIRONMENT
        .iter()
        .flat_map(|(_, secret)| secret.split(['\n', ':']));
    for secret in secrets.filter(|secret| !secret.is_empty() && !text.contains(secret)) {
        assert!(!told.contains(secret), "a secret was told");
    }
}
