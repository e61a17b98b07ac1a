//! Which event a webhook brings.

use std::time::Duration;

/// The events that are served, by the webhooks that bring them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// The pre-message webhook: a message, before the assistant gets it.
    MessageReceived,
    /// The post-message webhook: an answer, before it is given.
    MessageProcessed,
    /// The log webhook: a message and its answer.
    MessageLogged,
    /// The log webhook: a call by telephone, when it has ended.
    CdrLogged,
    /// The dialog webhook, which sends a plain object without an event: an action, or a
    /// node of a dialog, asks for something.
    Dialog,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::MessageReceived,
        Self::MessageProcessed,
        Self::MessageLogged,
        Self::CdrLogged,
        Self::Dialog,
    ];

    /// Its name in webhooks, in the configuration and to plugins. `dialog` is ours.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MessageReceived => "message_received",
            Self::MessageProcessed => "message_processed",
            Self::MessageLogged => "message_logged",
            Self::CdrLogged => "cdr_logged",
            Self::Dialog => "dialog",
        }
    }

    /// The event of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The longest that the assistant waits for what becomes of it: its settings page
    /// ends at 30 s, and a dialog webhook has 8 s in all.
    #[must_use]
    pub fn longest(self) -> Duration {
        match self {
            Self::Dialog => Duration::from_secs(8),
            _ => Duration::from_secs(30),
        }
    }

    /// Whether nobody waits for what becomes of it.
    #[must_use]
    pub fn is_logged(self) -> bool {
        matches!(self, Self::MessageLogged | Self::CdrLogged)
    }

    /// Whether its payload is on the way to whoever talks with the assistant.
    #[must_use]
    pub fn is_answer(self) -> bool {
        matches!(self, Self::MessageProcessed)
    }
}
