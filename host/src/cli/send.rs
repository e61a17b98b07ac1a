use super::delivery::{Answer, Delivery, parse_url, verdict};
use super::{Ending, json_input, output, runtime};
use crate::event::EventKind;
use clap::Args;
use http::Uri;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

/// Play the assistant: sign a body, send it, and say what the assistant would do
///
/// Prints the answer's body to standard output; to standard error its status and
/// what the assistant would make of it. The exit status is 1 where the assistant
/// would not take the answer.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  retort send http://127.0.0.1:8080/webhooks/lobby answer.json --secret env:LOBBY_SECRET
  retort send http://127.0.0.1:3000/webhook answer.json --secret env:SECRET --raw-token
  retort send https://example.com/webhooks/lobby - --header 'x-api-key: 123' <answer.json")]
pub(super) struct Send {
    /// The webhook's URL
    #[arg(value_parser = parse_url)]
    url: Uri,
    /// A webhook's whole body, or only its payload; `-` is standard input
    #[arg(default_value = "-")]
    input: PathBuf,
    /// Of which event the input is the payload, where it is only one
    #[arg(long, value_name = "NAME", default_value = "message_processed", value_parser = json_input::event)]
    event: EventKind,
    #[command(flatten)]
    delivery: Delivery,
}

impl Send {
    pub(super) fn execute(self) -> anyhow::Result<Ending> {
        let body = json_input::as_webhook_body(json_input::read(&self.input)?, self.event)?;
        let start = Instant::now();
        let sent = self.delivery.send(&self.url, body);
        let answer = runtime()?.block_on(sent)?;
        if let Answer::Complete { status, body, .. } = &answer {
            tell!("{status} in {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
            let mut out = output::stdout();
            out.write_all(body)?;
            writeln!(out)?;
        }
        Ok(match verdict(&answer) {
            Ok(()) => {
                tell!("the assistant would take this answer");
                Ending::Good
            }
            Err(reason) => {
                tell!("the assistant would not take this: {reason}");
                Ending::Bad
            }
        })
    }
}
