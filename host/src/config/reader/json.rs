//! Tables of the user's own making, as JSON for plugins.

use super::Item;
use std::borrow::Cow;
use toml::Spanned;
use toml::de::DeValue;

impl Item<'_> {
    /// A table of the user's own making, as JSON text for the plugin.
    pub(in crate::config) fn json_object(&self) -> Option<String> {
        if !self.value.get_ref().is_table() {
            return self.wrong_type("a table");
        }
        Some(self.json(self.value)?.to_string())
    }

    fn json(&self, value: &Spanned<DeValue<'_>>) -> Option<serde_json::Value> {
        use serde_json::Value;
        let unfit = |reason: &str| {
            let message = format!("{}: {reason}", self.path);
            self.problems.add(&value.span(), message);
            None
        };
        Some(match value.get_ref() {
            DeValue::String(text) => Value::String(text.to_string()),
            DeValue::Boolean(value) => Value::Bool(*value),
            DeValue::Datetime(value) => Value::String(value.to_string()),
            DeValue::Integer(digits) => {
                match i64::from_str_radix(digits.as_str(), digits.radix()) {
                    Ok(number) => Value::from(number),
                    Err(_) => return unfit("the number is out of range for a 64-bit integer"),
                }
            }
            DeValue::Float(digits) => {
                let number = digits.as_str().parse::<f64>().ok();
                match number.and_then(serde_json::Number::from_f64) {
                    Some(number) => Value::Number(number),
                    None => return unfit("JSON has no number for this"),
                }
            }
            DeValue::Array(elements) => {
                // All of them before the first that is unfit ends it.
                let elements: Vec<_> = elements.iter().map(|e| self.json(e)).collect();
                Value::Array(elements.into_iter().collect::<Option<_>>()?)
            }
            DeValue::Table(entries) => {
                let member = |(key, value): (&Spanned<Cow<'_, str>>, _)| {
                    self.json(value)
                        .map(|value| (key.get_ref().to_string(), value))
                };
                let members: Vec<_> = entries.iter().map(member).collect();
                Value::Object(members.into_iter().collect::<Option<_>>()?)
            }
        })
    }
}
