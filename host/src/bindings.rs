//! The contract's types as Rust sees them, generated from `wit/`. They stay
//! inside `plugin`, which turns them into the host's own.

/// What all interfaces speak about.
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

/// `transform-request`
pub(crate) mod request {
    pub(crate) use generated::RequestTransformerPre as Pre;
    pub(crate) use generated::exports::retort::transform::transform_request::Decision;

    mod generated {
        wasmtime::component::bindgen!({
            path: "../wit/v0.1.0",
            world: "request-transformer",
            with: { "retort:transform/types": super::super::response::generated::retort::transform::types },
            ownership: Borrowing { duplicate_if_necessary: true },
            exports: { default: async },
        });
    }
}

/// `observe-event`
pub(crate) mod observer {
    pub(crate) use generated::EventObserverPre as Pre;

    #[expect(unreachable_pub, reason = "the generated code re-exports it")]
    pub mod types {
        pub(crate) use super::super::response::generated::retort::transform::types::*;

        /// Text that is only passed to guests here. Where it is taken from them too, the
        /// generator gives it two other names.
        pub type Json<'a> = &'a str;
    }

    mod generated {
        wasmtime::component::bindgen!({
            path: "../wit/v0.1.0",
            world: "event-observer",
            with: { "retort:transform/types": super::types },
            ownership: Borrowing { duplicate_if_necessary: true },
            exports: { default: async },
        });
    }
}
