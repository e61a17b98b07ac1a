//! What hostile documents and results can cost a view.

use retort_json::{Pattern, Places, WriteError, splice, write_back};

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
        assert!(places("/hidden/*").strings(&payload, 9).unwrap().is_empty());
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
        assert!(places(&stars).strings(&text, 9).unwrap().is_empty());
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
    let limit = 64 * (seen.len() + made.len()) + (1 << 20);
    let result = write_back(&seen, &seen, &made, &places("/b"));
    assert_eq!(result, Err(WriteError::TooMuchWork { limit }));
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
