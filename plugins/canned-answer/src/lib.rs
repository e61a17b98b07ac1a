//! Replaces the text of an item by a prepared answer, which an id in the item chooses.

use std::{borrow::Cow, collections::BTreeMap};

use retort_sdk::{Invocation, Item, Payload, Pointer, Result};
use serde::Deserialize;

/// What the operator may set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The prepared answers by their ids.
    pub answers: BTreeMap<String, String>,
    /// Where the id stands in an item: a JSON pointer.
    pub id: Pointer,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            answers: BTreeMap::new(),
            id: Pointer::root().join("user_defined").join("action_id"),
        }
    }
}

/// Changes every item that has a text and an id for which there is an answer.
///
/// # Errors
/// None of its own; see [`Item::set_text`].
pub fn transform(invocation: &Invocation<Settings>, payload: &mut Payload<'_>) -> Result<()> {
    for mut item in payload.items() {
        let answer = answer(&mut item, &invocation.settings);
        if let Some(answer) = answer
            && item.text().is_some()
        {
            item.set_text(answer)?;
        }
    }
    Ok(())
}

retort_sdk::export!(transform);

fn answer<'s>(item: &mut Item<'_, '_>, settings: &'s Settings) -> Option<&'s str> {
    let id = item.node().get(&settings.id)?;
    // An id that is a number is looked up as it is written.
    let id = id.string().unwrap_or(Cow::Borrowed(id.json()));
    Some(settings.answers.get(id.as_ref())?)
}

#[cfg(test)]
mod tests {
    use retort_sdk::{
        Outcome,
        testing::{Call, example},
    };
    use serde_json::json;

    use super::*;

    fn call() -> Call {
        Call::new().settings(json!({"answers": {"hours": "We open at 9.", "7": "Seven."}}))
    }

    fn item(rest: &str) -> String {
        format!(r#"{{"output":{{"generic":[{{{rest}}}]}}}}"#)
    }

    #[test]
    fn an_id_chooses_the_answer() {
        let cases = [
            (
                r#""text":"?","user_defined":{"action_id":"hours"}"#,
                "We open at 9.",
            ),
            (r#""text":"","user_defined":{"action_id":7}"#, "Seven."),
            (
                r#""user_defined":{"action_id":"h\u006furs"},"text":"?""#,
                "We open at 9.",
            ),
        ];
        for (rest, answer) in cases {
            let result = call().result(transform, &item(rest)).unwrap();
            let result: serde_json::Value = serde_json::from_str(&result).unwrap();
            assert_eq!(result["output"]["generic"][0]["text"], answer, "{rest}");
        }
    }

    #[test]
    fn everything_else_is_unchanged() {
        for rest in [
            r#""text":"?""#,
            r#""text":"?","user_defined":{"action_id":"unknown"}"#,
            r#""text":"?","user_defined":{"action_id":["hours"]}"#,
            r#""text":"?","user_defined":"hours""#,
            r#""user_defined":{"action_id":"hours"}"#,
            r#""text":null,"user_defined":{"action_id":"hours"}"#,
        ] {
            let outcome = call().outcome(transform, &item(rest));
            assert_eq!(outcome, Ok(Outcome::Unchanged), "{rest}");
        }
    }

    #[test]
    fn the_place_of_the_id_is_a_setting() {
        let settings = json!({"answers": {"hours": "We open at 9."}, "id": "/topics/0/~0id"});
        let payload = item(r#""text":"?","topics":[{"~id":"hours"}],"n":1.0"#);
        let result = Call::new().settings(settings).result(transform, &payload);
        let expected = item(r#""text":"We open at 9.","topics":[{"~id":"hours"}],"n":1.0"#);
        assert_eq!(result, Ok(expected));
        let wrong = Call::new().settings(json!({"id": "topics"}));
        assert!(wrong.outcome(transform, &payload).is_err());
    }

    #[test]
    fn the_example_in_the_readme_is_true() {
        let [before, after] = example(include_str!("../README.md")).unwrap();
        let call = Call::new().settings(json!({"answers": {"hours": "We are open from 9 to 5."}}));
        assert_eq!(
            call.result(transform, before).as_deref(),
            Ok(after.trim_end())
        );
    }
}
