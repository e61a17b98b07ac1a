use crate::Invocation;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The stage's settings: a JSON object whose members choose what a guest does.
///
/// A member of the wrong type panics, so that a mistaken test does not pass.
pub struct Settings(BTreeMap<String, Box<RawValue>>);

impl Settings {
    /// Reads the settings that came with the call.
    pub fn of(invocation: &Invocation) -> Self {
        Self(serde_json::from_str(&invocation.settings).expect("the settings are an object"))
    }

    /// The member's text as it stands in the settings.
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.get())
    }

    /// A member that is a string, unescaped.
    pub fn text(&self, name: &str) -> Option<String> {
        self.raw(name)
            .map(|raw| serde_json::from_str(raw).unwrap_or_else(|_| panic!("`{name}` is a string")))
    }

    /// Which of its ways the guest should take: the member `how`, `""` where it is absent.
    pub fn how(&self) -> String {
        self.text("how").unwrap_or_default()
    }

    /// A member that is a whole number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.raw(name).map(|raw| {
            raw.parse()
                .unwrap_or_else(|_| panic!("`{name}` is a whole number"))
        })
    }

    /// A member that is true or false.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.raw(name).map(|raw| {
            raw.parse()
                .unwrap_or_else(|_| panic!("`{name}` is true or false"))
        })
    }
}

/// Panics over a way that the guest does not know.
#[macro_export]
macro_rules! unknown {
    ($how:expr) => {
        panic!("there is no way called `{}` here", $how)
    };
}
