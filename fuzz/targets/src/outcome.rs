//! What a plugin returned. The oracles are the crate json-patch and what must be true of
//! every result: an object within the limit, and outside of `writes` what it was.
//!
//! An input is a letter for the kind (`r`eplaced, `m`erge patch, `j`son patch, `a`nswer
//! in the assistant's place, else texts), a digit for the view, and payload and outcome with a record separator (0x1E)
//! between, which no JSON text contains.

mod mask;
mod reference;
mod texts;

use crate::json::{has_plain_numbers, is_json, tree};
use retort::event::check_reply;
use retort::outcome::{Fault, Outcome};
use retort::view::View;
use retort_json::{Pattern, Places};
use serde_json::Value;

/// In bytes; small, so that it is met.
const LIMIT: usize = 2_000;

/// What may be read and what may be written; nothing is everything.
const VIEWS: [(&[&str], &[&str]); 8] = [
    (&[], &[]),
    (&["/output/generic"], &["/output/generic/*/text"]),
    (&["/a"], &["/a/b", "/a/c/*"]),
    (&["/a/*", "/b"], &["/a/*", "/b/0", "/b/2"]),
    (&[], &["/a/*/b/*/c"]),
    (&["/*"], &["/*/x", "/a/1"]),
    (&["/a~1b", "/~0"], &["/a~1b"]),
    (&[], &["/output", "/"]),
];

/// Takes the bytes as an outcome and applies it.
///
/// # Panics
/// The result is none that a plugin may cause.
pub fn run(data: &[u8]) {
    let [kind, number, rest @ ..] = data else {
        return;
    };
    let Ok(rest) = std::str::from_utf8(rest) else {
        return;
    };
    let Some((payload, text)) = rest.split_once('\u{1e}') else {
        return;
    };
    // What else is no payload: `Event::find` gives objects only, without white space.
    if !payload.starts_with('{') || !is_json(payload) || payload.trim_ascii() != payload {
        return;
    }
    let patterns = VIEWS[usize::from(number.wrapping_sub(b'0')) % VIEWS.len()];
    let (reads, writes) = (places(patterns.0), places(patterns.1));
    let view = View::new(reads, writes).expect("the views are ones");
    let outcome = match kind {
        b'r' => Outcome::Replaced(text.to_owned()),
        b'm' => Outcome::MergePatch(text.to_owned()),
        b'j' => Outcome::JsonPatch(text.to_owned()),
        b'a' => return check_answer(text),
        _ => return texts::check(&view, payload, text),
    };
    let seen = view.reads().visible(payload);
    assert!(is_json(&seen) && seen.starts_with('{'));
    let result = outcome.clone().apply(payload, &seen, &view, LIMIT);
    if let Ok(Some(made)) = &result {
        assert!(is_json(made), "the result is not JSON");
        assert!(
            made.starts_with('{') && made.ends_with('}'),
            "the result is no object"
        );
        assert!(made.len() <= LIMIT, "the result is too large");
        mask::check(payload, made, patterns.1);
    }
    let made = seen_by_reference(&outcome, &seen);
    match (&result, made) {
        (Ok(result), Made::Value(expected)) => {
            let result = result.as_deref().unwrap_or(payload);
            let told = view.reads().visible(result);
            // A number outside of `writes` keeps its digits, however it was written again.
            if view.writes().is_everything() || has_plain_numbers(&expected) {
                assert_eq!(tree(&told), Some(expected), "another result");
            }
        }
        (Ok(_), Made::Nothing) => panic!("the reference makes nothing of it"),
        (Err(fault), Made::Value(expected)) => {
            assert!(
                may_refuse(fault, &outcome, &seen, &expected, patterns.1),
                "{fault}"
            );
        }
        (Err(_), Made::Nothing) | (_, Made::Unknown) => {}
    }
}

/// A reply is taken for one if it has a list of items.
fn check_answer(text: &str) {
    let has_items = |value: &Value| value["output"]["generic"].is_array();
    let taken = check_reply(text);
    if taken.is_ok() {
        assert!(is_json(text), "a reply that is not JSON");
        assert!(tree(text).is_none_or(|value| has_items(&value)), "no items");
    }
    // What is refused in these bytes (a member that is there twice) may not be refused
    // once it is written plainly.
    if let Some(value) = tree(text) {
        let plain = check_reply(&value.to_string());
        assert_eq!(plain.is_ok(), has_items(&value), "{plain:?}");
    }
}

/// What a reference made of what was seen.
enum Made {
    Value(Value),
    /// The outcome cannot be applied.
    Nothing,
    /// The reference cannot represent it, or thinks otherwise about it on purpose.
    Unknown,
}

fn seen_by_reference(outcome: &Outcome, seen: &str) -> Made {
    let (Some(before), Some(text)) = (tree(seen), tree(outcome.text())) else {
        return if is_json(outcome.text()) {
            Made::Unknown
        } else {
            Made::Nothing
        };
    };
    match outcome {
        Outcome::Unchanged => Made::Value(before),
        Outcome::Replaced(_) => Made::Value(text),
        Outcome::MergePatch(_) => Made::Value(reference::merge(before, text)),
        Outcome::JsonPatch(_) => reference::patch(before, &text),
    }
}

/// Whether a fault is in order for an outcome that the reference makes `expected` of.
fn may_refuse(
    fault: &Fault,
    outcome: &Outcome,
    seen: &str,
    expected: &Value,
    writes: &[&str],
) -> bool {
    match fault {
        // The result may be that large before it is written back.
        Fault::OutputTooLarge { .. } => seen.len() + outcome.text().len() > LIMIT / 3,
        // Two readers could take different ones.
        Fault::PatchNotApplicable(reason) => reason.contains("may each stand only once"),
        Fault::OutputNotJson(_) => !expected.is_object(),
        // A JSON patch is refused for where it writes, whatever it writes there.
        Fault::WroteOutsideView { .. } if matches!(outcome, Outcome::JsonPatch(_)) => {
            !writes.is_empty()
        }
        Fault::WroteOutsideView { .. } => {
            let before = tree(seen);
            !before.is_some_and(|before| {
                has_plain_numbers(&before)
                    && has_plain_numbers(expected)
                    && mask::masked(&before, writes) == mask::masked(expected, writes)
            })
        }
        _ => false,
    }
}

fn places(patterns: &[&str]) -> Option<Places> {
    let patterns: Vec<_> = patterns
        .iter()
        .map(|text| Pattern::parse(text).expect("the patterns are ones"))
        .collect();
    (!patterns.is_empty()).then(|| Places::new(patterns).expect("there are few of them"))
}
