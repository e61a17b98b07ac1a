//! Masks e-mail addresses, phone numbers and card numbers in the texts of an answer.

#![no_std]

use pii::{Finder, card, email, phone};
use retort_sdk::prelude::*;
use serde::Deserialize;

/// What the operator may set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// What is masked.
    pub kinds: Vec<Kind>,
    /// What it is masked with.
    pub masks: Masks,
}

/// A kind of personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// E-mail addresses.
    Email,
    /// Phone numbers.
    Phone,
    /// Numbers of payment cards.
    Card,
}

/// What is put in the place of each kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Masks {
    /// For an e-mail address.
    pub email: String,
    /// For a phone number.
    pub phone: String,
    /// For a card number.
    pub card: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            kinds: vec![Kind::Email, Kind::Phone, Kind::Card],
            masks: Masks::default(),
        }
    }
}

impl Default for Masks {
    fn default() -> Self {
        Self {
            email: "[e-mail]".to_owned(),
            phone: "[phone]".to_owned(),
            card: "[card]".to_owned(),
        }
    }
}

/// Masks every text that it is given.
///
/// # Errors
/// None.
pub fn transform<'t>(invocation: &Invocation<Settings>, text: &'t Text) -> Result<Cow<'t, str>> {
    Ok(redact(text, &invocation.settings))
}

retort_sdk::export_texts!(transform);

/// The text with everything masked that is to be, borrowed if there is nothing.
fn redact<'t>(text: &'t str, settings: &Settings) -> Cow<'t, str> {
    let masks = &settings.masks;
    // Cards before phones: part of a card number may look like a phone number.
    let finders: [(Kind, Finder, &str); 3] = [
        (Kind::Email, email::find, &masks.email),
        (Kind::Card, card::find, &masks.card),
        (Kind::Phone, phone::find, &masks.phone),
    ];
    let mut masked = Cow::Borrowed(text);
    for (kind, find, mask) in finders {
        if !settings.kinds.contains(&kind) {
            continue;
        }
        let found = find(&masked);
        if !found.is_empty() {
            masked = Cow::Owned(pii::replace(&masked, &found, |_| mask.to_owned()));
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use retort_sdk::testing::{Call, example};
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_is_masked_by_default() {
        let text = "Mail a.b@example.com, call +1 202-555-0143, card 4111 1111 1111 1111 12/29.";
        assert_eq!(
            redact(text, &Settings::default()),
            "Mail [e-mail], call [phone], card [card] 12/29."
        );
    }

    #[test]
    fn every_text_is_masked_and_only_if_there_is_something() {
        let payload = r#"{"output": {"generic": [
            {"response_type": "text", "text": "a@b.com"},
            {"response_type": "text", "text": "Order 12345678 \u0069s due on 2026-11-23."},
            {"response_type": "image", "text": "a@b.com", "title": "a@b.com"},
            {"text": "a@b.com"} ]}, "text": "a@b.com"}"#;
        let result = Call::new().texts_result(transform, payload);
        let expected = payload.replace(r#""text": "a@b.com""#, r#""text": "[e-mail]""#);
        let expected = expected.replace(r#"]}, "text": "[e-mail]""#, r#"]}, "text": "a@b.com""#);
        assert_eq!(result, Ok(expected));
    }

    #[test]
    fn half_a_surrogate_pair_hides_nothing() {
        let payload =
            r#"{"output":{"generic":[{"response_type":"text","text":"\ud83d a@b.com"}]}}"#;
        let result = Call::new().texts_result(transform, payload).unwrap();
        assert!(result.contains("\u{FFFD} [e-mail]"), "{result}");
    }

    #[test]
    fn long_texts_are_masked_to_the_end() {
        // Far too long for anything that is not linear.
        let long = |part: &str| part.repeat(1_000_000 / part.len());
        for (part, masks) in [
            ("1 ", 0),
            ("1234567890", 0),
            ("@", 0),
            ("a@b.", 0),
            ("411 ", 0),
            ("4111 1111 1111 1112 ", 0),
            ("+1 202-555-0143, ", 58_823),
            ("a@b.com ", 125_000),
            ("4111 1111 1111 1111, ", 47_619),
        ] {
            let text = long(part);
            let masked = redact(&text, &Settings::default());
            assert_eq!(masked.matches('[').count(), masks, "{part}");
        }
    }

    #[test]
    fn kinds_and_masks_are_settings() {
        let call = Call::new().settings(json!({"kinds": ["email"], "masks": {"email": "***"}}));
        let made = call.text(transform, "a@b.com +1 202-555-0143");
        assert_eq!(made, Ok(Some("*** +1 202-555-0143".to_owned())));
        for wrong in [json!({"kinds": ["name"]}), json!({"masks": {"name": ""}})] {
            assert!(Call::new().settings(wrong).text(transform, "").is_err());
        }
    }

    #[test]
    fn the_example_in_the_readme_is_true() {
        let [before, after] = example(include_str!("../README.md")).unwrap();
        let result = Call::new().texts_result(transform, before);
        assert_eq!(result.as_deref(), Ok(after));
    }
}
