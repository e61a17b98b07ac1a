//! The contract's types, generated from its WIT.

#[allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated: the contract documents it, and strings cross the host's border by address"
)]
mod generated {
    wit_bindgen::generate!({
        path: "../../wit/v0.1.0",
        world: "response-transformer",
        pub_export_macro: true,
        export_macro_name: "export_component",
    });
}

pub(crate) use generated::retort::transform::types::{Failure, Invocation, Outcome};

/// What the code that [`export!`](crate::export!) writes refers to. Not for plugins.
pub mod guest {
    pub use super::generated::{
        export_component,
        exports::{self, retort::transform::transform_response::Guest},
        retort::transform::types::{Failure, Invocation, Outcome},
    };
    pub use crate::export::transform;
}
