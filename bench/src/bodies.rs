//! What is sent: the vendor's sample body, and the same with more and longer texts.

use crate::{Result, places};
use std::path::PathBuf;

/// A body's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Size {
    /// The vendor's sample: 886 bytes, 700 of them not white space.
    Sample,
    /// 50 texts of some 530 bytes.
    Kb32,
    /// The sample's one text, and 500 small variables in the context.
    Kb32Context,
    /// 1,600 such texts.
    Mb1,
}

impl Size {
    /// How the reports call it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Sample => "700 B",
            Self::Kb32 => "32 KB",
            Self::Kb32Context => "32 KB, nearly all of it context",
            Self::Mb1 => "1 MB",
        }
    }

    /// How many texts the body has.
    pub(crate) fn texts(self) -> usize {
        match self {
            Self::Sample | Self::Kb32Context => 1,
            Self::Kb32 => 50,
            Self::Mb1 => 1_600,
        }
    }
}

/// A body, in memory and in a file for the load generator.
pub(crate) struct Body {
    pub(crate) text: String,
    pub(crate) file: PathBuf,
}

impl Body {
    /// Makes the body and writes its file.
    pub(crate) fn write(size: Size) -> Result<Self> {
        let text = text(size);
        let file = places::scratch()?.join(format!("{size:?}.json"));
        places::write(&file, &text)?;
        Ok(Self { text, file })
    }
}

const SAMPLE: &str = include_str!("../../tests/payloads/sample.json");

/// The sample's only text, as it stands there.
const ITEM: &str = r#"{
                "response_type": "text",
                "text": "Hello. Good evening"
            }"#;

/// The sample's only variable.
const VARIABLE: &str = r#""var": "anthony""#;

/// The first two bodies are those of `tests/benches/cost.rs`.
fn text(size: Size) -> String {
    match size {
        Size::Sample => SAMPLE.to_owned(),
        Size::Kb32 | Size::Mb1 => {
            let words = "Hello. It is a good evening, and there is a lot to tell. ".repeat(9);
            let item = |number| ITEM.replace("Hello. Good evening", &format!("{number}. {words}"));
            let items: Vec<_> = (0..size.texts()).map(item).collect();
            SAMPLE.replace(ITEM, &items.join(",\n            "))
        }
        Size::Kb32Context => {
            let variable =
                |number| format!(r#""visit-{number}": {{"day": {number}, "seen": true}}"#);
            let variables: Vec<_> = (0..500).map(variable).collect();
            SAMPLE.replace(VARIABLE, &variables.join(",\n                    "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bodies_have_their_sizes_and_texts() {
        for (size, bytes) in [
            (Size::Sample, 600..900),
            (Size::Kb32, 30_000..34_000),
            (Size::Kb32Context, 30_000..34_000),
            (Size::Mb1, 950_000..1_050_000),
        ] {
            let body = text(size);
            assert!(bytes.contains(&body.len()), "{size:?}: {}", body.len());
            let document: serde_json::Value = serde_json::from_str(&body).unwrap();
            let generic = &document["payload"]["output"]["generic"];
            assert_eq!(generic.as_array().map(Vec::len), Some(size.texts()));
        }
    }
}
