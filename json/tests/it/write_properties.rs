//! Properties of what is taken over of a guest's result, against a reference
//! implementation.

use proptest::prelude::*;
use retort_json::{
    CheckError, Kind, Places, WriteError, check, check_patch, json_patch, write_back,
};
use serde_json::Value;

use crate::{
    generate::{any_json, drafts, payload, places, spaces, views},
    guest::{changes, set_all, written_again},
    reference::{self, Reach, meaning},
};

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: 512,
        ..ProptestConfig::default()
    })]

    #[test]
    fn changes_are_taken_over_if_and_only_if_they_are_within(
        payload in payload(),
        (reads, writes) in views(),
        changes in changes(),
        again in any::<bool>(),
        spaces in spaces(),
    ) {
        let text = payload.write(&spaces);
        let seen = places(&reads).visible(&text).into_owned();
        let mut made = reference::parse(&seen);
        for change in &changes {
            change.apply(&mut made);
        }
        if again {
            made = written_again(&made);
        }
        assert_taken_over(&text, &seen, &made.write(&spaces), &reads, &writes)?;
    }

    #[test]
    fn patches_are_taken_over_if_and_only_if_they_are_within(
        payload in payload(),
        (reads, writes) in views(),
        drafts in drafts(),
        spaces in spaces(),
    ) {
        let text = payload.write(&spaces);
        let seen = places(&reads).visible(&text).into_owned();
        let mut made = seen.clone();
        let writes_reach = Reach::of(&writes);
        for draft in drafts.iter().take(3) {
            let operation = draft.operation(&meaning(&reference::parse(&made)));
            let patch = Value::Array(vec![operation.clone()]).to_string();
            // A pointer cannot name a key with half a surrogate pair.
            if patch.contains("ud800") {
                continue;
            }
            let checked = check_patch(&patch, &places(&writes));
            let inside = is_inside(&operation, &writes_reach);
            prop_assert_eq!(checked.is_ok(), inside, "{} {:?}", patch, checked);
            made = json_patch(&made, &patch).unwrap_or(made);
        }
        assert_taken_over(&text, &seen, &made, &reads, &writes)?;
    }

    #[test]
    fn a_result_that_has_nothing_to_do_with_it_is_handled_alike(
        payload in payload(),
        (reads, writes) in views(),
        made in any_json(),
        spaces in spaces(),
    ) {
        let text = payload.write(&spaces);
        let seen = places(&reads).visible(&text).into_owned();
        assert_taken_over(&text, &seen, &made.write(&spaces), &reads, &writes)?;
    }

    #[test]
    fn values_are_replaced_and_no_other_byte(
        payload in payload(),
        (reads, writes) in views(),
        value in any_json(),
        spaces in spaces(),
    ) {
        let (text, value) = (payload.write(&spaces), value.write(&[]));
        let seen = places(&reads).visible(&text).into_owned();
        let reach = Reach::of(&writes);
        let made = set_all(&reference::parse(&seen), &reach, &value, &[]).write(&spaces);
        let result = write_back(&text, &seen, &made, &places(&writes)).unwrap();
        let result = result.unwrap_or_else(|| text.clone());
        let outside = |text: &str| reference::masked(text, &reference::spans(text, &reach));
        prop_assert_eq!(outside(&result), outside(&text));
    }

    #[test]
    fn what_was_only_written_again_is_not_changed_outside(
        payload in payload(),
        (reads, writes) in views(),
        spaces in spaces(),
    ) {
        let text = payload.write(&spaces);
        let seen = places(&reads).visible(&text).into_owned();
        prop_assert_eq!(write_back(&text, &seen, &seen, &places(&writes)), Ok(None));
        let made = written_again(&reference::parse(&seen)).write(&spaces);
        let result = write_back(&text, &seen, &made, &places(&writes)).unwrap();
        let result = result.unwrap_or_else(|| text.clone());
        prop_assert_eq!(
            meaning(&reference::parse(&result)),
            meaning(&reference::parse(&text))
        );
        let reach = Reach::of(&writes);
        let outside = |text: &str| reference::masked(text, &reference::spans(text, &reach));
        prop_assert_eq!(outside(&result), outside(&text));
    }
}

/// Checks that a result is taken over if nothing outside is changed, and refused
/// otherwise.
fn assert_taken_over(
    text: &str,
    seen: &str,
    made: &str,
    reads: &[String],
    writes: &[String],
) -> Result<(), TestCaseError> {
    let reach = Reach::of(writes);
    let outside = |text: &str| reference::without(&reference::parse(text), &reach, &[]);
    let allowed = outside(seen) == outside(made);
    match write_back(text, seen, made, &places(writes)) {
        Ok(result) => {
            prop_assert!(allowed, "{} {} {:?}", seen, made, writes);
            let result = result.unwrap_or_else(|| text.to_owned());
            prop_assert!(check(&result).is_ok(), "{}", result);
            prop_assert_eq!(outside(&result), outside(text));
            // Whatever else was made is there now.
            let now_seen = places(reads).visible(&result).into_owned();
            let meant = |text: &str| meaning(&reference::parse(text));
            if Kind::Object == check(&result).unwrap() || reads.contains(&String::new()) {
                prop_assert_eq!(meant(&now_seen), meant(made));
            }
        }
        Err(WriteError::Outside { .. }) => {
            prop_assert!(!allowed, "{} {} {:?}", seen, made, writes);
        }
        Err(error) => prop_assert!(false, "{}", error),
    }
    Ok(())
}

/// What may be done, said again.
fn is_inside(operation: &Value, writes: &Reach) -> bool {
    let contains = |member: &str| {
        let pointer = operation[member].as_str().unwrap();
        let mut tokens: Vec<_> = pointer
            .split('/')
            .skip(1)
            .map(|token| token.replace("~1", "/").replace("~0", "~"))
            .collect();
        if let Some(last) = tokens.last_mut().filter(|last| *last == "-") {
            // No pattern in these tests has this name.
            *last = "no name".to_owned();
        }
        writes.within(&tokens)
    };
    match operation["op"].as_str().unwrap() {
        "add" | "remove" | "replace" | "copy" => contains("path"),
        "move" => contains("path") && contains("from"),
        _ => true,
    }
}

#[test]
fn a_patch_that_is_none_is_refused_as_when_it_is_applied() {
    let everything = Places::everything();
    for patch in [
        "",
        "{}",
        "[1]",
        r#"[{"op":"add"}]"#,
        r#"[{"op":"x","path":""}]"#,
    ] {
        let error = check_patch(patch, &everything).unwrap_err();
        let expected = json_patch("{}", patch).unwrap_err();
        assert_eq!(error, CheckError::NotAPatch(expected), "{patch}");
    }
}
