//! Exports both interfaces of the contract that are for the same event, so that it
//! must not load: nobody could say which of them is meant.

wit_bindgen::generate!({
    inline: "
        package tests:both;
        world both {
            export retort:transform/transform-response@0.1.0;
            export retort:transform/transform-texts@0.1.0;
        }
    ",
    path: "../../../wit/v0.1.0",
    generate_all,
});

use exports::retort::transform::{transform_response, transform_texts};

struct Exported;

export!(Exported);

impl transform_response::Guest for Exported {
    fn transform(
        _: transform_response::Invocation,
        _: String,
    ) -> Result<transform_response::Outcome, transform_response::Failure> {
        Ok(transform_response::Outcome::Unchanged)
    }
}

impl transform_texts::Guest for Exported {
    fn transform(
        _: transform_texts::Invocation,
        texts: Vec<transform_texts::Text>,
    ) -> Result<Vec<Option<String>>, transform_texts::Failure> {
        Ok(texts.iter().map(|_| None).collect())
    }
}
