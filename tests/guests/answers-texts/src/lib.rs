//! Answers texts with what the settings say: `answers` is a list of strings and
//! nulls, returned as it stands, of whatever length; `nulls` is how many nulls to
//! return; `length` is that of the one string that every text becomes; without any, each text becomes the JSON of
//! all that the guest was given of it.

wit_bindgen::generate!({
    path: "../../../wit/v0.1.0",
    world: "text-transformer",
});

use exports::retort::transform::transform_texts::{Failure, Guest, Invocation, Text};
use serde_json::{Value, json};

struct Exported;

export!(Exported);

impl Guest for Exported {
    fn transform(invocation: Invocation, texts: Vec<Text>) -> Result<Vec<Option<String>>, Failure> {
        let settings: Value =
            serde_json::from_str(&invocation.settings).expect("the host sends JSON");
        if let Some(answers) = settings["answers"].as_array() {
            let answers = answers.iter().map(|text| text.as_str().map(str::to_owned));
            return Ok(answers.collect());
        }
        if let Some(nulls) = settings["nulls"].as_u64() {
            return Ok(vec![None; usize::try_from(nulls).expect("a number")]);
        }
        if let Some(length) = settings["length"].as_u64() {
            let text = "x".repeat(usize::try_from(length).expect("a length"));
            return Ok(texts.iter().map(|_| Some(text.clone())).collect());
        }
        let given = |text: &Text| {
            json!({
                "value": text.value,
                "pointer": text.pointer,
                "response_type": text.response_type,
            })
        };
        Ok(texts
            .iter()
            .map(|text| Some(given(text).to_string()))
            .collect())
    }
}
