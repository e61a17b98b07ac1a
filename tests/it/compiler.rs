//! Components that take the compiler too long or too much memory, and what the process
//! that compiles may do.

use crate::support::{Host, component, retort};
use std::fmt::Write;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wasm_encoder::{
    BlockType, CodeSection, Component, Function, FunctionSection, Instruction, Module,
    ModuleSection, TypeSection, ValType,
};

/// By when a compiler that had three seconds was given up, generously.
const SOON: Duration = Duration::from_secs(15);

/// How long a test waits for what has to come, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// An assistant that anybody can call, and whose configuration is read on SIGHUP only.
/// `[sandbox]` has these lines, so that a change of the rest compiles what is new only.
fn serving(sandbox: &str, plugin: Option<&TempDir>) -> String {
    let plugin = plugin.map_or(String::new(), |folder| {
        let component = folder.path().join("guest.wasm");
        format!("[plugins.guest]\ncomponent = '{}'\n", component.display())
    });
    format!(
        "server.watch = \"0s\"\n[sandbox]\n{sandbox}\n{plugin}[assistants.a]\n\
         tenant = \"t\"\nauth = {{ kind = \"none\" }}\non_fault = \"fail\"\n\
         pipeline = [{{ plugin = \"echo\", settings = {{ as = \"unchanged\" }} }}]\n"
    )
}

#[test]
fn fifty_megabytes_of_code() {
    let mut body = Function::new([]);
    body.instruction(&Instruction::LocalGet(0));
    for _ in 0..3_300 {
        body.instruction(&Instruction::LocalGet(0));
        body.instruction(&Instruction::I32Mul);
    }
    body.instruction(&Instruction::End);
    let bytes = with_functions(&body, 5_300);
    assert!(bytes.len() > 50 << 20, "{}", bytes.len());
    is_compiled_too_slowly(&bytes);
}

#[test]
fn slow_to_compile() {
    is_compiled_too_slowly(&variables_in_loops(2_000, 300, 4));
}

#[test]
fn what_is_too_slow_is_killed_and_leaves_nothing() {
    let folder = folder_with(&variables_in_loops(2_000, 300, 4));
    let temporary = tempfile::tempdir().unwrap();
    let mut config = String::from("sandbox.compile_timeout = \"1s\"\n");
    for plugin in 0..5 {
        writeln!(config, "plugins.p{plugin}.component = \"guest.wasm\"").unwrap();
    }
    fs::write(folder.path().join("retort.toml"), config).unwrap();
    let mut check = retort();
    check
        .current_dir(folder.path())
        .args(["check", "--allow-empty"]);
    check.env("TMPDIR", temporary.path());
    check.stdout(Stdio::null()).stderr(Stdio::piped());
    let check = check.spawn().unwrap();
    let process = check.id();
    let output = check.wait_with_output().unwrap();
    assert_eq!(compiler_for(process), None);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    let slow = error.matches("was not compiled within 1s").count();
    assert_eq!(slow, 5, "{error}");
    let left: Vec<_> = fs::read_dir(temporary.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_takes_gigabytes_is_refused_and_the_rest_is_served() {
    // Without a bound this takes the compiler more than four gibibytes.
    let greedy = variables_in_loops(40_000, 4_000, 1);
    let folder = folder_with(&greedy);
    let sandbox = "compile_timeout = \"10min\"\ncompile_memory = \"256MiB\"";
    let host = Host::start(&serving(sandbox, None));
    host.configure(&serving(sandbox, Some(&folder)));
    host.signal("HUP");
    let compiler = compiler_of(&host);
    let mut peak = 0;
    let start = Instant::now();
    while !host.log().contains("ERROR") {
        assert!(start.elapsed() < PATIENCE, "{}", host.log());
        // It is zero once the process is gone.
        peak = peak.max(kibibytes(compiler, "VmRSS:"));
        assert_eq!(host.call("a").send().status, 200);
    }
    host.logged(&[
        "ERROR",
        "takes the compiler more memory than 256.0 MiB, which is `compile_memory` in [sandbox]",
    ]);
    // The program itself and its stacks are not in the bound.
    assert!(peak < 512 << 10, "{peak} KiB");
    assert_eq!(host.call("a").send().status, 200);
    assert!(has_ended(compiler));
}

#[test]
fn plugins_of_one_component_do_not_take_its_code_from_each_other() {
    let mut config = String::new();
    for number in 0..16 {
        let file = component("southern-charm");
        writeln!(
            config,
            "[plugins.p{number}]\ncomponent = '{}'",
            file.display()
        )
        .unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("retort.toml"), config).unwrap();
    let mut check = retort();
    check
        .current_dir(folder.path())
        .args(["check", "--allow-empty"]);
    let output = check.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn a_compiler_may_do_little() {
    let folder = folder_with(&variables_in_loops(2_000, 300, 20));
    let sandbox = "compile_timeout = \"10s\"";
    let host = Host::start(&serving(sandbox, None));
    host.configure(&serving(sandbox, Some(&folder)));
    host.signal("HUP");
    let compiler = compiler_of(&host);
    // It takes its own rights before it reads what it compiles.
    until(|| status(compiler, "NoNewPrivs:") == "1");
    let read = |file: &str| fs::read_to_string(format!("/proc/{compiler}/{file}")).unwrap();
    let environment = read("environ");
    assert!(!environment.contains("SECRET"), "{environment}");
    assert!(
        environment
            .split_terminator('\0')
            .all(|it| it.starts_with("MIMALLOC_")),
        "{environment}"
    );
    let limits = read("limits");
    for (name, most) in [
        ("Max data size", "2147483648"),
        ("Max open files", "32"),
        ("Max core file size", "0"),
        ("Max cpu time", ""),
    ] {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        let values: Vec<_> = line[name.len()..].split_whitespace().take(2).collect();
        assert!(!values.contains(&"unlimited"), "{line}");
        assert!(
            values.iter().all(|it| most.is_empty() || *it == most),
            "{line}"
        );
    }
    for file in fs::read_dir(format!("/proc/{compiler}/fd")).unwrap() {
        // One that is closed meanwhile is no matter.
        let Ok(target) = fs::read_link(file.unwrap().path()) else {
            continue;
        };
        let target = target.to_string_lossy().into_owned();
        let allowed = ["pipe:", "/dev/null"];
        assert!(
            allowed.iter().any(|it| target.starts_with(it)) || target.contains("compile-"),
            "{target}"
        );
    }
    // Whichever of its bounds it meets first.
    host.logged(&["ERROR", "is not used", "`compile_"]);
    until(|| has_ended(compiler));
    assert_eq!(host.call("a").send().status, 200);
}

#[test]
fn a_compiler_ends_with_the_server() {
    let folder = folder_with(&variables_in_loops(2_000, 300, 20));
    for signal in ["TERM", "KILL"] {
        let sandbox = "compile_timeout = \"10min\"";
        let mut host = Host::start(&serving(sandbox, None));
        host.configure(&serving(sandbox, Some(&folder)));
        host.signal("HUP");
        let compiler = compiler_of(&host);
        host.signal(signal);
        host.ended();
        until(|| has_ended(compiler));
    }
}

#[test]
fn the_program_may_be_replaced_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("retort");
    fs::copy(retort().get_program(), &copy).unwrap();
    let config = serving("", None);
    let host = Host::start_program(&copy, &config);
    fs::remove_file(&copy).unwrap();
    fs::write(&copy, "another program").unwrap();
    let stage = "{ plugin = \"echo\", settings = { as = \"unchanged\" } }";
    host.configure(&config.replace(stage, "{ plugin = \"fails\" }"));
    host.signal("HUP");
    until(|| host.call("a").send().status == 500);
}

/// The process that compiles for a server, once there is one.
#[track_caller]
fn compiler_of(host: &Host) -> u32 {
    let mut found = None;
    until(|| {
        found = compiler_for(host.process());
        found.is_some()
    });
    found.unwrap()
}

/// The process that compiles for another, whether that one still runs or not.
fn compiler_for(parent: u32) -> Option<u32> {
    let order = format!("\0--parent\0{parent}\0");
    fs::read_dir("/proc").unwrap().find_map(|entry| {
        let name = entry.unwrap().file_name();
        let process = name.to_str()?.parse().ok()?;
        let line = fs::read_to_string(format!("/proc/{process}/cmdline")).ok()?;
        line.contains(&order).then_some(process)
    })
}

/// A line of what Linux says of a process; nothing of one that is gone.
fn status(process: u32, name: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    value.unwrap_or_default().trim().to_owned()
}

fn kibibytes(process: u32, name: &str) -> u64 {
    let value = status(process, name);
    value.split(' ').next().unwrap().parse().unwrap_or(0)
}

/// Whether a process is gone, but for somebody who takes note of its end.
fn has_ended(process: u32) -> bool {
    let state = status(process, "State:");
    state.is_empty() || state.starts_with('Z')
}

#[track_caller]
fn until(mut come: impl FnMut() -> bool) {
    let start = Instant::now();
    while !come() {
        assert!(start.elapsed() < PATIENCE, "it has not come");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn folder_with(component: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("guest.wasm"), component).unwrap();
    folder
}

/// Functions with many variables that live through loops within loops. With 2,000
/// variables and 300 loops, 30 KB take the compiler half a minute; its memory grows with
/// the product of the two.
pub(crate) fn variables_in_loops(variables: u32, loops: u32, functions: u32) -> Vec<u8> {
    let mut body = Function::new([(variables, ValType::I32)]);
    for _ in 0..loops {
        body.instruction(&Instruction::Loop(BlockType::Empty));
    }
    for variable in 1..=variables {
        body.instruction(&Instruction::LocalGet(variable));
        body.instruction(&Instruction::LocalGet(0));
        body.instruction(&Instruction::I32Add);
        body.instruction(&Instruction::LocalSet(variable));
    }
    for _ in 0..loops {
        body.instruction(&Instruction::LocalGet(0));
        body.instruction(&Instruction::BrIf(0));
        body.instruction(&Instruction::End);
    }
    for variable in 1..=variables {
        body.instruction(&Instruction::LocalGet(variable));
        body.instruction(&Instruction::Drop);
    }
    body.instruction(&Instruction::LocalGet(0));
    body.instruction(&Instruction::End);
    with_functions(&body, functions)
}

/// A component with a module of so many functions of that body, each `i32 -> i32`.
fn with_functions(body: &Function, number: u32) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32], [ValType::I32]);
    let mut functions = FunctionSection::new();
    let mut code = CodeSection::new();
    for _ in 0..number {
        functions.function(0);
        code.function(body);
    }
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&code);
    let mut component = Component::new();
    component.section(&ModuleSection(&module));
    component.finish()
}

/// Nobody waits for it longer than the configuration says, and what is beside it is
/// compiled nevertheless.
#[track_caller]
fn is_compiled_too_slowly(bytes: &[u8]) {
    let folder = folder_with(bytes);
    let folder = folder.path();
    let text = format!(
        "sandbox.compile_timeout = \"3s\"\n[plugins.slow]\ncomponent = \"guest.wasm\"\n\
         [plugins.good]\ncomponent = '{}'\n",
        component("southern-charm").display()
    );
    fs::write(folder.join("retort.toml"), text).unwrap();
    let start = Instant::now();
    let output = retort()
        .current_dir(folder)
        .args(["check", "--allow-empty"])
        .output()
        .unwrap();
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    for words in [
        "\nretort.toml:3:13: guest.wasm was not compiled within 3s, which is `compile_timeout` in [sandbox]\n",
        "\n    hint: raise `compile_timeout`",
    ] {
        assert!(error.contains(words), "{error}");
    }
    assert!(error.ends_with("\n1 problem in retort.toml\n"), "{error}");
}
