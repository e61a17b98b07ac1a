//! What the guests share: the contract's bindings, without the comforts and the
//! checks of the SDK, and a reader of the settings that choose what a guest does.

mod settings;

/// The bindings as generated, public for the macro's sake only.
#[doc(hidden)]
pub mod generated {
    wit_bindgen::generate!({
        path: "../../../wit/v0.1.0",
        world: "response-transformer",
        pub_export_macro: true,
        default_bindings_module: "bare::generated",
    });
}

pub use generated::exports::retort::transform::transform_response::{
    Failure, Guest, Invocation, Outcome,
};
pub use settings::Settings;

/// What a transform answers.
pub type Answer = Result<Outcome, Failure>;

/// The payload for which every guest answers `unchanged` and does nothing else, so that a
/// test can see a good call of the same assistant. `text/component.wat` knows its length.
pub const TAME: &str = r#"{"tame":1}"#;

/// Makes a component of a function `fn(Invocation, String) -> Answer`, which is not
/// called for the tame payload.
#[macro_export]
macro_rules! guest {
    ($transform:path) => {
        struct Exported;

        impl $crate::Guest for Exported {
            fn transform(invocation: $crate::Invocation, payload: String) -> $crate::Answer {
                if payload == $crate::TAME {
                    return Ok($crate::Outcome::Unchanged);
                }
                $transform(invocation, payload)
            }
        }

        $crate::generated::export!(Exported);
    };
}
