mod canned;
mod changes;
mod message;
mod report;
mod webhook;

use super::delivery::{Delivery, parse_url};
use super::{ConfigFile, Ending, output, runtime};
use crate::event::EventKind;
use anyhow::bail;
use canned::Canned;
use clap::{Args, ValueEnum};
use http::Uri;
use message::Message;
use report::{Said, Step};
use std::io::Write;
use std::path::PathBuf;
use webhook::{Came, Webhook};

/// Play the assistant for one message of a user's, through both webhooks
///
/// Sends `message_received`, puts a canned assistant in the middle, sends
/// `message_processed`, and shows to standard error what each stage did and changed.
/// What the user sees, the body of a message response, goes to standard output. The exit
/// status is 1 if a webhook failed or a stage faulted.
#[derive(Debug, Args)]
#[command(after_help = "\
ANSWERS is a JSON array of rules. The first one whose `when` is part of the text that the
assistant gets, in upper or lower case, gives the answer; one without `when` fits always.
An `answer` is a text, in which {text} stands for what the assistant got, or a whole `output` object of a message response:

  [
    { \"when\": \"good morning\", \"answer\": \"Good morning to you\" },
    { \"when\": \"map\", \"answer\": { \"generic\": [
        { \"response_type\": \"image\", \"source\": \"https://example.com/map.png\" } ] } },
    { \"answer\": \"I did not understand\" }
  ]

Examples:
  retort rehearse lobby 'Buenos dias' --answers answers.json
  retort rehearse lobby 'Buenos dias' --answers answers.json --before-error fail --json
  retort rehearse lobby Hello --answers answers.json --url http://127.0.0.1:8080 --secret env:LOBBY_SECRET")]
pub(super) struct Rehearse {
    #[command(flatten)]
    file: ConfigFile,
    /// The assistant's name in the configuration
    assistant: String,
    /// What the user says
    text: String,
    /// What the assistant answers: a JSON file of rules
    #[arg(long, value_name = "ANSWERS")]
    answers: PathBuf,
    /// The assistant's setting for an error of its pre-message webhook
    #[arg(long, value_enum, default_value = "continue")]
    before_error: OnError,
    /// The assistant's setting for an error of its post-message webhook
    #[arg(long, value_enum, default_value = "continue")]
    after_error: OnError,
    /// Print one JSON document with every step
    #[arg(long)]
    json: bool,
    /// Call a server at this address, at /webhooks/ASSISTANT, instead of running the
    /// configuration's pipelines here; stages are not seen then
    #[arg(long, value_parser = parse_url)]
    url: Option<Uri>,
    #[command(flatten)]
    delivery: Delivery,
}

/// The two choices of the assistant's settings page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OnError {
    /// Continue without webhook update
    Continue,
    /// Return an error to the client
    Fail,
}

impl Rehearse {
    pub(super) fn execute(self) -> anyhow::Result<Ending> {
        let canned = Canned::read(&self.answers)?;
        let webhook = match &self.url {
            Some(url) => Webhook::at(url, &self.assistant, &self.delivery)?,
            None if self.delivery.is_for_a_server() => {
                bail!("--secret, --header and --ca are for a server: name it with --url")
            }
            None => Webhook::here(self.file.load_assistant(&self.assistant)?),
        };
        let mut steps = Vec::new();
        let answer = runtime()?.block_on(self.play(&webhook, &canned, &mut steps))?;
        let said = Said { steps, answer };
        if self.json {
            writeln!(output::stdout(), "{}", said.json()?)?;
        } else {
            said.tell(&self.text);
            if let Ok(answer) = &said.answer {
                writeln!(output::stdout(), "{answer}")?;
            }
        }
        Ok(if said.is_good() {
            Ending::Good
        } else {
            Ending::Bad
        })
    }

    /// The message response that the user sees, or the assistant's error.
    async fn play(
        &self,
        webhook: &Webhook<'_>,
        canned: &Canned,
        steps: &mut Vec<Step>,
    ) -> anyhow::Result<Result<String, String>> {
        let payload = message::received(&self.text);
        let called = webhook.call(EventKind::MessageReceived, &payload).await?;
        let came = called.came.clone();
        steps.push(Step::Webhook(called));
        let payload = match came {
            Came::Payload(payload) => payload,
            Came::Reply(reply) => return Ok(Ok(reply)),
            Came::Error(error) if self.before_error == OnError::Fail => return Ok(Err(error)),
            Came::Error(_) => payload,
        };
        // It was valid when it was made, and is checked when it comes back.
        let message = Message::find(&payload)
            .ok_or_else(|| anyhow::anyhow!("the message cannot be read any more"))?;
        let answer = canned.answer(&message.text);
        steps.push(Step::Assistant {
            text: message.text.clone(),
            rule: answer.rule,
        });
        let payload = message.processed(&answer.output)?;
        let called = webhook.call(EventKind::MessageProcessed, &payload).await?;
        let answer = match called.came.clone() {
            Came::Payload(payload) | Came::Reply(payload) => Ok(payload),
            Came::Error(error) if self.after_error == OnError::Fail => Err(error),
            Came::Error(_) => Ok(payload),
        };
        steps.push(Step::Webhook(called));
        Ok(answer)
    }
}
