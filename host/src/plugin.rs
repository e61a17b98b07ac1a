//! A loaded component, and one call of it: a fresh store, a fresh instance, and
//! every limit on. A call ends in an outcome or in a fault, never in an error.

mod cache;
mod call;
mod callee;
mod capacity;
mod compile;
mod executable;
mod fault;
mod guest;
mod input;
mod interface;
mod limiter;
mod load;
mod log;
mod minimum;
mod nesting;
mod sandbox;
mod state;

pub use crate::capability::http::Clients;
pub use crate::capability::{Capability, Reach};
pub use callee::Callee;
pub use capacity::Capacity;
pub use compile::child::Order;
pub use compile::{COMMAND, CompileBounds, Compiler};
pub use interface::Interface;
pub use load::LoadError;
pub use minimum::Minimum;
pub use sandbox::{Sandbox, SandboxError};

use crate::event::EventKind;
use crate::fairness::{Tenant, TurnMeter};
use crate::grant::Grants;
use crate::guard::Guard;
use crate::limits::Limits;
use crate::outcome::Usage;
use crate::texts::Text;
use crate::view::View;
use interface::Entry;
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// A component, compiled and linked, ready to be instantiated any number of times.
pub struct Plugin {
    name: Arc<str>,
    sha256: String,
    needs: Vec<Capability>,
    minimum: Minimum,
    entries: Vec<Entry>,
    sandbox: Arc<Sandbox>,
}

/// What a plugin is given of a payload.
#[derive(Debug)]
pub enum Given<'p> {
    /// JSON text of an object, for every interface but `transform-texts`.
    Payload(Cow<'p, str>),
    /// `transform-texts`
    Texts(Vec<Text<'p>>),
}

/// What is known of a request when its pipeline runs.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Whose call it is, and at whose expense.
    pub tenant: &'a Arc<Tenant>,
    /// The assistant's name.
    pub assistant: &'a str,
    /// Identifies the request.
    pub request_id: &'a str,
    /// Which event it brings.
    pub event: EventKind,
    /// JSON text of an object: the envelope's.
    pub options: &'a str,
    /// When the answer has to be there.
    pub deadline: Instant,
    /// From the request's arrival to its deadline.
    pub timeout: Duration,
    /// How many bytes of the answer stand around the payload.
    pub around: usize,
}

impl Request<'_> {
    /// How long it is until the deadline.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

/// What the configuration says of one stage's calls.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// JSON text of an object, for the plugin.
    pub settings: &'a str,
    /// What the plugin may read and write.
    pub view: &'a View,
    /// What the payload has to keep to that comes of it.
    pub guard: &'a Guard,
    /// What the call may use.
    pub limits: &'a Limits,
    /// What it may reach.
    pub reach: &'a Arc<Reach>,
}

/// What a call uses. It is known also where the call's future was dropped.
#[derive(Debug, Default)]
pub struct CallMeter {
    turns: TurnMeter,
    usage: OnceLock<Usage>,
}

impl CallMeter {
    /// What the call has used, once it has ended. Nothing: it was not made.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        self.usage.get().copied()
    }
}

impl Plugin {
    /// The name that the configuration gives it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The SHA-256 digest of the component's file, in hexadecimal digits.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The interfaces of the contract that it exports.
    pub fn interfaces(&self) -> impl Iterator<Item = Interface> {
        self.entries.iter().map(Entry::interface)
    }

    /// It, as it is called for an event, if it exports an interface for that.
    #[must_use]
    pub fn for_event(self: &Arc<Self>, event: EventKind) -> Option<Callee> {
        let serves = |entry: &&Entry| entry.interface().serves(event);
        let entry = self.entries.iter().find(serves)?;
        Some(Callee {
            entry: entry.clone(),
            plugin: Arc::clone(self),
        })
    }

    /// What each call of it takes at least, before it does anything.
    #[must_use]
    pub fn minimum(&self) -> Minimum {
        self.minimum
    }

    /// What its component imports and has to be granted.
    #[must_use]
    pub fn needs(&self) -> &[Capability] {
        &self.needs
    }

    /// What of that is not in these grants.
    #[must_use]
    pub fn lacks(&self, grants: &Grants) -> Vec<Capability> {
        let lacks = |need: &Capability| !need.is_in(grants);
        self.needs.iter().copied().filter(lacks).collect()
    }
}
