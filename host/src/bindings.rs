//! The contract's types as Rust sees them, generated from `wit/`. They stay
//! inside `plugin`, which turns them into the host's own.

/// What both interfaces speak about.
pub(crate) use response::generated::retort::transform::types::{Failure, Invocation, Outcome};

/// `transform-response`
pub(crate) mod response {
    pub(crate) use generated::ResponseTransformerPre as Pre;

    pub(super) mod generated {
        wasmtime::component::bindgen!({
            path: "../wit/v0.1.0",
            world: "response-transformer",
            // What the host passes is borrowed, so that a payload is copied once: into the guest.
            ownership: Borrowing { duplicate_if_necessary: true },
            exports: { default: async },
        });
    }
}

/// `transform-texts`
pub(crate) mod texts {
    pub(crate) use generated::TextTransformerPre as Pre;
    pub(crate) use generated::exports::retort::transform::transform_texts::Text;

    mod generated {
        wasmtime::component::bindgen!({
            path: "../wit/v0.1.0",
            world: "text-transformer",
            with: { "retort:transform/types": super::super::response::generated::retort::transform::types },
            ownership: Borrowing { duplicate_if_necessary: true },
            exports: { default: async },
        });
    }
}
