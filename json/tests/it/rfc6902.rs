//! The examples of RFC 6902, appendix A, and what the RFC says besides.

use retort_json::{Obstacle, PatchError, Verb, json_patch};

#[track_caller]
fn patched(target: &str, patch: &str, expected: &str) {
    assert_eq!(
        json_patch(target, patch).as_deref(),
        Ok(expected),
        "{patch}"
    );
}

#[track_caller]
fn refused(target: &str, patch: &str, wanted: (usize, Verb, &str, Obstacle)) {
    match json_patch(target, patch) {
        Err(PatchError::Inapplicable {
            index,
            verb,
            pointer,
            obstacle,
        }) => assert_eq!((index, verb, pointer.as_str(), obstacle), wanted, "{patch}"),
        other => panic!("{patch}: {other:?}"),
    }
}

#[track_caller]
fn not_a_patch(patch: &str, at: Option<usize>) {
    match json_patch("{}", patch) {
        Err(PatchError::NotAPatch { index, .. }) => assert_eq!(index, at, "{patch}"),
        other => panic!("{patch}: {other:?}"),
    }
}

#[test]
fn a_1_to_a_7_members_and_elements() {
    let add_member = r#"[{"op":"add","path":"/baz","value":"qux"}]"#;
    patched(
        r#"{"foo":"bar"}"#,
        add_member,
        r#"{"foo":"bar","baz":"qux"}"#,
    );
    let add_element = r#"[{"op":"add","path":"/foo/1","value":"qux"}]"#;
    patched(
        r#"{"foo":["bar","baz"]}"#,
        add_element,
        r#"{"foo":["bar","qux","baz"]}"#,
    );
    let remove_member = r#"[{"op":"remove","path":"/baz"}]"#;
    patched(
        r#"{"baz":"qux","foo":"bar"}"#,
        remove_member,
        r#"{"foo":"bar"}"#,
    );
    let remove_element = r#"[{"op":"remove","path":"/foo/1"}]"#;
    patched(
        r#"{"foo":["bar","qux","baz"]}"#,
        remove_element,
        r#"{"foo":["bar","baz"]}"#,
    );
    let replace = r#"[{"op":"replace","path":"/baz","value":"boo"}]"#;
    patched(
        r#"{"baz":"qux","foo":"bar"}"#,
        replace,
        r#"{"baz":"boo","foo":"bar"}"#,
    );
    patched(
        r#"{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}"#,
        r#"[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]"#,
        r#"{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}"#,
    );
    patched(
        r#"{"foo":["all","grass","cows","eat"]}"#,
        r#"[{"op":"move","from":"/foo/1","path":"/foo/3"}]"#,
        r#"{"foo":["all","cows","eat","grass"]}"#,
    );
}

#[test]
fn a_8_to_a_15_tests_and_errors() {
    let target = r#"{ "baz": "qux", "foo": [ "a", 2, "c" ] }"#;
    let success =
        r#"[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]"#;
    patched(target, success, target);
    refused(
        r#"{"baz":"qux"}"#,
        r#"[{"op":"test","path":"/baz","value":"bar"}]"#,
        (0, Verb::Test, "/baz", Obstacle::Different),
    );
    let nested = r#"[{"op":"add","path":"/child","value":{"grandchild":{}}}]"#;
    patched(
        r#"{"foo":"bar"}"#,
        nested,
        r#"{"foo":"bar","child":{"grandchild":{}}}"#,
    );
    let unknown_member = r#"[{"op":"add","path":"/baz","value":"qux","xyz":123}]"#;
    patched(
        r#"{"foo":"bar"}"#,
        unknown_member,
        r#"{"foo":"bar","baz":"qux"}"#,
    );
    refused(
        r#"{"foo":"bar"}"#,
        r#"[{"op":"add","path":"/baz/bat","value":"qux"}]"#,
        (0, Verb::Add, "/baz/bat", Obstacle::NotThere),
    );
    not_a_patch(
        r#"[{"op":"add","path":"/baz","value":"qux","op":"remove"}]"#,
        Some(0),
    );
    let escaped = r#"[{"op":"test","path":"/~01","value":10}]"#;
    patched(r#"{"/":9,"~1":10}"#, escaped, r#"{"/":9,"~1":10}"#);
    refused(
        r#"{"/":9,"~1":10}"#,
        r#"[{"op":"test","path":"/~01","value":"10"}]"#,
        (0, Verb::Test, "/~01", Obstacle::Different),
    );
}

#[test]
fn a_16_to_a_18_and_the_whole_document() {
    let to_the_end = r#"[{"op":"add","path":"/foo/-","value":["abc","def"]}]"#;
    patched(
        r#"{"foo":["bar"]}"#,
        to_the_end,
        r#"{"foo":["bar",["abc","def"]]}"#,
    );
    patched("[1]", r#"[{"op":"add","path":"","value":null}]"#, "null");
    patched("1", r#"[{"op":"replace","path":"","value":{}}]"#, "{}");
    patched(" 1 ", r#"[{"op":"test","path":"","value":1.0}]"#, " 1 ");
    let wrap = r#"[{"op":"copy","from":"","path":"/a"}]"#;
    patched(r#" { "b" : 1 } "#, wrap, r#"{"b":1,"a":{ "b" : 1 }}"#);
    let unwrap = r#"[{"op":"move","from":"/a","path":""}]"#;
    patched(r#"{"a":[ 1 ]}"#, unwrap, "[ 1 ]");
    patched("{}", "[]", "{}");
}

#[test]
fn what_is_in_the_way() {
    let target = r#"{"a":{"b":1},"c":[1],"d":"text"}"#;
    let cases = [
        (
            r#"{"op":"remove","path":""}"#,
            Verb::Remove,
            "",
            Obstacle::WholeDocument,
        ),
        (
            r#"{"op":"remove","path":"/x"}"#,
            Verb::Remove,
            "/x",
            Obstacle::NotThere,
        ),
        (
            r#"{"op":"remove","path":"/c/-"}"#,
            Verb::Remove,
            "/c/-",
            Obstacle::NoSuchIndex,
        ),
        (
            r#"{"op":"remove","path":"/c/1"}"#,
            Verb::Remove,
            "/c/1",
            Obstacle::NoSuchIndex,
        ),
        (
            r#"{"op":"add","path":"/c/2","value":0}"#,
            Verb::Add,
            "/c/2",
            Obstacle::NoSuchIndex,
        ),
        (
            r#"{"op":"add","path":"/c/00","value":0}"#,
            Verb::Add,
            "/c/00",
            Obstacle::NoSuchIndex,
        ),
        (
            r#"{"op":"add","path":"/d/x","value":0}"#,
            Verb::Add,
            "/d/x",
            Obstacle::NoContainer,
        ),
        (
            r#"{"op":"replace","path":"/x","value":0}"#,
            Verb::Replace,
            "/x",
            Obstacle::NotThere,
        ),
        (
            r#"{"op":"move","from":"/a","path":"/a/b"}"#,
            Verb::Move,
            "/a/b",
            Obstacle::IntoItself,
        ),
        (
            r#"{"op":"move","from":"/x","path":"/y"}"#,
            Verb::Move,
            "/x",
            Obstacle::NotThere,
        ),
        (
            r#"{"op":"copy","from":"/x","path":"/y"}"#,
            Verb::Copy,
            "/x",
            Obstacle::NotThere,
        ),
        (
            r#"{"op":"copy","from":"/a","path":"/x/y"}"#,
            Verb::Copy,
            "/x/y",
            Obstacle::NotThere,
        ),
    ];
    for (operation, verb, pointer, obstacle) in cases {
        let patch = format!(r#"[{{"op":"add","path":"/new","value":1}},{operation}]"#);
        refused(target, &patch, (1, verb, pointer, obstacle));
    }
    patched(target, r#"[{"op":"move","from":"/a","path":"/a"}]"#, target);
}

#[test]
fn what_is_not_a_patch() {
    not_a_patch("{}", None);
    not_a_patch("\"text\"", None);
    for operation in [
        "1",
        "{}",
        r#"{"op":"test","path":"/a"}"#,
        r#"{"op":"add","value":1}"#,
        r#"{"op":"copy","path":"/a"}"#,
        r#"{"op":"Add","path":"/a","value":1}"#,
        r#"{"op":1,"path":"/a","value":1}"#,
        r#"{"op":"remove","path":1}"#,
        r#"{"op":"remove","path":"a"}"#,
        r#"{"op":"remove","path":"/~2"}"#,
        r#"{"op":"remove","path":"/\ud800"}"#,
    ] {
        let fine = r#"{"op":"test","path":"","value":{}}"#;
        not_a_patch(&format!("[{fine},{operation}]"), Some(1));
    }
}

#[test]
fn what_the_patch_does_not_touch_keeps_its_bytes() {
    patched(
        "{ \"a\" : [ 1.00 , { \"x\" : -0 } ] , \"\\ud83d\" : \"\\udead\" , \"b\" : { } }",
        r#"[{"op":"replace","path":"/a/1/x","value":[ 1 , 2 ]},{"op":"remove","path":"/b"}]"#,
        r#"{"a":[1.00,{"x":[ 1 , 2 ]}],"\ud83d":"\udead"}"#,
    );
    let null = r#"[{"op":"add","path":"/a","value":null}]"#;
    patched("{}", null, r#"{"a":null}"#);
}

#[test]
fn of_duplicate_keys_the_last_one_counts_and_all_go_together() {
    let target = r#"{"a":1,"b":0,"a":2}"#;
    let replace = r#"[{"op":"test","path":"/a","value":2},{"op":"replace","path":"/a","value":3}]"#;
    patched(target, replace, r#"{"a":1,"b":0,"a":3}"#);
    patched(target, r#"[{"op":"remove","path":"/a"}]"#, r#"{"b":0}"#);
    patched(
        target,
        r#"[{"op":"move","from":"/a","path":"/c"}]"#,
        r#"{"b":0,"c":2}"#,
    );
}

#[test]
fn a_message_names_the_place_and_never_a_value() {
    let patch = r#"[{"op":"test","path":"/name\n","value":"Secret"}]"#;
    let error = json_patch(r#"{"name\n":"Private"}"#, patch).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"operation 0 of the patch, test at "/name\n": the value there is another one"#
    );
    let long = format!(r#"[{{"op":"remove","path":"/{}"}}]"#, "x".repeat(10_000));
    let error = json_patch("{}", &long).unwrap_err().to_string();
    assert!(error.len() < 400, "{error}");
}
