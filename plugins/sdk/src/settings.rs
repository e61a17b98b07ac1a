//! What the operator set for a stage.

use alloc::format;

use serde::de::DeserializeOwned;

use crate::{Failure, Result};

/// What the settings of a stage may be read as: every type that serde can deserialize,
/// and [`NoSettings`].
#[diagnostic::on_unimplemented(
    message = "a stage's settings cannot be read as `{Self}`",
    note = "derive `serde::Deserialize` for it"
)]
pub trait StageSettings: Sized {
    /// Reads the settings, which are the text of a JSON object, `{}` where there are none.
    ///
    /// # Errors
    /// [`Failure::Failed`] if they are not of this type.
    fn from_json(json: &str) -> Result<Self>;
}

impl<S: DeserializeOwned> StageSettings for S {
    fn from_json(json: &str) -> Result<Self> {
        serde_json::from_str(json)
            .map_err(|error| Failure::failed(format!("the stage's settings: {error}")))
    }
}

/// The settings of a plugin that has none: any that the operator sets are an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoSettings {}

/// Without serde, so that a plugin without settings is also without a parser of JSON.
impl StageSettings for NoSettings {
    fn from_json(json: &str) -> Result<Self> {
        let is_space = |c| matches!(c, ' ' | '\n' | '\r' | '\t');
        let inside = json.trim_matches(is_space);
        let inside = inside
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'));
        match inside {
            Some(inside) if inside.chars().all(is_space) => Ok(Self {}),
            _ => Err(Failure::failed(
                "the stage's settings: this plugin has none; take them out of the stage",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_settings_are_an_empty_object() {
        for empty in ["{}", " {\t\r\n} \n"] {
            assert_eq!(NoSettings::from_json(empty), Ok(NoSettings {}), "{empty}");
        }
        for other in [
            "",
            "{",
            "}",
            "[]",
            "null",
            r#"{"a":1}"#,
            "{}{}",
            "{,}",
            "{\u{a0}}",
        ] {
            assert!(NoSettings::from_json(other).is_err(), "{other}");
        }
    }
}
