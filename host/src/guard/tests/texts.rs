//! URLs in texts: which are found, and which texts pass.

use super::*;

#[test]
fn texts_without_foreign_urls_pass() {
    for text in [
        "",
        "Nine o'clock: 9:30 // or so, w. or www.",
        "See https://good.example.",
        "(https://good.example), \"https://good.example/a\", <https://good.example>!",
        "**https://good.example** _https://good.example_ ~~https://good.example~~…",
        "[a](https://good.example) [https://good.example](https://good.example/a_(b)).",
        "“https://good.example”, https://good.example）https://good.example/。谢谢",
        "[链接](https://good.example)。谢谢",
        "<a href=\"https://good.example/a\" title='x: y'>www.good.example</a>",
        "<a href=https://good.example>a.b</a>",
        "\"https://good.example\", \"https://good.example\",['https://good.example']",
        "www.good.example, (www.good.example) WWW.a.good.example/x",
        "https://good.example:443, https://good.example: yes",
        "...https://good.example, git+https://good.example",
        "JavaScript: The Good Parts. \"JavaScript:\" **JavaScript:** <b>JavaScript:</b>",
        "data: 3/4, data:3, Data:",
        "Any scheme:// and http:// and https: are prefixes. (https:) `http://`",
        "C:\\Users\\x, a//b, 1//2, x = 1; // done, //done",
        "mailto:bob@x.example tel:1 bob@www.x.example evil.example",
        "https://[::1",
        "<a href=\"https:&#x2F;&#x2F;good.example&#x2F;a.html\">",
        "&quot;https://good.example&quot; &amp; AT&T: &#8364;",
        "print(x); //done\n{ //start\n[ //first\nx = ['b'] //last\ny //@todo //me2",
        "Thus:\n//done\n```\n//start\n```\nfoo('a')\n//done. 看 //注释 \\\\server\\share",
        "<img srcset='a 1x, b 2x' alt='3; 4'> <meta content=\"0;url='https://good.example'\">",
        "<meta content='0; url=/a\n/b'> a-//b a*//b*",
        "<b title='3, data: yes'><b title=', /\n/a'>",
        "Line:\n//\n\tand\nwww.good.example\n",
        "https://good.example\u{200B} https://good.example\u{200B}",
    ] {
        assert_eq!(judge_text(text), Ok(()), "{text}");
    }
}

#[test]
fn foreign_urls_in_texts_are_found() {
    let evil = "https://evil.example";
    for (text, origin) in [
        ("https://evil.example", evil),
        ("seehttps://good.example/ HTTPS://EVIL.example./a", ""),
        ("See HTTPS://EVIL.example./a", evil),
        ("http://evil.example:8080/a", "http://evil.example:8080"),
        ("[a](https://evil.example)", evil),
        ("[a](  https:evil.example )", evil),
        ("[a](https\\://evil.example)", evil),
        ("[a](https\\:evil.example)", evil),
        ("[a](https:\\/\\/evil.example)", evil),
        ("[a]://evil.example", evil),
        ("[a]: <//evil.example>", evil),
        ("[a](//evil)", evil.trim_end_matches(".example")),
        ("![](//evil.example/a.png)", evil),
        ("x //evil.example", evil),
        ("x \\\\evil.example", evil),
        ("//1.2.3.4", "https://1.2.3.4"),
        ("see //3232235777/x", "https://192.168.1.1"),
        ("<img src=//evil.example/x>", evil),
        ("<img src='\\/evil.example'>", evil),
        ("<img src=\"ht\ntps:/\t/ev\nil.example\">", evil),
        ("<a href=' //evil.example'>", evil),
        (
            "<a href= \"https://good.example\t.evil.example\">",
            "https://good.example.evil.example",
        ),
        ("<img srcset='/a.png 1x,//evil.example/b 2x'>", evil),
        ("url(//evil.example)", evil),
        ("<a href=&#1;//evil.example>", evil),
        ("<a href=\u{1}//evil.example>", evil),
        ("<a href=\u{1}\\\\evil.example>", evil),
        ("\u{1F}//evil", "https://evil"),
        (
            "<meta http-equiv=refresh content=\"0;//evil.example\">",
            evil,
        ),
        ("<a href=&semi;//evil.example>", evil),
        ("<meta content=0;//evil>", "https://evil"),
        ("<meta content=\"0; '/\n/evil'\">", "https://evil"),
        ("see //[::1]:8/", "https://[::1]:8"),
        ("[a](  //evil)", "https://evil"),
        ("[a](\n//evil)", "https://evil"),
        ("[a]: //evil", "https://evil"),
        ("[a]:\n  //evil", "https://evil"),
        ("<a href= //evil>", "https://evil"),
        ("<a href=\u{c}//evil>", "https://evil"),
        ("<img srcset='a 1x, //evil 2x'>", "https://evil"),
        ("<meta content='0; //evil'>", "https://evil"),
        ("<meta content='0 &#47;/evil'>", "https://evil"),
        ("<meta content='0;url=/\t/evil'>", "https://evil"),
        ("<meta content='0; URL = \"/\n/evil\"'>", "https://evil"),
        (
            "<meta content='1.5, //good.example\n.evil.example'>",
            "https://good.example.evil.example",
        ),
        ("*//evil.example*", evil),
        ("see |//evil.example", evil),
        ("_//evil.example_", evil),
        ("[a]( //evil。example)", evil),
        ("see //evil。example", evil),
        ("see //３２３２２３５７７７/x", "https://192.168.1.1"),
        ("<a href=\"https&#58;//evil.example\">", evil),
        ("<a href=\"&#x68;&#x74;tps&colon;//evil.example\">", evil),
        ("<a href=https&colon;&sol;&#47evil.example>", evil),
        ("<a href=ht&Tab;tps://e&NewLine;vil.example>", evil),
        (
            "https://good.example%2eevil.example",
            "https://good.example.evil.example",
        ),
        (
            "https://good.example。evil.example",
            "https://good.example.evil.example",
        ),
        (
            "https://good.example。谢谢",
            "https://good.example.xn--lg3aa",
        ),
        ("https://ｅvil.example", evil),
        ("https://0x7f.1", "https://127.0.0.1"),
        ("https://[::1]:8/", "https://[::1]:8"),
        ("www.evil.example", "https://www.evil.example"),
        ("go:(WWW.Evil.example)", "https://www.evil.example"),
        ("请访问www.evil.example", "https://www.evil.example"),
        ("https://good.example/?u=https://evil.example", evil),
        ("https://good.example//a https://evil.example", evil),
        ("blob:https://evil.example/x", evil),
        ("1https://evil.example", evil),
        ("https://evil.example\u{200B}", evil),
        (" ht\ntps:evil.example", evil),
        ("https:\n//evil", "https://evil"),
        ("https://हिन्दी.example", "https://xn--j2bd4cyah0f.example"),
    ] {
        let said = judge_text(text);
        let expected = Violation::Origin {
            at: "/output/generic/0/text".to_owned(),
            origin: origin.to_owned(),
        };
        if origin.is_empty() {
            assert!(said.is_err(), "{text}");
        } else {
            assert_eq!(said, Err(expected), "{text}");
        }
    }
}

#[test]
fn other_schemes_in_texts_are_found() {
    for (text, scheme) in [
        ("ftp://good.example", "ftp"),
        ("See App+x://open", "app+x"),
        ("[x]:myapp:\\/\\/open", "myapp"),
        ("javascript:alert(1)", "javascript"),
        ("[a](JavaScript:alert)", "javascript"),
        ("[a](javascript\\:alert)", "javascript"),
        ("[a](<javascript: alert(1)>)", "javascript"),
        ("[a](javascript&colon;alert(1))", "javascript"),
        ("<a href='java\nscript: alert(1)'>", "javascript"),
        ("<a href=java&Tab;script:alert(1)>", "javascript"),
        ("<a href=\" &#x6A;avascript:alert(1)\">", "javascript"),
        ("VBScript:x", "vbscript"),
        ("[https://good.example](javascript:x)", "javascript"),
        ("data:text/html,x", "data"),
        ("![](DATA:image/svg+xml,x)", "data"),
        ("<img src=\"data:,x\">", "data"),
        ("java\tscript:alert(1)", "javascript"),
        ("file:///etc/passwd", "file"),
    ] {
        let expected = Violation::Scheme {
            at: "/output/generic/0/text".to_owned(),
            scheme: scheme.to_owned(),
        };
        assert_eq!(judge_text(text), Err(expected), "{text}");
    }
}

#[test]
fn unclear_hosts_in_texts_are_refused() {
    for text in [
        "https://good.example@evil.example",
        "https://good.example@evil",
        "https://good.example@3232235777/",
        "<a href=https:\".evil.example>",
        "https://user:pw@good.example/",
        "https://evil.example!@good.example",
        "https://evil.example\"@good.example",
        "https://good.example\\@evil.example",
        "https://good.example\\.evil.example",
        "https://good.example\".evil.example",
        "(https://good.example).evil.example",
        "\"https://good.example\",bob@evil.example",
        "\"https://good.example\".evil.example",
        "https://good.example|。evil",
        "https://good.example\u{AD}evil/",
        "https://good.example\u{200B}.evil.example",
        "https://good.example,%2eevil",
        "https://good.example․evil",
        "https://good.example﹒evil",
        "see //evil․example",
        "*//a@evil.example*",
        "<meta content='0;url=/\n/a@evil'>",
        "https://\".evil.example",
        "[a](<https://good.example @evil.example>)",
        "<a href=\"https://good.example @evil.example\">",
        "<a href='https://good.example&#34;.evil.example'>",
        "<a href='https://good.example&quot;@evil.example'>",
        "https://good.example,https:evil",
        "www.good.example(https:x)",
        "https://good.example:8.evil.example",
        "https://xn--a/",
        "//a@evil.example",
        "https:\n//a@evil",
    ] {
        let at = "/output/generic/0/text".to_owned();
        assert_eq!(judge_text(text), Err(Violation::Unclear { at }), "{text}");
    }
    let long = format!("https://{}.good.example", "a.".repeat(200));
    assert!(matches!(judge_text(&long), Err(Violation::Unclear { .. })));
}
