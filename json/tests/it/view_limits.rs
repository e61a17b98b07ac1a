//! What hostile documents and results can cost a view.

use retort_json::{Found, Pattern, Places, StringsError, WriteError, splice, write_back};

fn places(pattern: &str) -> Places {
    Places::new(vec![Pattern::parse(pattern).unwrap()]).unwrap()
}

fn deep(levels: usize, inner: &str) -> String {
    "[".repeat(levels) + inner + &"]".repeat(levels)
}

fn object(members: usize, value: impl Fn(usize) -> String) -> String {
    let member = |number| format!("\"key{number:08}\":{}", value(number));
    let members: Vec<_> = (0..members).map(member).collect();
    format!("{{{}}}", members.join(","))
}

/// On a stack on which nothing can recurse with the depth of a document.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new()
        .stack_size(256 << 10)
        .spawn(test);
    thread.unwrap().join().unwrap();
}

#[test]
fn depth_does_not_matter_wherever_it_is() {
    on_a_small_stack(|| {
        let far = deep(1_000_000, "\"x\"");
        let payload = format!(r#"{{"hidden":{far},"a":{{"b":{far}}}}}"#);
        let reads = places("/a");
        let seen = reads.visible(&payload).into_owned();
        assert_eq!(seen, format!(r#"{{"a":{{"b":{far}}}}}"#));
        assert!(places("/hidden/x").strings(&payload, 9).unwrap().is_empty());
        for place in ["", "/hidden", "/a/*"] {
            let found = places(place).strings(&payload, 9);
            assert_eq!(found, Err(StringsError::TooDeep));
        }
        let made = seen.replace('x', "y");
        let result = write_back(&payload, &seen, &made, &places("/a/b"));
        let expected = format!(
            r#"{{"hidden":{far},"a":{{"b":{}}}}}"#,
            far.replace('x', "y")
        );
        assert_eq!(result, Ok(Some(expected)));
        let made = format!(r#"{{"a":{{"b":{far},"c":1}}}}"#);
        assert!(matches!(
            write_back(&payload, &seen, &made, &places("/a/c")),
            Ok(Some(_))
        ));
        let pointer = "/a/b".to_owned();
        let outside = Err(WriteError::Outside { pointer });
        let shallow = r#"{"a":{"b":1}}"#;
        assert_eq!(
            write_back(&payload, &seen, shallow, &places("/a/c")),
            outside
        );
        let result = write_back(shallow, shallow, &seen, &places("/a/c"));
        assert_eq!(result, outside);
    });
}

#[test]
fn the_longest_pattern_goes_no_deeper_than_itself() {
    on_a_small_stack(|| {
        let text = deep(100_000, "\"x\"");
        let stars = "/*".repeat(Pattern::MAX_TOKENS);
        let seen = places(&stars).visible(&text);
        assert_eq!(seen, text);
        let found = places(&stars).strings(&text, 9);
        assert_eq!(found, Err(StringsError::TooDeep));
        let deepest = deep(Pattern::MAX_TOKENS + Found::LEVELS, "\"x\"");
        assert_eq!(places(&stars).strings(&deepest, 9).unwrap().len(), 1);
        let shallow = deep(Pattern::MAX_TOKENS, "\"x\"");
        let found = places(&stars).strings(&shallow, 9).unwrap();
        assert_eq!(found.len(), 1);
        let made = splice(&shallow, [(found[0].place.clone(), "y")]);
        let result = write_back(&shallow, &shallow, &made, &places(&stars));
        assert_eq!(result, Ok(Some(made)));
    });
}

#[test]
fn comparing_deep_values_over_and_over_is_too_much_work() {
    let payload = |inner: &str| format!(r#"{{"a":{}}}"#, deep(200_000, inner));
    let (seen, made) = (payload("1"), payload("1.0"));
    let limit = 44 * (2 * seen.len() + made.len()) + (1 << 20);
    let result = write_back(&seen, &seen, &made, &places("/b"));
    assert_eq!(result, Err(WriteError::TooMuchWork { limit }));
}

/// A container: its beginning, the step to what is in it, its end, and the end as it is
/// seen.
type Around = [&'static str; 4];

#[test]
fn splitting_the_same_bytes_on_each_level_is_too_much_work() {
    let change = |levels: usize, [start, step, end, seen_end]: Around| {
        let json = |last: &str, end: &str| {
            let array = format!("[{}{last}]", "\"\",".repeat(100_000));
            start.repeat(levels) + &array + &end.repeat(levels)
        };
        let (payload, seen, made) = (json("0", end), json("0", seen_end), json("1", seen_end));
        let place = step.repeat(levels) + "/100000";
        let result = write_back(&payload, &seen, &made, &places(&place));
        result.map(|result| assert_eq!(result, Some(json("1", end))))
    };
    let objects = [r#"{"a":"#, "/a", "}", "}"];
    let partly_seen_objects = [r#"{"a":"#, "/a", r#","h":0}"#, "}"];
    let arrays = ["[", "/0", ",0]", ",0]"];
    let partly_seen_arrays = ["[", "/0", ",0]", ",null]"];
    // Longer than the patterns that anybody needs.
    for (levels, around) in [
        (16, objects),
        (10, partly_seen_objects),
        (16, arrays),
        (10, partly_seen_arrays),
    ] {
        assert_eq!(change(levels, around), Ok(()), "{around:?}");
        let result = change(31, around);
        let is_too_much = matches!(result, Err(WriteError::TooMuchWork { .. }));
        assert!(is_too_much, "{around:?}");
    }
}

#[test]
fn searching_many_short_members_is_counted() {
    let write = |members: usize, hidden: &str, other: &str| {
        let keys = |first: &str| {
            let member = |number| format!("\"{first}{number:05x}\":0,");
            (0..members).map(member).collect::<String>()
        };
        let seen = format!("{{{}\"z\":0}}", keys(""));
        let payload = format!("{{{}\"z\":0{hidden}}}", keys(""));
        let made = format!("{{{}\"z\":1}}", keys(other));
        let result = write_back(&payload, &seen, &made, &places("/*"));
        result.map(|result| result.is_some())
    };
    let hidden = r#","h":0"#;
    // All others, of few and of many; the same ones of many.
    assert_eq!(write(20_000, hidden, "k"), Ok(true));
    assert_eq!(write(300_000, hidden, ""), Ok(true));
    let is_too_much = write(300_000, hidden, "k");
    assert!(matches!(is_too_much, Err(WriteError::TooMuchWork { .. })));
}

#[test]
fn an_honest_result_that_is_written_again_has_work_to_spare() {
    let item = r#"{"value":{"input":{"text":"Some words.","numbers":[1,2,3]}},"label":"x"}"#;
    let options = vec![item; 20_000].join(",");
    let payload = format!(r#"{{"output":{{"generic":[{{"options":[{options}]}}]}}}}"#);
    let made = payload
        .replace(',', " , ")
        .replace(r#""label""#, r#""lab\u0065l""#);
    let result = write_back(&payload, &payload, &made, &places("/context"));
    assert_eq!(result, Ok(None));
}

#[test]
fn many_members_are_found_by_their_keys() {
    let members = 100_000;
    let payload = object(members, |number| format!("[{number}]"));
    let seen = places("/*").visible(&payload).into_owned();
    assert_eq!(seen, payload);
    // In the order that is farthest from the one before.
    let mut turned: Vec<_> = (0..members)
        .map(|number| format!("\"key{number:08}\":[{number}.0]"))
        .collect();
    turned.reverse();
    let made = format!("{{{}}}", turned.join(","));
    assert_eq!(
        write_back(&payload, &seen, &made, &places("/*/0/b")),
        Ok(None)
    );
    assert_eq!(
        write_back(&payload, &seen, "{}", &places("/*")),
        Ok(Some("{}".to_owned()))
    );
    assert_eq!(
        write_back("{}", "{}", &payload, &places("/*")),
        Ok(Some(payload.clone()))
    );
}

#[test]
fn many_members_with_the_same_key() {
    let members = vec![r#""a":{"b":1},"a":2"#; 50_000].join(",");
    let payload = format!("{{{members}}}");
    let reads = places("/a/b");
    let seen = reads.visible(&payload).into_owned();
    assert_eq!(seen.matches("{\"b\":1}").count(), 50_000);
    let result = write_back(&payload, &seen, r#"{"a":{"b":3}}"#, &reads).unwrap();
    let (before, _) = payload.rsplit_once("{\"b\":1}").unwrap();
    assert_eq!(result.unwrap(), format!("{before}{{\"b\":3}},\"a\":2}}"));
    let gone = write_back(&payload, &payload, "{}", &places("/a"));
    assert_eq!(gone, Ok(Some("{}".to_owned())));
}

#[test]
fn many_elements_come_and_go() {
    let many = format!("{{\"a\":[{}0]}}", "0,".repeat(1_000_000));
    let none = "{\"a\":[]}";
    let writes = places("/a/*");
    let gone = write_back(&many, &many, none, &writes);
    assert_eq!(gone, Ok(Some(none.to_owned())));
    let come = write_back(none, none, &many, &writes);
    assert_eq!(come, Ok(Some(many)));
}
