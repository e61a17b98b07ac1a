//! What the keys mean and what they default to. The messages about wrong ones are
//! tested through `retort check`.

use super::*;
use crate::auth::Auth;
use crate::event::EventKind;
use crate::limits::Limits;
use std::time::Duration;

pub(super) fn parse(text: &str) -> Result<Config, Problems> {
    let environment = |name: &str| match name {
        "SECRET" => Some("purple unicorn".to_owned()),
        "KEY" | "OLD_KEY" => Some(name.repeat(16)),
        _ => None,
    };
    Config::parse(
        text,
        "retort.toml",
        Path::new("folder"),
        Secrets::Read(&environment),
    )
}

/// The messages about a text that is wrong.
#[track_caller]
fn problems(text: &str) -> Vec<String> {
    let problems = parse(text).expect_err("it is wrong").problems;
    problems.into_iter().map(|it| it.message).collect()
}

#[test]
fn an_empty_file_has_the_documented_defaults() {
    let config = parse("").unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.server.body_bytes, 4 << 20);
    assert_eq!(config.server.head_bytes, 64 << 10);
    assert_eq!(config.server.head_timeout, Duration::from_secs(10));
    assert_eq!(config.server.drain_timeout, Duration::from_secs(30));
    assert_eq!(config.sandbox.concurrency, None);
    assert_eq!(config.sandbox.wait, Duration::from_secs(1));
    assert_eq!(config.sandbox.stack_bytes, 512 << 10);
    assert_eq!(config.sandbox.compile_timeout, Duration::from_secs(60));
    assert_eq!(config.sandbox.compile_memory, 2 << 30);
    assert_eq!(config.sandbox.cache, None);
    assert!(config.plugins.is_empty() && config.assistants.is_empty());
}

#[test]
fn a_stages_limits_come_from_three_places() {
    let config = parse(
        r#"
        [plugins.p]
        component = "p.wasm"
        limits = { fuel = 5, memory = "1MiB", log = 0 }
        [tenants.t]
        [assistants.a]
        tenant = "t"
        timeout = "2s"
        on_fault = "fail"
        auth = { kind = "none" }
        [[assistants.a.pipeline]]
        plugin = "p"
        settings = { n = 1, f = 0.5, when = 2026-11-23, list = [true, "x"], table = { k = "v" } }
        on_fault = "continue"
        limits = { fuel = 7, timeout = "20ms", output = "1kB", table_elements = 9 }
        [[assistants.a.pipeline]]
        plugin = "p"
        "#,
    )
    .unwrap();
    let assistant = &config.assistants["a"];
    assert_eq!(assistant.timeout, Duration::from_secs(2));
    let [first, second] = &assistant.pipelines[&EventKind::MessageProcessed][..] else {
        panic!("there are two stages");
    };
    assert_eq!(
        first.limits,
        Limits {
            fuel: 7,
            timeout: Duration::from_millis(20),
            memory_bytes: 1 << 20,
            table_elements: 9,
            output_bytes: 1_000,
            log_bytes: 0,
            http: crate::limits::HttpLimits::DEFAULT,
        }
    );
    assert_eq!(first.on_fault, OnFault::Continue);
    assert_eq!(
        first.settings,
        r#"{"f":0.5,"list":[true,"x"],"n":1,"table":{"k":"v"},"when":"2026-11-23"}"#
    );
    assert_eq!(second.limits.timeout, Limits::DEFAULT.timeout);
    assert_eq!(second.limits.fuel, 5);
    assert_eq!(second.on_fault, OnFault::Fail);
    assert_eq!(second.settings, "{}");
    assert_eq!(config.plugins["p"].component, Path::new("folder/p.wasm"));
}

/// The view of the only stage of a configuration with these keys in it.
fn view(keys: &str) -> Result<(String, String), Vec<String>> {
    let text = format!(
        r#"
        [plugins.p]
        component = "p.wasm"
        [tenants.t]
        [assistants.a]
        tenant = "t"
        auth = {{ kind = "none" }}
        pipeline = [{{ plugin = "p", {keys} }}]
        "#
    );
    match parse(&text) {
        Ok(config) => {
            let view = &config.assistants["a"].pipelines[&EventKind::MessageProcessed][0].view;
            Ok((view.in_words(), view.in_words_of_texts()))
        }
        Err(problems) => Err(problems.problems.into_iter().map(|p| p.message).collect()),
    }
}

#[test]
fn a_stages_view_is_everything_or_what_is_written() {
    let (payload, _) = view("").unwrap();
    assert_eq!(payload, "reads everything; may change everything");
    let (payload, texts) =
        view(r#"reads = ["/output/generic", "/a~1b/*"], writes = ["/output/generic/*/title"]"#)
            .unwrap();
    assert_eq!(
        payload,
        "reads /output/generic, /a~1b/*; may change /output/generic/*/title"
    );
    assert_eq!(
        texts,
        "gets the strings within /output/generic/*/title, with the response types of their items; may change them"
    );
}

#[test]
fn an_impossible_view_is_a_problem() {
    let wrong = |keys: &str, reason: &str| {
        let problems = view(keys).unwrap_err();
        assert!(problems[0].contains(reason), "{keys}: {problems:?}");
    };
    wrong(
        "reads = []",
        "`reads` in this stage of the pipeline: a view names 1 to 32 places, not 0",
    );
    wrong("writes = []", "a view names 1 to 32 places, not 0");
    let many = format!("reads = [{}]", vec!["\"/a\""; 33].join(","));
    wrong(&many, "1 to 32 places, not 33");
    wrong(r#"reads = ["output"]"#, "element 1 of `reads`");
    wrong(r#"reads = ["/a", "/~2"]"#, "element 2 of `reads`");
    wrong("reads = [1]", "must be a string");
    wrong(r#"writes = "/a""#, "must be an array");
    wrong(
        r#"reads = ["/a/0"], writes = ["/a/0/x", "/a/*"]"#,
        "`writes` in this stage of the pipeline: `/a/*` may be written and is not within what may be read",
    );
    let deep = "/a".repeat(33);
    wrong(&format!(r#"reads = ["{deep}"]"#), "element 1 of `reads`");
}

#[test]
fn compiled_code_is_kept_beside_the_configuration() {
    let config = parse("sandbox.cache = \"compiled\"").unwrap();
    let folder = config.sandbox.cache.unwrap();
    assert_eq!(folder, Path::new("folder/compiled"));
}

#[test]
fn ranges_end_where_the_documentation_says() {
    let good = |line: &str| parse(line).is_ok();
    for (table, key, low, high, beyond) in [
        ("server", "body", "1024", "\"64MiB\"", ["1023", "67108865"]),
        ("server", "head", "8192", "\"1MiB\"", ["8191", "1048577"]),
        (
            "server",
            "head_timeout",
            "\"100ms\"",
            "\"60s\"",
            ["\"99ms\"", "\"61s\""],
        ),
        (
            "server",
            "drain_timeout",
            "\"0s\"",
            "\"300s\"",
            ["\"301s\"", "-1"],
        ),
        ("sandbox", "concurrency", "1", "4096", ["0", "4097"]),
        ("sandbox", "wait", "\"0s\"", "\"30s\"", ["\"31s\"", "1"]),
        (
            "sandbox",
            "stack",
            "\"16KiB\"",
            "\"16MiB\"",
            ["16383", "16777217"],
        ),
        (
            "sandbox",
            "compile_timeout",
            "\"1s\"",
            "\"10min\"",
            ["\"999ms\"", "\"601s\""],
        ),
        (
            "sandbox",
            "compile_memory",
            "\"128MiB\"",
            "\"64GiB\"",
            ["\"127MiB\"", "\"65GiB\""],
        ),
    ] {
        for value in [low, high] {
            assert!(
                good(&format!("{table}.{key} = {value}")),
                "{table}.{key} {value}"
            );
        }
        for value in beyond {
            assert!(
                !good(&format!("{table}.{key} = {value}")),
                "{table}.{key} {value}"
            );
        }
    }
    let limits = |line: &str| {
        parse(&format!(
            "plugins.p = {{ component = \"p\", limits = {{ {line} }} }}"
        ))
    };
    for (key, low, high, beyond) in [
        (
            "fuel",
            "1",
            "0x4000_0000_0000_0000",
            ["0", "0x4000_0000_0000_0001"],
        ),
        ("timeout", "\"1ms\"", "\"30s\"", ["\"0s\"", "\"30001ms\""]),
        ("memory", "\"64KiB\"", "\"4GiB\"", ["65535", "4294967297"]),
        ("table_elements", "0", "10_000_000", ["-1", "10_000_001"]),
        ("output", "2", "\"64MiB\"", ["1", "67108865"]),
        ("log", "0", "\"16MiB\"", ["-1", "16777217"]),
    ] {
        for value in [low, high] {
            assert!(limits(&format!("{key} = {value}")).is_ok(), "{key} {value}");
        }
        for value in beyond {
            assert!(
                limits(&format!("{key} = {value}")).is_err(),
                "{key} {value}"
            );
        }
    }
}

#[test]
fn each_kind_of_auth_takes_its_own_keys() {
    let auth = |auth: &str| {
        parse(&format!(
            "tenants.t = {{}}\nassistants.a = {{ tenant = \"t\", auth = {{ {auth} }} }}"
        ))
        .map(|mut config| config.assistants.remove("a").unwrap().auth)
    };
    let Auth::Jwt(jwt) =
        auth("kind = \"jwt\", secrets = [\"env:SECRET\"], leeway = \"5s\", require_exp = true, max_age = \"60s\"")
            .unwrap()
    else {
        panic!("it is a JWT");
    };
    assert_eq!(jwt.times.leeway, Duration::from_secs(5));
    assert!(jwt.times.require_exp);
    assert_eq!(jwt.times.max_age, Some(Duration::from_secs(60)));
    for good in [
        "kind = \"jwt\", secrets = [\"env:SECRET\"]",
        "kind = \"basic\", user = \"u\", password = \"env:SECRET\"",
        "kind = \"bearer\", secrets = [\"env:SECRET\"]",
        "kind = \"api_key\", header = \"X-Key\", secrets = [\"env:SECRET\"]",
        "kind = \"none\"",
    ] {
        assert!(auth(good).is_ok(), "{good}");
    }
    for bad in [
        "kind = \"jwt\"",
        "kind = \"jwt\", secrets = []",
        "kind = \"jwt\", secrets = \"env:SECRET\"",
        "kind = \"jwt\", secrets = [\"env:SECRET\"], user = \"u\"",
        "kind = \"basic\", user = \"u:v\", password = \"env:SECRET\"",
        "kind = \"bearer\", secrets = [\"SECRET\"]",
        "kind = \"api_key\", header = \"x key\", secrets = [\"env:SECRET\"]",
        "kind = \"none\", secrets = [\"env:SECRET\"]",
        "kind = \"oauth\"",
        "",
    ] {
        assert!(auth(bad).is_err(), "{bad}");
    }
}

#[test]
fn an_assistant_has_to_say_how_it_is_verified() {
    let found = problems("tenants.t = {}\nassistants.a = { tenant = \"t\" }");
    assert_eq!(found, ["`auth` is missing in [assistants.a]"]);
}

#[test]
fn names_are_fit_for_urls_and_logs() {
    for name in ["a", "A-1_b.c", "0"] {
        assert!(
            parse(&format!("tenants.\"{name}\" = {{}}")).is_ok(),
            "{name}"
        );
    }
    let long = "a".repeat(65);
    for name in ["", "-a", "a b", "a/b", "ä", &long] {
        assert_eq!(
            problems(&format!("tenants.\"{name}\" = {{}}")).len(),
            1,
            "{name}"
        );
    }
}

#[test]
fn each_problem_is_reported_once_and_none_is_left_out() {
    assert_eq!(
        problems("plugins = 1"),
        ["`plugins` in the file must be a table, not an integer"]
    );
    assert_eq!(problems("plugins.\"a b\".component = \"x\"").len(), 1);
    let settings = "{ a = nan, b = [inf, 99999999999999999999], c = { d = nan } }";
    let stage = format!(
        "tenants.t = {{}}\nplugins.p.component = \"p\"\nassistants.a = {{ tenant = \"t\", \
         auth = {{ kind = \"none\" }}, pipeline = [{{ plugin = \"p\", settings = {settings} }}] }}"
    );
    assert_eq!(problems(&stage).len(), 4);
    // A mistake in the syntax would make all kinds of others appear.
    let broken =
        problems("tenants.t = {}\nassistants.a = { tenant = \"t, auth = 1 }\n[server]\nx = 1");
    assert!(
        broken
            .iter()
            .all(|problem| problem.starts_with("this is not TOML")),
        "{broken:?}"
    );
}

#[test]
fn no_control_character_gets_out() {
    for text in [
        "\"a\\u001b[31m\" = 1",
        "plugins.\"\\u001b\".x = 1",
        "tenants.\"\\u001b\".\"\\u001b\" = 1",
    ] {
        for problem in problems(text) {
            assert!(!problem.contains('\u{1b}'), "{problem:?}");
        }
    }
}

#[test]
fn a_secret_that_http_cannot_carry_is_refused() {
    for (secret, good) in [
        ("a b", true),
        (" a", false),
        ("a\t", false),
        ("a\nb", false),
        ("ü", true),
    ] {
        let environment = |_: &str| Some(secret.to_owned());
        let parse = |auth: &str| {
            let text = format!(
                "tenants.t = {{}}\nassistants.a = {{ tenant = \"t\", auth = {{ {auth} }} }}"
            );
            Config::parse(&text, "", Path::new(""), Secrets::Read(&environment)).is_ok()
        };
        let bearer = parse("kind = \"bearer\", secrets = [\"env:S\"]");
        assert_eq!(bearer, good, "{secret:?}");
        let api_key = parse("kind = \"api_key\", header = \"k\", secrets = [\"env:S\"]");
        assert_eq!(api_key, good, "{secret:?}");
        assert!(parse("kind = \"jwt\", secrets = [\"env:S\"]"), "{secret:?}");
    }
}

#[test]
fn values_of_another_type_are_named_with_theirs() {
    let found = problems(
        "server = 1\nplugins.p.component = 2\ntenants = []\n[sandbox]\nconcurrency = \"many\"",
    );
    assert_eq!(
        found,
        [
            "`server` in the file must be a table, not an integer",
            "`component` in [plugins.p] must be a string, not an integer",
            "`tenants` in the file must be a table, not an array",
            "`concurrency` in [sandbox] must be a whole number, not a string",
        ]
    );
}
