//! Replaces personal data in a message by tokens before the assistant gets it, and keeps
//! it for `restore-pii`.

mod vault;

use pii::Finder;
use retort_sdk::{Failure, Invocation, Payload, Result};
use serde::Deserialize;
use vault::Vault;

/// What the operator may set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// What is replaced.
    pub kinds: Vec<Kind>,
    /// Where the session's id stands: JSON pointers, the first with a value counts.
    pub session: Vec<String>,
    /// Where texts stand: JSON pointers with `*` for any element or member.
    pub texts: Vec<String>,
}

/// A kind of personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// E-mail addresses.
    Email,
    /// Numbers of payment cards.
    Card,
    /// US social security numbers.
    Ssn,
    /// Phone numbers.
    Phone,
}

/// In the order in which they are looked for: a part of one may look like a later one.
const ALL: [Kind; 4] = [Kind::Email, Kind::Card, Kind::Ssn, Kind::Phone];

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Card => "card",
            Self::Ssn => "ssn",
            Self::Phone => "phone",
        }
    }

    fn finder(self) -> Finder {
        match self {
            Self::Email => pii::email::find,
            Self::Card => pii::card::find,
            Self::Ssn => pii::ssn::find,
            Self::Phone => pii::phone::find,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            kinds: ALL.into(),
            session: pii::vault::SESSION.map(str::to_owned).into(),
            texts: vec!["/input/text".to_owned()],
        }
    }
}

/// Replaces what is personal in the message's texts.
///
/// # Errors
/// [`Failure::NotForMe`] if there is something personal and no session to keep it for;
/// [`Failure::ServiceFailed`] if the store does not keep it.
pub fn transform(invocation: &Invocation<Settings>, message: &mut Payload<'_>) -> Result<()> {
    let settings = &invocation.settings;
    let mut vault = None;
    for (pointer, original) in message.strings(&settings.texts)? {
        let mut text = original.clone();
        for kind in ALL.into_iter().filter(|kind| settings.kinds.contains(kind)) {
            let places = kind.finder()(&text);
            if places.is_empty() {
                continue;
            }
            let vault = match &mut vault {
                Some(vault) => vault,
                None => vault.insert(open(invocation, message)?),
            };
            let token = |place: &std::ops::Range<usize>| {
                vault.token(kind, text.get(place.clone()).unwrap_or_default())
            };
            let tokens: Vec<_> = places.iter().map(token).collect::<Result<_>>()?;
            let mut tokens = tokens.into_iter();
            text = pii::replace(&text, &places, |_| tokens.next().unwrap_or_default());
        }
        if text != original {
            message.write(&pointer, &text)?;
        }
    }
    vault.as_ref().map_or(Ok(()), Vault::keep)
}

retort_sdk::export_request!(transform);

/// The vault of the message's session.
fn open<'a>(invocation: &'a Invocation<Settings>, message: &Payload<'_>) -> Result<Vault<'a>> {
    let read = |place: &str| message.read(place).map(Option::flatten);
    match pii::vault::session(&invocation.settings.session, read)? {
        Some(session) => Vault::open(&invocation.assistant, session),
        None => Err(Failure::not_for_me(
            "the message has personal data and no id of a session",
        )),
    }
}

#[cfg(test)]
mod tests;
