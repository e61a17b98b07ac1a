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

    #[cfg(feature = "std")]
    pub mod request {
        wit_bindgen::generate!({
            path: "../../wit/v0.1.0",
            world: "request-transformer",
            pub_export_macro: true,
            export_macro_name: "export_request_component",
            with: { "retort:transform/types@0.1.0": super::texts::retort::transform::types },
        });
    }

    #[cfg(feature = "std")]
    pub mod observer {
        wit_bindgen::generate!({
            path: "../../wit/v0.1.0",
            world: "event-observer",
            pub_export_macro: true,
            export_macro_name: "export_observer_component",
            with: { "retort:transform/types@0.1.0": super::texts::retort::transform::types },
        });
    }

    // What a plugin may call, each by itself: a component imports what it uses of them.
    #[cfg(all(target_family = "wasm", feature = "std"))]
    pub mod keyvalue {
        wit_bindgen::generate!({
            path: "../../wit/wasi/keyvalue",
            generate_all,
            inline: "package retort:sdk-keyvalue; world imports { import wasi:keyvalue/store@0.2.0-draft; }",
        });
    }

    #[cfg(all(target_family = "wasm", feature = "std"))]
    pub mod config {
        wit_bindgen::generate!({ path: "../../wit/wasi/config", world: "imports" });
    }

    #[cfg(all(target_family = "wasm", feature = "std"))]
    pub mod logging {
        wit_bindgen::generate!({ path: "../../wit/wasi/logging", world: "imports" });
    }
}

#[cfg(all(target_family = "wasm", feature = "std"))]
pub(crate) use generated::{
    config::wasi::config::store as config, keyvalue::wasi::keyvalue::store as keyvalue,
    logging::wasi::logging::logging,
};

pub(crate) use generated::texts::{
    exports::retort::transform::transform_texts::Text,
    retort::transform::types::{Failure, Invocation},
};
#[cfg(feature = "std")]
pub(crate) use generated::{
    request::exports::retort::transform::transform_request::Decision,
    texts::retort::transform::types::Outcome,
};

/// What the code refers to that [`export_texts!`](crate::export_texts!),
/// [`export!`](macro@crate::export) and the others write, and what benchmarks call a
/// plugin by. Not for plugins.
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
        observer::{self, export_observer_component},
        request::{
            self, export_request_component, exports::retort::transform::transform_request::Decision,
        },
        response::{self, export_response_component},
        texts::retort::transform::types::Outcome,
    };
    #[cfg(feature = "std")]
    pub use crate::{export::transform, observe::observe, request::decide};
}
