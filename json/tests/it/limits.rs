//! What a hostile patch can cost.

use std::fmt::Write as _;

use retort_json::{Document, PatchError, Pointer, json_patch, merge_patch};

#[track_caller]
fn too_much_work(target: &str, patch: &str) {
    let error = json_patch(target, patch).unwrap_err();
    let limit = 16 * (target.len() + patch.len()) + (1 << 20);
    assert_eq!(error, PatchError::TooMuchWork { limit });
}

fn repeated(operation: &str, times: usize) -> String {
    format!("[{}]", vec![operation; times].join(","))
}

fn object_with_keys(count: usize) -> String {
    let mut object = String::from("{");
    for index in 0..count {
        let comma = if index == 0 { "" } else { "," };
        write!(object, "{comma}\"key{index:08}\":0").unwrap();
    }
    object + "}"
}

#[test]
fn copies_of_copies() {
    too_much_work(
        "[1]",
        &repeated(r#"{"op":"copy","from":"","path":"/-"}"#, 64),
    );
    let target = r#"{"a":["xxxxxxxxxxxxxxxx"]}"#;
    too_much_work(
        target,
        &repeated(r#"{"op":"copy","from":"/a","path":"/a/-"}"#, 64),
    );
}

#[test]
fn a_patch_that_copies_cannot_make_the_text_huge() {
    for doublings in 1..40 {
        let patch = repeated(r#"{"op":"copy","from":"/a","path":"/a/-"}"#, doublings);
        if let Ok(result) = json_patch(r#"{"a":["xxxxxxxx"]}"#, &patch) {
            assert!(result.len() < 3 * patch.len() + (1 << 18), "{doublings}");
        }
    }
}

#[test]
fn insertions_at_the_front() {
    let patch = repeated(r#"{"op":"add","path":"/0","value":0}"#, 100_000);
    too_much_work("[]", &patch);
}

#[test]
fn removals_at_the_front() {
    let target = format!("[{}0]", "0,".repeat(100_000));
    too_much_work(&target, &repeated(r#"{"op":"remove","path":"/0"}"#, 10_000));
}

#[test]
fn lookups_in_a_large_object() {
    let target = object_with_keys(100_000);
    let patch = repeated(r#"{"op":"test","path":"/key00000000","value":0}"#, 1_000);
    too_much_work(&target, &patch);
}

#[test]
fn keys_that_differ_in_the_last_bytes() {
    let long = "x".repeat(1_000);
    let members: Vec<_> = (1_000..2_000)
        .map(|index| format!("\"{long}{index}\":0"))
        .collect();
    let target = format!("{{{}}}", members.join(","));
    let lookup = format!(r#"{{"op":"test","path":"/{long}1000","value":0}}"#);
    assert!(json_patch(&target, &repeated(&lookup, 10)).is_ok());
    too_much_work(&target, &repeated(&lookup, 1_000));
}

#[test]
fn opening_and_closing_a_large_value() {
    let large = format!("[{}0]", "0,".repeat(50_000));
    let target = format!(r#"{{"a":{large}}}"#);
    let open = r#"{"op":"add","path":"/a/-","value":1}"#;
    let close = r#"{"op":"move","from":"/a","path":"/b"},{"op":"move","from":"/b","path":"/a"}"#;
    too_much_work(&target, &repeated(&format!("{open},{close}"), 100));
}

#[test]
fn deep_values_are_compared_without_recursion() {
    let deep = |inner: &str| "[".repeat(400) + inner + &"]".repeat(400);
    let test = |value: &str| format!(r#"[{{"op":"test","path":"","value":{value}}}]"#);
    assert!(json_patch(&deep("1"), &test(&deep("1.0"))).is_ok());
    assert!(json_patch(&deep("1"), &test(&deep("2"))).is_err());
    let far = |inner: &str| "[".repeat(200_000) + inner + &"]".repeat(200_000);
    too_much_work(&far("1"), &test(&far("1.0")));
    assert!(json_patch(&far("1"), &test(&far("1"))).is_ok());
}

#[test]
fn a_pointer_has_at_most_128_tokens() {
    let nested = |levels: usize| "{\"a\":".repeat(levels) + "1" + &"}".repeat(levels);
    let remove = |tokens: usize| format!(r#"[{{"op":"remove","path":"{}"}}]"#, "/a".repeat(tokens));
    assert!(json_patch(&nested(300), &remove(128)).is_ok());
    let error = json_patch(&nested(300), &remove(129)).unwrap_err();
    assert!(matches!(error, PatchError::NotAPatch { .. }), "{error}");
}

#[test]
fn a_merge_patch_has_at_most_128_levels() {
    let nested = |levels: usize| "{\"a\":".repeat(levels) + "1" + &"}".repeat(levels);
    assert_eq!(merge_patch("{}", &nested(128)).unwrap(), nested(128));
    for target in ["{}".to_owned(), nested(1_000)] {
        let error = merge_patch(&target, &nested(129)).unwrap_err();
        assert!(matches!(error, PatchError::NotAPatch { .. }), "{error}");
    }
    let arrays = "[".repeat(100_000) + &"]".repeat(100_000);
    assert!(merge_patch("{}", &format!(r#"{{"a":{arrays}}}"#)).is_ok());
}

#[test]
fn merging_large_objects_is_not_quadratic() {
    let object = object_with_keys(100_000);
    assert_eq!(merge_patch(&object, &object).unwrap(), object);
    assert_eq!(merge_patch("{}", &object).unwrap(), object);
}

#[test]
fn a_document_opened_very_deeply_is_written_and_dropped_on_a_small_stack() {
    let on_a_small_stack = std::thread::Builder::new().stack_size(64 << 10).spawn(|| {
        let levels = 3_000;
        let text = "[".repeat(levels) + "1" + &"]".repeat(levels);
        let mut document = Document::parse(&text).unwrap();
        let first = Pointer::parse("/0").unwrap();
        let mut node = document.root();
        for _ in 0..levels {
            node = node.into_descendant(&first).unwrap();
        }
        node.set(&2).unwrap();
        assert_eq!(document.json(), text.replace('1', "2"));
    });
    on_a_small_stack.unwrap().join().unwrap();
}
