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
    const PIECES: [&str; 40] = [
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
