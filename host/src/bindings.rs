//! The contract's types as Rust sees them, generated from `wit/`. They stay
//! inside `plugin`, which turns them into the host's own.

mod generated {
    wasmtime::component::bindgen!({
        path: "../wit/v0.1.0",
        world: "response-transformer",
        // What the host passes is borrowed, so that a payload is copied once: into the guest.
        ownership: Borrowing { duplicate_if_necessary: true },
        exports: { default: async },
    });
}

pub(crate) use generated::ResponseTransformerPre;
pub(crate) use generated::exports::retort::transform::transform_response::{
    Failure, Invocation, Outcome,
};
