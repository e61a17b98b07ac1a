use super::*;
use crate::config;
use crate::limits::Limits;
use crate::plugin::sandbox::code_settings;
use wasmtime::{Cache, CacheConfig};

/// An empty component.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

fn sandbox(program: &str) -> Sandbox {
    let settings = config::Sandbox {
        concurrency: Some(1),
        ..config::Sandbox::default()
    };
    let compiler = Compiler::child(program.into());
    Sandbox::new(&settings, &Limits::DEFAULT, &compiler).unwrap()
}

#[test]
fn an_engine_without_a_compiler_loads_what_another_has_compiled() {
    let sandbox = sandbox("/nowhere");
    let cache = sandbox.cache.as_ref().unwrap();
    let folder = cache.work_folder().unwrap();
    let mut config = CacheConfig::new();
    config.with_directory(folder.path());
    let mut settings = code_settings();
    settings.cache(Some(Cache::new(config).unwrap()));
    Component::from_binary(&Engine::new(&settings).unwrap(), EMPTY).unwrap();
    let load = || Component::from_binary(&sandbox.engine, EMPTY);
    assert!(is_without_compiler(&sandbox.engine, &load().err().unwrap()));
    let name = cache.name_of(&sandbox.engine, EMPTY);
    let code = cache.take(folder.path(), &name).unwrap();
    load().unwrap();
    code.loaded();
    assert!(load().is_err(), "it is not kept");
}

#[test]
fn what_no_child_has_compiled_is_not_compiled_here() {
    for (program, words) in [
        ("/nowhere", "the compiler cannot be started: "),
        ("/bin/true", "the compiler has not written one result"),
    ] {
        let bounds = CompileBounds::of(&config::Sandbox::default());
        match compile(&sandbox(program), EMPTY.to_vec(), &bounds) {
            Err(CompileError::Broken(reason)) => assert!(reason.contains(words), "{reason}"),
            _ => panic!("{program}"),
        }
    }
}

#[test]
fn compilers_at_once_are_bounded_by_cores_number_and_memory() {
    let two = 2 << 30;
    assert_eq!(most_at_once(2, Some(64 << 30), two), 2);
    assert_eq!(most_at_once(64, Some(64 << 30), two), MOST);
    assert_eq!(most_at_once(64, Some(12 << 30), two), 3);
    assert_eq!(most_at_once(64, Some(1 << 30), two), 1);
    assert_eq!(most_at_once(64, None, two), MOST);
}

#[test]
fn one_compiler_waits_for_another() {
    let running = Running::default();
    let first = running.start(1);
    thread::scope(|scope| {
        let (begun, second) = mpsc::channel();
        let running = &running;
        scope.spawn(move || {
            let _one = running.start(1);
            begun.send(()).unwrap();
        });
        let pause = Duration::from_millis(50);
        assert_eq!(second.recv_timeout(pause), Err(RecvTimeoutError::Timeout));
        drop(first);
        second.recv().unwrap();
    });
    assert_eq!(*running.number.lock().unwrap(), 0);
}

#[test]
fn the_end_of_a_child_says_why() {
    let of = |status: i32, words: &str| match ending(ExitStatus::from_raw(status), words.to_owned())
    {
        Ok(()) => "done".to_owned(),
        Err(CompileError::Refused(words)) => format!("refused: {words}"),
        Err(CompileError::TooSlow) => "slow".to_owned(),
        Err(CompileError::TooLarge) => "large".to_owned(),
        Err(CompileError::Broken(words)) => format!("broken: {words}"),
    };
    let code = |code: u8| i32::from(code) << 8;
    assert_eq!(of(code(child::DONE), ""), "done");
    assert_eq!(of(code(child::REFUSED), "bad magic"), "refused: bad magic");
    assert_eq!(of(code(child::NO_MEMORY), ""), "large");
    assert_eq!(of(SIGABRT, "memory allocation of 64 bytes failed"), "large");
    assert_eq!(of(SIGXCPU, ""), "slow");
    assert!(of(SIGKILL, "").contains("has no memory left"));
    assert!(of(SIGABRT, "stack overflow").contains("stack overflow"));
    assert!(of(code(101), "a panic\nhere").ends_with(": a panic here"));
    assert!(of(code(child::FAILED), "").starts_with("broken: the compiler ended with"));
}
