//! Write a plugin for Retort in a few lines.
//!
//! A plugin is a function from an [`Invocation`] and a [`Payload`] to an outcome.
//! [`export!`] makes a component of it.
//!
//! ```
//! use retort_sdk::{Invocation, Payload, Result};
//!
//! #[derive(serde::Deserialize)]
//! #[serde(deny_unknown_fields, default)]
//! struct Settings {
//!     greeting: String,
//! }
//!
//! impl Default for Settings {
//!     fn default() -> Self {
//!         Self { greeting: "Howdy! ".to_owned() }
//!     }
//! }
//!
//! fn transform(invocation: &Invocation<Settings>, payload: &mut Payload) -> Result<()> {
//!     for mut item in payload.items() {
//!         if let Some(text) = item.text() {
//!             item.set_text(&format!("{}{text}", invocation.settings.greeting))?;
//!         }
//!     }
//!     Ok(())
//! }
//!
//! retort_sdk::export!(transform);
//! # use retort_sdk::testing::Call;
//! # let payload = r#"{"output": {"generic": [{"response_type": "text", "text": "Hi."}]}}"#;
//! # let result = Call::new().result(transform, payload).unwrap();
//! # assert_eq!(result, r#"{"output":{"generic":[{"response_type":"text","text":"Howdy! Hi."}]}}"#);
//! ```
//!
//! - What the function does not touch keeps its bytes: numbers, the order of keys,
//!   unknown members, white space. What it does not look at is not even parsed.
//! - `Ok(())` stands for the payload as the function left it. To say something else,
//!   return an [`Outcome`].
//! - `?` turns every error into a [`Failure`]; what becomes of the assistant's answer
//!   then is the operator's choice, not the plugin's.
//! - Every call runs in a fresh instance: nothing in memory outlives it.
//! - [`testing`] runs the function in an ordinary `cargo test`.

mod bindings;
mod export;
mod failure;
mod invocation;
mod outcome;
mod payload;
pub mod testing;

#[doc(hidden)]
pub use bindings::guest;
pub use failure::{Failure, Result};
pub use invocation::{Invocation, NoSettings};
pub use outcome::{IntoOutcome, Outcome};
pub use payload::{Item, Payload};
/// What a [`Payload`] is made of, for editing more than its texts.
pub use retort_json::{Document, EditError, Kind, Node, NotAPointer, Part, Pointer};
