//! The rules of views, one by one.

use std::borrow::Cow;

use retort_json::{CheckError, Pattern, Places, WriteError, check_patch, write_back};

fn places(patterns: &[&str]) -> Places {
    let parse = |text: &&str| Pattern::parse(text).unwrap();
    Places::new(patterns.iter().map(parse).collect()).unwrap()
}

#[test]
fn only_the_places_are_visible() {
    let cases: [(&str, &[&str], &str); 18] = [
        // At and below a place: the raw text.
        (
            r#"{"a": {"b" : [ 1.0 ]} ,"c":2}"#,
            &["/a"],
            r#"{"a":{"b" : [ 1.0 ]}}"#,
        ),
        (r#"{"a":{"b":1,"c":2}}"#, &["/a/b"], r#"{"a":{"b":1}}"#),
        (
            r#"{"a":{"b":1,"c":2}}"#,
            &["/a/c", "/a/b"],
            r#"{"a":{"b":1,"c":2}}"#,
        ),
        (
            r#"{"a":{"b":1,"c":2}}"#,
            &["/a/b", "/a"],
            r#"{"a":{"b":1,"c":2}}"#,
        ),
        // Scalars on the way are absent, empty objects stay.
        (r#"{"a":1,"b":"x"}"#, &["/a/b", "/b/*"], "{}"),
        (r#"{"a":{"c":1}}"#, &["/a/b"], r#"{"a":{}}"#),
        (r#"{"c":{"c":1}}"#, &["/a/b"], "{}"),
        // Arrays on the way keep their length.
        (
            r#"{"a":[1,{"t":2,"u":3},{},[4]]}"#,
            &["/a/*/t"],
            r#"{"a":[null,{"t":2},{},[null]]}"#,
        ),
        (
            r#"{"a":[ 1 , 2 , 3 ]}"#,
            &["/a/1"],
            r#"{"a":[null,2,null]}"#,
        ),
        (r#"{"a":[1,2]}"#, &["/a/01"], r#"{"a":[null,null]}"#),
        (r#"{"a":[1,2]}"#, &["/a/-"], r#"{"a":[null,null]}"#),
        (
            r#"{"a":{"-":1,"01":2,"*":3}}"#,
            &["/a/-", "/a/01"],
            r#"{"a":{"-":1,"01":2}}"#,
        ),
        // All duplicates that match, in whatever spelling.
        (
            r#"{"a":1,"b":2,"\u0061":3}"#,
            &["/a"],
            r#"{"a":1,"\u0061":3}"#,
        ),
        (r#"{"a":{"b":1},"a":5}"#, &["/a/b"], r#"{"a":{"b":1}}"#),
        (
            r#"{"a/b":1,"a~b":2,"a":{"b":3}}"#,
            &["/a~1b", "/a~0b"],
            r#"{"a/b":1,"a~b":2}"#,
        ),
        // A root that is none, or not on the way.
        ("[1,[2]]", &["/1/0"], "[null,[2]]"),
        ("1", &["/a"], "{}"),
        ("  {\n}", &["/a"], "{}"),
    ];
    for (json, patterns, expected) in cases {
        assert_eq!(places(patterns).visible(json), expected, "{patterns:?}");
    }
    let json = " { } ";
    assert!(matches!(Places::everything().visible(json), Cow::Borrowed(seen) if seen == json));
}

#[track_caller]
fn taken_over(payload: &str, reads: &[&str], writes: &[&str], made: &str, expected: &str) {
    let seen = places(reads).visible(payload);
    let result = write_back(payload, &seen, made, &places(writes)).unwrap();
    assert_eq!(result.as_deref().unwrap_or("unchanged"), expected);
}

#[track_caller]
fn refused(payload: &str, reads: &[&str], writes: &[&str], made: &str, expected: &str) {
    let seen = places(reads).visible(payload);
    let error = write_back(payload, &seen, made, &places(writes)).unwrap_err();
    let pointer = expected.to_owned();
    assert_eq!(error, WriteError::Outside { pointer });
}

#[test]
fn a_writable_value_is_replaced_in_its_place() {
    let payload = " { \"a\" : { \"b\" : 1.50 , \"c\" : 2 } ,\n\"d\" : [ 3 ] } ";
    let made = r#"{"a":{"b":[ 9 ]}}"#;
    let expected = payload.replace("1.50", "[ 9 ]");
    taken_over(payload, &["/a/b"], &["/a/b"], made, &expected);
    let made = r#" {"d":[3.0],"a":{"c":2.0,"b": 9 }}"#;
    let expected = payload.replace("1.50", "9");
    taken_over(payload, &[""], &["/a/b"], made, &expected);
    taken_over(
        payload,
        &[""],
        &["/a/b"],
        &made.replace('9', "1.50"),
        "unchanged",
    );
    // A place of its own text counts, even if it means the same.
    taken_over(
        payload,
        &[""],
        &["/a/b"],
        &made.replace('9', "1.5"),
        &payload.replace("1.50", "1.5"),
    );
    taken_over(payload, &[""], &[""], " 1 ", " 1 ");
    taken_over(
        payload,
        &[""],
        &["/d"],
        &payload.replace("[ 3 ]", "{}"),
        &payload.replace("[ 3 ]", "{}"),
    );
}

#[test]
fn members_come_and_go_with_one_comma() {
    let payload = "{ \"x\" : 1 , \"y\" : 2 , \"z\" : 3 }";
    let cases = [
        ("{}", "{  }"),
        (r#"{"x":1}"#, "{ \"x\" : 1 }"),
        (r#"{"y":2}"#, "{ \"y\" : 2 }"),
        (r#"{"z":3}"#, "{ \"z\" : 3 }"),
        (r#"{"x":1,"z":3}"#, "{ \"x\" : 1 , \"z\" : 3 }"),
        (r#"{"x":1,"y":2}"#, "{ \"x\" : 1 , \"y\" : 2 }"),
        (
            r#"{"a":[ ],"z":3,"x":1,"y":2,"\u0062": 0}"#,
            "{ \"x\" : 1 , \"y\" : 2 , \"z\" : 3,\"a\":[ ],\"\\u0062\":0 }",
        ),
        (r#"{"a":7,"b":8}"#, "{ \"a\":7,\"b\":8 }"),
        (r#"{"a":7,"x":5}"#, "{ \"x\" : 5,\"a\":7 }"),
        (
            r#"{"x":1,"a":6,"a":7,"y":2,"z":3}"#,
            "{ \"x\" : 1 , \"y\" : 2 , \"z\" : 3,\"a\":7 }",
        ),
    ];
    for (made, expected) in cases {
        taken_over(payload, &["/*"], &["/*"], made, expected);
    }
    taken_over("{ }", &["/*"], &["/a"], r#"{"a":1}"#, r#"{"a":1 }"#);
    taken_over(
        r#"{"a":{"x":1}}"#,
        &["/a/b"],
        &["/a/b"],
        r#"{"a":{"b":2}}"#,
        r#"{"a":{"x":1,"b":2}}"#,
    );
    refused("{}", &["/*"], &["/a"], r#"{"b":1}"#, "/b");
    refused(payload, &["/*"], &["/y"], r#"{"x":1}"#, "/z");
}

#[test]
fn elements_come_and_go_at_the_end() {
    let payload = r#"{"a":[ 1 , 2 , 3 ]}"#;
    let cases = [
        ("[]", "[  ]"),
        ("[1]", "[ 1 ]"),
        ("[2,3]", "[ 2 , 3 ]"),
        ("[1,2,3,4, 5]", "[ 1 , 2 , 3,4,5 ]"),
        ("[ 0 ]", "[ 0 ]"),
    ];
    for (made, expected) in cases {
        let (made, expected) = (
            format!(r#"{{"a":{made}}}"#),
            format!(r#"{{"a":{expected}}}"#),
        );
        taken_over(payload, &["/a"], &["/a/*"], &made, &expected);
    }
    taken_over(
        r#"{"a":[ ]}"#,
        &["/a"],
        &["/a/*"],
        r#"{"a":[1,2]}"#,
        r#"{"a":[1,2 ]}"#,
    );
    taken_over(
        payload,
        &["/a"],
        &["/a/3"],
        r#"{"a":[1,2,3,4]}"#,
        r#"{"a":[ 1 , 2 , 3,4 ]}"#,
    );
    taken_over(
        payload,
        &["/a"],
        &["/a/2"],
        r#"{"a":[1,2]}"#,
        r#"{"a":[ 1 , 2 ]}"#,
    );
    refused(payload, &["/a"], &["/a/3"], r#"{"a":[1,2,3,4,5]}"#, "/a/4");
    refused(payload, &["/a"], &["/a/2"], r#"{"a":[1]}"#, "/a/1");
    refused(payload, &["/a"], &["/a/*/b"], r#"{"a":[1,2]}"#, "/a/2");
    refused(
        payload,
        &["/a"],
        &["/a/*/b"],
        r#"{"a":[1,2,3,{"b":1}]}"#,
        "/a/3",
    );
    refused(payload, &["/a"], &["/a/*"], r#"{"a":{"0":1}}"#, "/a");
}

#[test]
fn what_is_not_visible_is_kept() {
    let payload = r#"{"a":[{"t":"x","u":1},2,{"t":"y"}],"s":"secret"}"#;
    let reads = ["/a/*/t"];
    taken_over(
        payload,
        &reads,
        &reads,
        r#"{"a":[{},null,{"t":"z"}]}"#,
        r#"{"a":[{"u":1},2,{"t":"z"}],"s":"secret"}"#,
    );
    refused(
        payload,
        &reads,
        &reads,
        r#"{"a":[{"t":"x"},3,{"t":"y"}]}"#,
        "/a/1",
    );
    refused(payload, &reads, &reads, r#"{"a":[{"t":"x"},null]}"#, "/a/2");
    refused(
        payload,
        &reads,
        &reads,
        r#"{"a":[{"t":"x","u":1},null,{"t":"y"}]}"#,
        "/a/0/u",
    );
    refused(
        payload,
        &reads,
        &reads,
        r#"{"a":[{"t":"x"},{"t":"n"},{"t":"y"}]}"#,
        "/a/1",
    );
    refused(payload, &reads, &reads, "{}", "/a");
    refused(payload, &reads, &reads, "[]", "");
    refused("{}", &["/a/b"], &["/a/b"], r#"{"a":{"b":1}}"#, "/a");
    // Not even where the configuration is wrong.
    refused(
        payload,
        &["/a"],
        &["/s"],
        r#"{"a":[{"t":"x","u":1},2,{"t":"y"}],"s":"y"}"#,
        "/s",
    );
}

#[test]
fn of_members_with_the_same_key_the_last_counts() {
    let payload = r#"{"a":1,"b":0,"\u0061":2}"#;
    let all = ["/*"];
    taken_over(payload, &all, &["/a"], r#"{"a":2,"b":0}"#, "unchanged");
    taken_over(
        payload,
        &all,
        &["/a"],
        r#"{"b":0,"a":3}"#,
        r#"{"a":1,"b":0,"\u0061":3}"#,
    );
    taken_over(
        payload,
        &all,
        &["/a"],
        r#"{"a":5,"b":0,"a":3}"#,
        r#"{"a":1,"b":0,"\u0061":3}"#,
    );
    taken_over(payload, &all, &["/a"], r#"{"b":0}"#, r#"{"b":0}"#);
    taken_over(
        payload,
        &all,
        &["/b"],
        r#"{"a":9,"a":2,"b":1}"#,
        r#"{"a":1,"b":1,"\u0061":2}"#,
    );
    refused(payload, &all, &["/b"], r#"{"a":1,"b":1}"#, "/a");
    // The one that is visible is the one that is changed.
    let payload = r#"{"a":{"b":1},"a":{"b":2},"a":3}"#;
    taken_over(
        payload,
        &["/a/b"],
        &["/a/b"],
        r#"{"a":{"b":4}}"#,
        r#"{"a":{"b":1},"a":{"b":4},"a":3}"#,
    );
}

#[test]
fn a_long_pointer_is_shortened() {
    let payload = format!(r#"{{"{}":1}}"#, "é".repeat(1_000));
    let error = write_back(&payload, &payload, "{}", &places(&["/a"])).unwrap_err();
    let pointer = format!("/{}…", "é".repeat(199));
    let message = format!("what is at {pointer:?} is changed, added or missing, and may not be");
    assert_eq!(error.to_string(), message);
}

#[test]
fn a_patch_stays_inside() {
    let writes = places(&["/a/*/t", "/a/0", "/n"]);
    let check = |op: &str, path: &str, from: &str| {
        let patch = format!(r#"[{{"op":"{op}","path":"{path}","from":"{from}","value":0}}]"#);
        check_patch(&patch, &writes)
    };
    let outside = |pointer: &str| {
        let pointer = pointer.to_owned();
        Err(CheckError::Outside { index: 0, pointer })
    };
    for op in ["add", "remove", "replace"] {
        assert_eq!(check(op, "/a/1/t", ""), Ok(()));
        assert_eq!(check(op, "/a/0/x/-", ""), Ok(()));
        for path in ["", "/a", "/a/1", "/a/-", "/r", "/x"] {
            assert_eq!(check(op, path, "/n"), outside(path), "{op}");
        }
    }
    assert_eq!(check("move", "/n", "/a/0"), Ok(()));
    assert_eq!(check("move", "/n", "/a/1"), outside("/a/1"));
    assert_eq!(check("move", "/a/-", "/n"), outside("/a/-"));
    // What is copied or compared is in a document that holds nothing hidden.
    for from in ["", "/n", "/a/1", "/x/-"] {
        assert_eq!(check("copy", "/n", from), Ok(()));
        assert_eq!(check("copy", "/x", from), outside("/x"));
        assert_eq!(check("test", from, ""), Ok(()));
    }
    let second = r#"[{"op":"remove","path":"/n"},{"op":"remove","path":"/r"}]"#;
    let error = check_patch(second, &writes).unwrap_err();
    let message = "operation 1 of the patch goes outside of what it may write, at \"/r\"";
    assert_eq!(error.to_string(), message);
}
