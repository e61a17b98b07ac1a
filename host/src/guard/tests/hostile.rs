//! Input that somebody made to cost time or to break something. What takes more than
//! linear time would take minutes here.

use super::*;

#[test]
fn an_item_may_be_nested_up_to_a_limit() {
    for levels in [10_000, 1_000_000] {
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
        let after = payload(&["{}", &deep]);
        let error = good().check("{}", &after, 0).unwrap_err().to_string();
        let said = "/output/generic/1 is nested too deeply to be judged: it may have 128 levels";
        assert_eq!(error, said);
        // The assistant's own, and what is not an item.
        assert_eq!(good().check(&after, &after, 0), Ok(()));
        assert!(
            good()
                .check(&after, &payload(&["\"//evil.example\""]), 0)
                .is_err()
        );
        assert_eq!(good().check("{}", &deep, 0), Ok(()));
    }
}

#[test]
fn hostile_texts_are_judged_in_linear_time() {
    const BYTES: usize = 128 << 10;
    let local = guard(&["https://a", "http://a", "http://www.a"]);
    for part in [
        "http://http://",
        "/",
        ":",
        "\\",
        "w",
        "www.",
        "www.a ",
        "(www.",
        "&",
        "&#",
        "&#58",
        "&colon;",
        "=\"",
        "='\"",
        "=\" '",
        "\"=",
        "https:",
        "https:a:",
        "(https:",
        "https://a ",
        "https://a,",
        "https:a(",
        "//",
        " //",
        "*//a",
        "*\\\\a",
        "\u{1}//a",
        ";//a",
        "=    //a",
        "=\"    //a",
        "\t//a",
        "(//a",
        "=//a",
        "\"//a",
        "@",
        "https://@",
        "https://a@",
        "a",
        "a.",
        "javascript:",
        "data:",
        "data:text",
        "data:aéééééééé",
        "x://",
        "://",
        ":\\",
        "\\:",
        "\n",
        "https:\n",
        "ü",
        "https://ü",
        "。",
        "https://a\u{200B}",
        "<https:",
        "<https://a",
        "'https:a'",
        "`https:a",
        "https://xn--",
        "https://%",
        "[::",
        "https://[",
        "-",
        "+",
    ] {
        let text = part.repeat(BYTES / part.len());
        for text in [
            format!("x{text}"),
            format!("https://a,{text}"),
            format!("=\"{text}"),
        ] {
            let after = payload(&[&item("text", &text)]);
            // What the judgement is does not matter, only that there is one.
            let _ = local.check("{}", &after, 0);
            let _ = local.check(&after, &payload(&["\"//evil.example\""]), 0);
        }
    }
}

#[test]
fn long_names_are_read_once() {
    let name = "n".repeat(1_000_000);
    let strings = [r#""""#; 500_000].join(",");
    let (open, close) = ("[".repeat(100), "]".repeat(100));
    for item in [
        format!(r#"{{"{name}":[{strings}]}}"#),
        format!(r#"{{"\u006e{name}":[{strings}]}}"#),
        format!(r#"{{"{name}":{open}{strings}{close}}}"#),
    ] {
        let after = payload(&[&item]);
        assert_eq!(good().check("{}", &after, 0), Ok(()));
        let foreign = payload(&["\"//evil.example\""]);
        assert!(good().check(&after, &foreign, 0).is_err());
    }
}

#[test]
fn many_strings_may_be_nested_up_to_the_limit() {
    let (open, close) = ("[".repeat(127), "]".repeat(127));
    let strings = r#""","#.repeat(500_000);
    let all = |name, last| format!(r#"{{"{name}":{open}{strings}"{last}"{close}}}"#);
    let said = judge(&good(), &all("src", "tel:1"));
    assert!(matches!(said, Err(Violation::Scheme { .. })), "{said:?}");
    assert_eq!(judge(&good(), &all("text", "tel:1")), Ok(()));
}

#[test]
fn media_types_are_looked_for_near_by() {
    // No slash, and a character across the place where the type has to have ended.
    let text = "data:aéééééééé".repeat(400_000);
    assert_eq!(judge_text(&text), Ok(()));
}

#[test]
fn what_was_said_is_looked_up_once() {
    let text = "javascript:x ".repeat(200_000);
    let before = payload(&[&item("text", &text)]);
    let after = payload(&[&format!(r#"{{"text":"{text}","more":1}}"#)]);
    assert_eq!(good().check(&before, &after, 0), Ok(()));
}

#[test]
fn many_misfits_are_compared_in_linear_time() {
    let members = |from: u32| {
        let numbers = (from..from + 100_000).map(|n| format!(r#""generic":{n}"#));
        format!(
            r#"{{"output":{{{}}}}}"#,
            numbers.collect::<Vec<_>>().join(",")
        )
    };
    assert_eq!(good().check(&members(0), &members(0), 0), Ok(()));
    assert!(good().check(&members(0), &members(1), 0).is_err());
}

#[test]
fn many_items_are_compared_in_linear_time() {
    let items: Vec<_> = (0..100_000).map(|n| format!(r#"{{"n":{n:06}}}"#)).collect();
    let forwards: Vec<_> = items.iter().map(String::as_str).collect();
    let backwards: Vec<_> = forwards.iter().rev().copied().collect();
    let before = payload(&forwards);
    assert_eq!(good().check(&before, &payload(&backwards), 0), Ok(()));
    let with_one = [&backwards[..], &["\"//evil.example\""]].concat();
    let error = good().check(&before, &payload(&with_one), 0).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("/output/generic/100000 leads")
    );
    let members = (0..100_000).map(|n| format!(r#""m{n}":"https://good.example""#));
    let wide = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
    let all = Guard {
        shapes: true,
        ..good()
    };
    assert!(matches!(judge(&all, &wide), Err(Violation::Shape { .. })));
    assert_eq!(judge(&good(), &wide), Ok(()));
}

/// Pieces of what the guard looks for, put together at random: it must come to a
/// judgement, a foreign origin is never overlooked behind them, and messages stay short.
#[test]
fn random_texts_are_judged() {
    const PIECES: [&str; 41] = [
        "https",
        "http",
        ":",
        "/",
        "//",
        "\\",
        "@",
        ".",
        "good.example",
        "evil.example",
        "www.",
        "javascript",
        "data:text/html",
        "\"",
        "'",
        "(",
        ")",
        "<",
        ">",
        "=",
        " ",
        "\n",
        "\t",
        "&#58;",
        "&colon;",
        "&",
        ";",
        "[",
        "]",
        "{",
        "}",
        ",",
        "é",
        "。",
        "\u{200B}",
        "\u{0}",
        "\u{1}",
        "😀",
        "%2e",
        "a",
        "0",
    ];
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..20_000 {
        let text: String = (0..random(12))
            .map(|_| PIECES[random(PIECES.len())])
            .collect();
        for member in ["text", "src"] {
            let item = item(member, &text);
            if let Err(violation) = judge(&good(), &item) {
                assert!(violation.to_string().len() < 300, "{violation}");
            }
            // As broken JSON as well.
            let cut = payload(&[&item])
                .chars()
                .take(random(60))
                .collect::<String>();
            let _ = good().check(&cut, &payload(&[&item]), 0);
            let _ = good().check(&payload(&[&item]), &cut, 0);
        }
        let found = judge_text(&format!("{text} https://evil.example/"));
        assert!(found.is_err(), "{text:?}");
    }
}
