//! Calls of functions over texts.

use retort_json::{Document, Found, Pattern, Places};

use super::Call;
use crate::{Invocation, Result, StageSettings, TransformText, bindings, texts::transform_each};

impl Call {
    /// Runs a plugin's function over one text, as the host would hand it over: the text
    /// of the answer's first item, whose response type is `text`. Returns the new text,
    /// or nothing if it is unchanged.
    ///
    /// # Errors
    /// [`Failure`](crate::Failure), as the host would get it.
    pub fn text<S: StageSettings>(
        &self,
        function: impl for<'t> TransformText<'t, S>,
        text: &str,
    ) -> Result<Option<String>> {
        let text = bindings::Text {
            value: text.to_owned(),
            pointer: "/output/generic/0/text".to_owned(),
            response_type: Some("text".to_owned()),
        };
        let invocation = self.invocation()?;
        let made = self
            .services
            .within(|| transform_each(&function, &invocation, vec![text]))?;
        Ok(made.into_iter().next().flatten())
    }

    /// Runs a plugin's function over the texts of a payload's `output.generic`, which is
    /// what a stage without a view gets, and returns the payload that the host would make
    /// of the outcome: all but the changed texts keeps its bytes.
    ///
    /// # Errors
    /// [`Failure`](crate::Failure), as the host would get it, also if the payload is not JSON.
    pub fn texts_result<S: StageSettings>(
        &self,
        function: impl for<'t> TransformText<'t, S>,
        payload: &str,
    ) -> Result<String> {
        retort_json::check(payload)?;
        let places = Places::new(vec![Pattern::parse("/output/generic/*/text")?])?;
        let found = places.strings(payload, usize::MAX)?;
        let document = Document::of_checked(payload);
        let texts: Result<_> = found.iter().map(|found| text(&document, found)).collect();
        let invocation: Invocation<S> = self.invocation()?;
        let texts = texts?;
        let made = self
            .services
            .within(|| transform_each(&function, &invocation, texts))?;
        let edits = found.iter().zip(&made).filter_map(|(found, made)| {
            let made = made.as_deref()?;
            Some((found.place.clone(), made))
        });
        Ok(retort_json::splice(payload, edits))
    }
}

/// What the host hands over of a text.
fn text(document: &Document<'_>, found: &Found<'_>) -> Result<bindings::Text> {
    let (item, _) = found.pointer.rsplit_once('/').unwrap_or_default();
    let response_type = retort_json::Pointer::parse(&format!("{item}/response_type"))?;
    let response_type = document.get(&response_type);
    Ok(bindings::Text {
        value: found.string().into_owned(),
        pointer: found.pointer.clone(),
        response_type: response_type.and_then(|part| Some(part.string()?.into_owned())),
    })
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::{Failure, NoSettings, Text};

    const PAYLOAD: &str = r#"{ "output": {"generic": [ {"response_type":"text", "text" : "a\u00e9\/"},
        {"text":"b","response_type":7}, 3, {"response_type":"option","text":"c","n":1.0e2},
        {"text":4}, {"title":{"text":"d"}} ]}, "text": "e" }"#;

    fn shouts(_: &Invocation, text: &Text) -> Result<String> {
        Ok(text.to_uppercase())
    }

    #[test]
    fn every_text_changes_and_nothing_else() {
        let result = Call::new().texts_result(shouts, PAYLOAD);
        let expected = PAYLOAD.replace(r#""a\u00e9\/""#, r#""AÉ/""#);
        let expected = expected.replace("\"b\"", "\"B\"").replace("\"c\"", "\"C\"");
        assert_eq!(result, Ok(expected));
        assert!(Call::new().texts_result(shouts, "{").is_err());
    }

    #[test]
    fn a_text_knows_its_place_and_type() {
        fn names(_: &Invocation, text: &Text) -> Result<String> {
            let kind = text.response_type().unwrap_or("none");
            Ok(format!("{text:>3} {} {kind}", text.pointer()))
        }
        let result = Call::new().texts_result(names, PAYLOAD).unwrap();
        for text in [
            "\" aé/ /output/generic/0/text text\"",
            "\"  b /output/generic/1/text none\"",
            "\"  c /output/generic/3/text option\"",
        ] {
            // The first is three characters long.
            let text = text.replacen("\" aé/", "\"aé/", 1);
            assert!(result.contains(&text), "{text} in {result}");
        }
        let alone = Call::new().text(names, "x").unwrap();
        assert_eq!(alone.as_deref(), Some("  x /output/generic/0/text text"));
    }

    #[test]
    fn equal_characters_are_unchanged_whatever_brings_them() {
        fn same(_: &Invocation, text: &Text) -> Result<String> {
            Ok(text.to_string())
        }
        fn none(_: &Invocation, _: &Text) -> Result<Option<String>> {
            Ok(None)
        }
        fn borrowed<'t>(_: &Invocation, text: &'t Text) -> Result<Cow<'t, str>> {
            Ok(Cow::Borrowed(text))
        }
        fn nothing(_: &Invocation, _: &Text) -> Result<()> {
            Ok(())
        }
        fn trimmed<'t>(_: &Invocation, text: &'t Text) -> Result<Cow<'t, str>> {
            Ok(Cow::Borrowed(text.trim()))
        }
        let call = Call::new();
        assert_eq!(call.text(same, "x"), Ok(None));
        assert_eq!(call.text(none, "x"), Ok(None));
        assert_eq!(call.text(borrowed, "x"), Ok(None));
        assert_eq!(call.text(nothing, "x"), Ok(None));
        assert_eq!(call.text(trimmed, "x"), Ok(None));
        assert_eq!(call.text(trimmed, "x "), Ok(Some("x".to_owned())));
        assert_eq!(call.texts_result(same, PAYLOAD).as_deref(), Ok(PAYLOAD));
    }

    #[test]
    fn a_failure_ends_the_call_and_closures_will_do() {
        let refuses = |_: &Invocation<NoSettings>, text: &Text| match &**text {
            "c" => Err(Failure::not_for_me("no c")),
            _ => Ok(()),
        };
        let call = Call::new();
        let failure = call.texts_result(refuses, PAYLOAD).unwrap_err();
        assert_eq!(failure, Failure::not_for_me("no c"));
        assert_eq!(call.text(refuses, "a"), Ok(None));
        let with = call.settings(serde_json::json!({"a": 1}));
        assert!(with.text(refuses, "a").is_err());
    }
}
