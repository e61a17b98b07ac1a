//! The contract's types, generated from its WIT: a module for each of its worlds.

#[allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated: the contract documents it, and strings cross the host's border by address"
)]
mod generated {
    pub mod texts {
        wit_bindgen::generate!({
            path: "../../wit/v0.1.0",
            world: "text-transformer",
            pub_export_macro: true,
            export_macro_name: "export_texts_component",
            // The other world uses them.
            generate_unused_types: true,
        });
    }

    #[cfg(feature = "std")]
    pub mod response {
        wit_bindgen::generate!({
            path: "../../wit/v0.1.0",
            world: "response-transformer",
            pub_export_macro: true,
            export_macro_name: "export_response_component",
            with: { "retort:transform/types@0.1.0": super::texts::retort::transform::types },
        });
    }
}

#[cfg(feature = "std")]
pub(crate) use generated::texts::retort::transform::types::Outcome;
pub(crate) use generated::texts::{
    exports::retort::transform::transform_texts::Text,
    retort::transform::types::{Failure, Invocation},
};

/// What the code that [`export_texts!`](crate::export_texts!) and
/// [`export!`](macro@crate::export) write refers to, and what benchmarks call a plugin
/// by. Not for plugins.
pub mod guest {
    pub use alloc::{string::String, vec::Vec};

    pub use super::generated::texts::{
        self, export_texts_component,
        exports::retort::transform::transform_texts::Text,
        retort::transform::types::{Failure, Invocation},
    };
    pub use crate::texts::transform_texts;

    #[cfg(feature = "std")]
    pub use super::generated::{
        response::{self, export_response_component},
        texts::retort::transform::types::Outcome,
    };
    #[cfg(feature = "std")]
    pub use crate::export::transform;
}
