//! `retort check`: what is wrong, where, and what to do.

use super::{Folder, status, stderr, stdout};
use crate::support::component;
use sha2::{Digest, Sha256};
use std::fs;

#[test]
fn check_reports_every_problem_at_once_with_place_and_hint() {
    let folder = Folder::with_config(
        r#"
[server]
lisen = "127.0.0.1:1"
body = "4 apples"

[plugins.p]
component = "missing.wasm"
limits = { memory = "1KB" }

[tenants.acme]

[assistants.lobby]
tenant = "acne"
timeout = "31s"
on_fault = "ignore"
auth = { kind = "jwt", secrets = ["purple unicorn", "env:NOT_SET"] }

[[assistants.lobby.pipeline]]
pluggin = "p"

[[assistants.lobby.pipeline]]
plugin = "q"
"#,
    );
    let output = folder.run(&["check"]);
    status(&output, 1);
    let expected = "\
retort.toml:3:1: unknown key `lisen` in [server]
    hint: did you mean `listen`?
retort.toml:4:8: `body` in [server]: this is not a size
    hint: write bytes as a number, or with a unit, such as \"64KiB\" or \"4MB\"
retort.toml:8:21: `memory` in `limits` of the plugin: the size is out of range
    hint: it can be 65536 to 4294967296 bytes
retort.toml:13:10: `tenant` in [assistants.lobby]: there is no tenant `acne`
    hint: did you mean `acme`?
retort.toml:14:11: `timeout` in [assistants.lobby]: the time is out of range
    hint: it can be 1s to 30s
retort.toml:15:12: `on_fault` in [assistants.lobby]: this word is not known here
    hint: it can be \"continue\" or \"fail\"
retort.toml:16:35: element 1 of `secrets` in `auth`: a secret is named as `env:NAME` or `file:PATH`; its text must not stand here
    hint: put the text into an environment variable or a file, and name that
retort.toml:16:53: element 2 of `secrets` in `auth`: the environment variable `NOT_SET` is not set
    hint: set it before Retort starts
retort.toml:18:1: `plugin` is missing in this stage of the pipeline
    hint: name one of the plugins: plugin = \"my-plugin\"
retort.toml:19:1: unknown key `pluggin` in this stage of the pipeline
    hint: did you mean `plugin`?
retort.toml:22:10: `plugin` in this stage of the pipeline: there is no plugin `q`
    hint: declare it with a table [plugins.q]
11 problems in retort.toml
";
    assert_eq!(stderr(&output), expected);
    // `serve` says the same and opens no port.
    let output = folder.run(&["serve"]);
    status(&output, 2);
    assert!(
        stderr(&output).contains("11 problems"),
        "{}",
        stderr(&output)
    );
    assert_eq!(stdout(&output), "");
}

#[test]
fn check_says_where_the_toml_is_broken() {
    let folder = Folder::with_config("[server\nlisten = 1\n");
    let output = folder.run(&["check"]);
    status(&output, 1);
    assert!(
        stderr(&output).starts_with("retort.toml:1:8: this is not TOML: "),
        "{}",
        stderr(&output)
    );
    let output = folder.run(&["check", "--config", "other.toml"]);
    status(&output, 2);
    assert!(stderr(&output).contains("cannot read the configuration other.toml"));
}

#[test]
fn check_says_what_is_wrong_with_each_component() {
    let folder = Folder::with_config("");
    let echo = fs::read(component("echo")).unwrap();
    folder.put("good.wasm", &echo);
    folder.put("truncated.wasm", &echo[..echo.len() / 2]);
    folder.put("core.wasm", b"\0asm\x01\0\0\0");
    folder.put("empty.wasm", b"\0asm\x0d\0\x01\0");
    folder.put("text.wasm", b"hello");
    let wrong = "0".repeat(64);
    let huge = fs::File::create(folder.path("huge.wasm")).unwrap();
    huge.set_len((64 << 20) + 1).unwrap();
    let names = ["missing", "truncated", "core", "empty", "text", "huge"];
    let mut config = format!("[plugins.digest]\ncomponent = \"good.wasm\"\nsha256 = \"{wrong}\"\n");
    for name in names {
        config += &format!("[plugins.{name}]\ncomponent = \"{name}.wasm\"\n");
    }
    config += "[plugins.endless]\ncomponent = '/dev/zero'\n";
    for name in ["wrong-world", "opens-sockets"] {
        config += &format!(
            "[plugins.{name}]\ncomponent = '{}'\n",
            component(name).display()
        );
    }
    folder.put("retort.toml", config);
    let output = folder.run(&["check", "--allow-empty"]);
    status(&output, 1);
    let error = stderr(&output);
    for (line, words) in [
        (2, "and the configuration says 0000"),
        (5, "cannot read the component missing.wasm"),
        (
            7,
            "truncated.wasm is not a component that can be used: section range",
        ),
        (9, "core.wasm is a core module, not a component"),
        (
            11,
            "retort:transform/transform-request@0.1.0, retort:transform/observe-event@0.1.0; it exports nothing",
        ),
        (13, "text.wasm is not WebAssembly"),
        (15, "huge.wasm: it is larger than 67108864 bytes"),
        (17, "/dev/zero: it is not a file"),
        (19, "it exports example:other/greet@1.0.0"),
        (21, "imports what no plugin can have: wasi:sockets/network@"),
    ] {
        let start = format!("retort.toml:{line}:13: ");
        let found = error.lines().find(|l| l.starts_with(&start));
        assert!(
            found.is_some_and(|l| l.contains(words)),
            "{line}, {words}:\n{error}"
        );
    }
    assert_eq!(error.matches("    hint: ").count(), 10, "{error}");
    assert!(error.ends_with("10 problems in retort.toml\n"), "{error}");
}

#[test]
fn check_prints_what_would_be_served() {
    let echo = fs::read(component("echo")).unwrap();
    let digest: String = Sha256::digest(&echo)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let folder = Folder::with_config(&format!(
        r#"
plugins.echo = {{ component = "echo.wasm", sha256 = "{digest}" }}
plugins.charm.component = '{}'
[tenants.acme]
[assistants.lobby]
tenant = "acme"
auth = {{ kind = "jwt", secrets = ["env:SECRET"] }}
pipeline = [
    {{ plugin = "echo" }},
    {{ plugin = "echo", reads = ["/output", "/user_id"], writes = ["/output/generic/*/text"] }},
    {{ plugin = "charm" }},
]
[assistants.open]
tenant = "acme"
timeout = "2s"
auth.kind = "none"
"#,
        component("southern-charm").display()
    ));
    folder.put("echo.wasm", echo);
    let output = folder.run(&["check"]);
    status(&output, 0);
    let printed = stdout(&output);
    let lines: Vec<_> = printed.lines().collect();
    let sandbox = lines[0].strip_prefix("sandbox: ").unwrap();
    let (slots, why) = sandbox
        .split_once(" calls at once, for half of the memory: ")
        .unwrap();
    assert!(
        (4..=1_024).contains(&slots.parse::<u32>().unwrap()),
        "{sandbox}"
    );
    assert!(why.starts_with("each can take 72.9 MiB of "), "{sandbox}");
    let cleaning = "memory: the first 256.0 KiB of each memory are written over after a call";
    assert!(lines[1].starts_with(cleaning), "{}", lines[1]);
    let bodies = lines[2].strip_prefix("bodies: ").unwrap();
    let (bodies, _) = bodies.split_once(" for those of requests").unwrap();
    assert_eq!(
        lines[3],
        format!("tenant acme: {slots} calls at once, 256 waiting, share 1, {bodies} of bodies")
    );
    assert!(lines[4].starts_with("plugin charm: transform-texts (sha256 "));
    assert_eq!(
        lines[5],
        format!("plugin echo: transform-response (sha256 {digest})")
    );
    assert_eq!(
        lines[6..],
        [
            "assistant lobby of tenant acme: JWT, 10s",
            "  message_processed: 3 stages",
            "    1. echo reads everything; may change everything",
            "    2. echo reads /output, /user_id; may change /output/generic/*/text",
            "    3. charm gets the strings within /output/generic/*/text, with the response types of their items; may change them",
            "assistant open of tenant acme: NO AUTHENTICATION, 2s",
            "  no stages",
            "the configuration is good",
        ]
    );
}

#[test]
fn check_says_what_is_wrong_with_a_view_or_a_guard() {
    let folder = Folder::with_config(
        r#"
[plugins.p]
component = "p.wasm"
[tenants.t]
[assistants.a]
tenant = "t"
auth.kind = "none"
guard = { answer = "1B", shapes = 1, origins = ["example.com"], sizes = 1 }
[[assistants.a.pipeline]]
plugin = "p"
reads = ["/output/generic", "output"]
[[assistants.a.pipeline]]
plugin = "p"
reads = ["/output/generic/0"]
writes = ["/output/generic/*/text"]
"#,
    );
    let output = folder.run(&["check"]);
    status(&output, 1);
    let error = stderr(&output);
    for words in [
        "retort.toml:8:20: `answer` in `guard` of the assistant: the size is out of range",
        "retort.toml:8:35: `shapes` in `guard` of the assistant must be true or false",
        "retort.toml:8:49: element 1 of `origins` in `guard` of the assistant: an origin begins",
        "retort.toml:8:65: unknown key `sizes` in `guard` of the assistant",
        "retort.toml:11:29: element 2 of `reads` in this stage of the pipeline: ",
        "    hint: write a place as a JSON pointer with `*` for any element or member",
        "retort.toml:15:10: `writes` in this stage of the pipeline: `/output/generic/*/text` may be written and is not within what may be read",
        "    hint: whatever may be written has to be readable",
    ] {
        assert!(error.contains(words), "{words}:\n{error}");
    }
}

#[test]
fn check_leaves_the_folder_for_compiled_code_alone() {
    let folder = Folder::with_config(&format!(
        "sandbox.cache = \"kept/code\"\nplugins.echo.component = '{}'\n",
        component("echo").display()
    ));
    let check = ["check", "--allow-empty"];
    let output = folder.run(&check);
    status(&output, 0);
    let words = "compiled code is kept in kept/code by `retort serve`";
    assert!(stdout(&output).contains(words), "{}", stdout(&output));
    assert!(
        !folder.path("kept").exists(),
        "it is whoever serves that makes it"
    );
    // Nor does it write to one that is there, as root would for another user.
    fs::create_dir_all(folder.path("kept/code")).unwrap();
    status(&folder.run(&check), 0);
    assert_eq!(fs::read_dir(folder.path("kept/code")).unwrap().count(), 0);
    // What cannot be a folder is told.
    let folder = Folder::with_config("sandbox.cache = \"retort.toml\"\n");
    let output = folder.run(&check);
    status(&output, 2);
    let error = stderr(&output);
    assert!(
        error.contains("compiled code cannot be kept in retort.toml: it is not a folder"),
        "{error}"
    );
    assert!(
        error.contains("hint: `cache` in [sandbox] is a folder"),
        "{error}"
    );
}

#[test]
fn a_configuration_that_serves_nobody_has_to_be_meant() {
    let folder = Folder::with_config("");
    // Nothing, a template that came to nothing, a file that was cut off before its first
    // assistant.
    for text in [
        "",
        "# made by a template\n\n",
        "[server]\nlisten = \"0.0.0.0:80\"\n[tenants.t]\n",
    ] {
        folder.put("retort.toml", text);
        for (command, expected) in [("check", 1), ("serve", 2)] {
            let output = folder.run(&[command]);
            status(&output, expected);
            let error = stderr(&output);
            for words in [
                "retort.toml:1:1: there is no assistant",
                "hint: ",
                "--allow-empty",
            ] {
                assert!(error.contains(words), "{error}");
            }
        }
        status(&folder.run(&["check", "--allow-empty"]), 0);
    }
}

/// An assistant with one stage of a guest, which starts with 1 MiB or more.
pub(super) fn with_limits(of_plugin: &str, of_stage: &str) -> String {
    format!(
        "[plugins.echo]\ncomponent = '{}'\nlimits = {{ {of_plugin} }}\n\
         [tenants.t]\n[assistants.a]\ntenant = \"t\"\nauth.kind = \"none\"\npipeline = [\n\
         {{ plugin = \"echo\" }},\n\
         {{ plugin = \"echo\", limits = {{ {of_stage} }} }},\n]\n",
        component("echo").display()
    )
}

#[test]
fn limits_below_what_a_component_starts_with_are_found() {
    let check = |of_plugin: &str, of_stage: &str| {
        let folder = Folder::with_config(&with_limits(of_plugin, of_stage));
        folder.run(&["check"])
    };
    status(&check("", "memory = \"2MiB\""), 0);
    // Of the one stage, with its line.
    let output = check("", "memory = \"64KiB\"");
    status(&output, 1);
    let error = stderr(&output);
    let line = error
        .lines()
        .find(|line| line.contains("starts with"))
        .unwrap();
    assert!(
        line.starts_with("retort.toml:10:1: the plugin `echo` starts with "),
        "{line}"
    );
    assert!(
        line.ends_with(" of memory, and its limits allow 64.0 KiB"),
        "{line}"
    );
    assert!(error.contains("hint: raise it in `limits`"), "{error}");
    assert!(error.ends_with("1 problem in retort.toml\n"), "{error}");
    let output = check("", "table_elements = 0");
    status(&output, 1);
    let error = stderr(&output);
    assert!(
        error.contains("elements of tables, and its limits allow 0"),
        "{error}"
    );
    // Of the plugin, and so of both stages.
    let output = check("memory = \"64KiB\"", "");
    status(&output, 1);
    let error = stderr(&output);
    for words in ["retort.toml:9:1: ", "retort.toml:10:1: ", "2 problems"] {
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn check_finds_two_listeners_at_one_address() {
    let folder = Folder::with_config(
        "[server]\nlisten = \"0.0.0.0:8080\"\n[admin]\nlisten = \"127.0.0.1:8080\"\n",
    );
    let output = folder.run(&["check", "--allow-empty"]);
    status(&output, 1);
    let error = stderr(&output);
    let words = "retort.toml:4:10: `listen` in [admin]: 127.0.0.1:8080 is taken by `listen` in [server], which is 0.0.0.0:8080\n    hint: ";
    assert!(error.contains(words), "{error}");
}
