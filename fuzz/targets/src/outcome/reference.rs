//! Both patches as the crate json-patch applies them.

use super::Made;
use crate::json::has_plain_numbers;
use serde_json::Value;

pub(super) fn merge(mut target: Value, patch: Value) -> Value {
    json_patch::merge(&mut target, &patch);
    target
}

pub(super) fn patch(mut target: Value, patch: &Value) -> Made {
    if is_treated_differently(&target, patch) {
        return Made::Unknown;
    }
    let Ok(operations) = serde_json::from_value::<json_patch::Patch>(patch.clone()) else {
        return Made::Nothing;
    };
    // Undoing the operations before one that fails is what it panics over.
    match json_patch::patch_unsafe(&mut target, &operations) {
        Ok(()) => Made::Value(target),
        Err(_) => Made::Nothing,
    }
}

/// What the reference does otherwise, on purpose or not.
fn is_treated_differently(target: &Value, patch: &Value) -> bool {
    let operations = patch.as_array().map(Vec::as_slice).unwrap_or_default();
    let has = |name: &str| operations.iter().any(|operation| operation["op"] == name);
    // It compares numbers by their representation.
    let compares = has("test") && !(has_plain_numbers(target) && has_plain_numbers(patch));
    // It does not move the whole document onto itself.
    let whole = |operation: &Value| operation["op"] == "move" && operation["from"] == "";
    compares || operations.iter().any(whole)
}
