//! Write a plugin for Retort in a few lines.
//!
//! Most plugins are a function from one text of an answer to another.
//! [`export_texts!`] makes a component of it.
//!
//! ```
//! use retort_sdk::{Invocation, Result, Text};
//!
//! fn transform(_: &Invocation, text: &Text) -> Result<String> {
//!     Ok(format!("{text}, y'all."))
//! }
//!
//! retort_sdk::export_texts!(transform);
//! # let made = retort_sdk::testing::Call::new().text(transform, "Hello").unwrap();
//! # assert_eq!(made.as_deref(), Some("Hello, y'all."));
//! ```
//!
//! The host cuts the texts out of the answer and puts the new ones back, so such a
//! plugin knows nothing of JSON, and everything around the texts keeps its bytes.
//! Settings are any type that serde can read; [`IntoText`] says what a function may
//! return:
//!
//! ```
//! use retort_sdk::{Invocation, Result, Text};
//!
//! #[derive(serde::Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Settings {
//!     greeting: String,
//! }
//!
//! fn transform(invocation: &Invocation<Settings>, text: &Text) -> Result<Option<String>> {
//!     let is_first = text.pointer() == "/output/generic/0/text";
//!     Ok(is_first.then(|| format!("{} {text}", invocation.settings.greeting)))
//! }
//!
//! retort_sdk::export_texts!(transform);
//! # use retort_sdk::testing::Call;
//! # let call = Call::new().settings(serde_json::json!({"greeting": "Howdy!"}));
//! # let made = call.text(transform, "Hello.").unwrap();
//! # assert_eq!(made.as_deref(), Some("Howdy! Hello."));
//! ```
//!
//! A plugin that looks at more than texts is a function over the whole [`Payload`], and
//! [`export!`] makes a component of it:
//!
//! ```
//! use retort_sdk::{Invocation, Payload, Result};
//!
//! fn transform(_: &Invocation, payload: &mut Payload) -> Result<()> {
//!     let name: Option<String> = payload.read("/context/name")?;
//!     for mut item in payload.items() {
//!         if let (Some(name), Some(text)) = (&name, item.text()) {
//!             item.set_text(&format!("{name}, {text}"))?;
//!         }
//!     }
//!     Ok(())
//! }
//!
//! retort_sdk::export!(transform);
//! # let payload = r#"{"output": {"generic": [{"text": "hi."}]}, "context": {"name": "Jo"}}"#;
//! # let result = retort_sdk::testing::Call::new().result(transform, payload).unwrap();
//! # assert_eq!(result, r#"{"output":{"generic":[{"text":"Jo, hi."}]},"context":{"name": "Jo"}}"#);
//! ```
//!
//! - What the function does not touch keeps its bytes: numbers, the order of keys,
//!   unknown members, white space. What it does not look at is not even parsed.
//! - `Ok(())` stands for the payload as the function left it. To say something else,
//!   return an [`Outcome`].
//!
//! [`export_request!`] makes one over messages to the assistant, which may also reply
//! itself ([`Decision`]), and [`export_observer!`] one that only looks at what is logged.
//! A crate may have several of the three.
//!
//! What a plugin may reach beyond its call are [`http`], [`keyvalue`], [`config`] and
//! [`log`], each with a grant of that name. A component imports those that its code uses.
//!
//! Of all kinds:
//!
//! - `?` turns every error into a [`Failure`]; what becomes of the assistant's answer
//!   then is the operator's choice, not the plugin's.
//! - Every call runs in a fresh instance: nothing in memory outlives it.
//! - [`testing`] runs the function in an ordinary `cargo test`.
//!
//! # Without the standard library
//!
//! With `default-features = false` a component over texts imports nothing at all, which
//! makes each call cheaper for the host. The plugin is `#![no_std]` then, and the
//! [`prelude`] has the names of `alloc` that it would miss:
//!
//! ```
//! #![no_std]
//! use retort_sdk::prelude::*;
//!
//! fn transform(_: &Invocation, text: &Text) -> Result<String> {
//!     Ok(format!("{text}, y'all."))
//! }
//!
//! retort_sdk::export_texts!(transform);
//! # extern crate std;
//! # fn main() {}
//! ```
//!
//! The SDK then brings the allocator, which hands out memory and takes none back before
//! the call ends, and the panic handler: a panic is a trap without a message. A
//! [`Failure`] has its message as ever.
#![cfg_attr(all(target_family = "wasm", not(feature = "std")), no_std)]

extern crate alloc;

mod bindings;
#[cfg(feature = "std")]
pub mod config;
#[cfg(feature = "std")]
mod export;
mod failure;
#[cfg(feature = "std")]
pub mod http;
mod invocation;
#[cfg(feature = "std")]
pub mod keyvalue;
#[cfg(all(target_family = "wasm", not(feature = "std")))]
mod lean;
#[cfg(feature = "std")]
pub mod log;
#[cfg(feature = "std")]
mod observe;
#[cfg(feature = "std")]
mod outcome;
#[cfg(feature = "std")]
mod payload;
pub mod prelude;
#[cfg(feature = "std")]
mod request;
mod settings;
#[cfg(all(feature = "std", not(target_family = "wasm")))]
pub mod testing;
mod texts;

#[doc(hidden)]
pub use bindings::guest;
pub use failure::{Failure, Result};
pub use invocation::Invocation;
#[cfg(feature = "std")]
pub use outcome::{IntoOutcome, Outcome};
#[cfg(feature = "std")]
pub use payload::{Item, Payload};
#[cfg(feature = "std")]
pub use request::{Decision, IntoDecision};
/// What a [`Payload`] is made of, for editing more than its texts.
#[cfg(feature = "std")]
pub use retort_json::{Document, EditError, Kind, Node, NotAPointer, Part, Pointer};
pub use settings::{NoSettings, StageSettings};
pub use texts::{IntoText, Text, TransformText};
