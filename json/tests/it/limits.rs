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

/// Does `first`, then `often` over and over until that is too much work: after as
/// many times as the budget has room for `size`, at least one and at most `most`.
#[track_caller]
fn too_much_work_after(target: &str, first: &str, often: &str, size: usize, most: usize) {
    let patch = |times: usize| repeated_after(first, often, times);
    assert!(json_patch(target, &patch(1)).is_ok());
    let times = (16 * target.len() + (1 << 20)) / size + 2;
    assert!(times <= most, "{times}");
    // What the operations themselves add to the budget is little beside the target.
    too_much_work(target, &patch(times));
}

fn repeated_after(first: &str, often: &str, times: usize) -> String {
    let mut operations = vec![often; times];
    operations.insert(0, first);
    operations.retain(|operation| !operation.is_empty());
    format!("[{}]", operations.join(","))
}

const COPY: &str = r#"{"op":"copy","from":"/a","path":"/b"}"#;

#[test]
fn white_space_around_the_document() {
    let blanks = " ".repeat(400_000);
    for target in [format!("{blanks}1"), format!("1{blanks}")] {
        let test = r#"{"op":"test","path":"","value":1}"#;
        too_much_work_after(&target, "", test, target.len(), 20);
    }
    let target = format!(r#"{blanks}{{"a":1}}{blanks}"#);
    let test = r#"{"op":"test","path":"","value":{"a":1}}"#;
    let open = r#"{"op":"test","path":"/a","value":1}"#;
    too_much_work_after(&target, "", test, target.len(), 20);
    too_much_work_after(&target, open, test, target.len(), 20);
    let copy = r#"{"op":"copy","from":"","path":"/b"}"#;
    too_much_work_after(&target, "", copy, target.len(), 20);
    too_much_work_after(&target, open, copy, target.len(), 20);
}

#[test]
fn white_space_inside_a_large_document() {
    let target = format!(r#"{{"a":1,{}"b":[0]}}"#, " ".repeat(400_000));
    let test = r#"{"op":"test","path":"","value":{"a":1,"b":[0]}}"#;
    let open = r#"{"op":"test","path":"/b/0","value":0}"#;
    too_much_work_after(&target, "", test, target.len(), 20);
    too_much_work_after(&target, open, test, target.len(), 20);
}

#[test]
fn a_large_opened_value_is_written_over_and_over() {
    let elements = 100_000;
    let element = r#""xxxxxxxxxxxxxxxxxxxxxxxx","#;
    let target = format!(r#"{{"a":[{}0],"b":0}}"#, element.repeat(elements));
    let open = r#"{"op":"test","path":"/a/100000","value":0}"#;
    let change = r#"{"op":"add","path":"/a/-","value":1}"#;
    for first in [open, change] {
        too_much_work_after(&target, first, COPY, 16 * elements, 40);
        let test = r#"{"op":"test","path":"/b","value":0}"#;
        assert!(json_patch(&target, &repeated_after(first, test, 1_000)).is_ok());
    }
}

#[test]
fn duplicate_keys_are_compared_over_and_over() {
    let members = 100_000;
    let member = r#""a":"xxxxxxxxxxxxxxxxxxxxxxxx","#;
    let target = format!(r#"{{{}"a":0}}"#, member.repeat(members));
    let test = r#"{"op":"test","path":"","value":{"a":0}}"#;
    let open = r#"{"op":"test","path":"/a","value":0}"#;
    too_much_work_after(&target, "", test, 16 * members, 40);
    too_much_work_after(&target, open, test, 16 * members, 40);
}

#[test]
fn numbers_with_many_digits() {
    let zeros = 400_000;
    let target = format!("1{}", "0".repeat(zeros));
    let test = format!(r#"{{"op":"test","path":"","value":1e{zeros}}}"#);
    too_much_work_after(&target, "", &test, target.len(), 20);
}

#[test]
fn insertions_and_removals_at_the_front_of_a_very_long_array() {
    let elements = 1_900_000;
    let target = format!("[{}0]", "0,".repeat(elements - 1));
    for operation in [
        r#"{"op":"add","path":"/0","value":0}"#,
        r#"{"op":"remove","path":"/0"}"#,
    ] {
        too_much_work_after(&target, "", operation, 16 * elements, 5);
    }
}

#[test]
fn a_long_document_is_opened_at_every_level() {
    let deep = |levels: usize| {
        let brackets = ("[".repeat(levels), "]".repeat(levels));
        format!("{}{}0{}", brackets.0, "0,".repeat(100_000), brackets.1)
    };
    let test = |levels| {
        let path = "/0".repeat(levels);
        format!(r#"[{{"op":"test","path":"{path}","value":0}}]"#)
    };
    assert!(json_patch(&deep(2), &test(2)).is_ok());
    too_much_work(&deep(40), &test(40));
    // Once it is open, it costs no more.
    let once = format!(r#"{{"op":"test","path":"{}","value":0}}"#, "/0".repeat(2));
    assert!(json_patch(&deep(2), &repeated(&once, 1_000)).is_ok());
}

#[test]
fn honest_patches_of_large_documents_have_work_to_spare() {
    let item = r#"{"response_type":"text","text":"Some words."}"#;
    let target = format!(
        r#"{{"output":{{"generic":[{}{item}]}}}}"#,
        format!("{item},").repeat(20_000)
    );
    let operation = |index: usize| {
        format!(r#"{{"op":"replace","path":"/output/generic/{index}/text","value":"Bye."}}"#)
    };
    let operations: Vec<_> = (0..20_000).map(operation).collect();
    let patch = format!("[{}]", operations.join(","));
    assert!(json_patch(&target, &patch).is_ok());
    let merged = merge_patch(&target, &target);
    assert_eq!(merged.as_deref(), Ok(target.as_str()));
    let test = format!(r#"[{{"op":"test","path":"","value":{target} }}]"#);
    assert!(json_patch(&target, &test).is_ok());
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
    let deep = |inner: &str| "[".repeat(250) + inner + &"]".repeat(250);
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
    for target in ["{}".to_owned(), nested(200)] {
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
