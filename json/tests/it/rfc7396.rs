//! The test cases of RFC 7396, appendix A.

use retort_json::{PatchError, merge_patch};

#[test]
fn appendix_a() {
    let cases = [
        (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"a":null}"#, r#"{}"#),
        (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
        (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
        (
            r#"{"a":{"b":"c"}}"#,
            r#"{"a":{"b":"d","c":null}}"#,
            r#"{"a":{"b":"d"}}"#,
        ),
        (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
        (r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#),
        (r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#),
        (r#"{"a":"foo"}"#, r#"null"#, r#"null"#),
        (r#"{"a":"foo"}"#, r#""bar""#, r#""bar""#),
        (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
        (r#"[1,2]"#, r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
        (
            r#"{}"#,
            r#"{"a":{"bb":{"ccc":null}}}"#,
            r#"{"a":{"bb":{}}}"#,
        ),
    ];
    for (target, patch, expected) in cases {
        let result = merge_patch(target, patch);
        assert_eq!(result.as_deref(), Ok(expected), "{target} {patch}");
    }
}

#[test]
fn what_the_patch_does_not_name_keeps_its_bytes() {
    let target = "{ \"n\" : 1.000e+3 , \"\\u0061\" : { \"x\" : 12345678901234567890123 , \"y\" : 0 },\n \"\\ud800\" : [ 1 , 2 ] }";
    assert_eq!(
        merge_patch(target, r#"{"a":{"y":1},"new":true}"#).unwrap(),
        "{\"n\":1.000e+3,\"\\u0061\":{\"x\":12345678901234567890123,\"y\":1},\"\\ud800\":[ 1 , 2 ],\"new\":true}"
    );
    assert_eq!(
        merge_patch(target, r#"{"a":{},"gone":null}"#).unwrap(),
        target
    );
    assert_eq!(
        merge_patch(target, r#"{"\uD800":null,"n":{}}"#).unwrap(),
        "{\"n\":{},\"\\u0061\":{ \"x\" : 12345678901234567890123 , \"y\" : 0 }}"
    );
}

#[test]
fn of_duplicate_keys_the_last_one_counts() {
    let target = r#"{"a":{"x":1},"b":0,"a":{"y":2}}"#;
    let set = merge_patch(target, r#"{"a":{"z":3}}"#).unwrap();
    assert_eq!(set, r#"{"a":{"x":1},"b":0,"a":{"y":2,"z":3}}"#);
    let removed = merge_patch(target, r#"{"a":1,"a":null}"#).unwrap();
    assert_eq!(removed, r#"{"b":0}"#);
    let last = merge_patch(target, r#"{"a":null,"a":{"z":3}}"#).unwrap();
    assert_eq!(last, set);
}

#[test]
fn what_is_not_json_is_refused() {
    for (target, patch) in [("{}", "{"), ("{", "{}"), ("{}", "")] {
        let error = merge_patch(target, patch).unwrap_err();
        assert!(matches!(error, PatchError::NotJson(_)), "{error}");
    }
}
