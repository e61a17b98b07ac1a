//! A running `retort serve`, with what it logs.

use super::{Answer, Call, SECRET, TRANSLATOR_KEYS, component, text_guest};
use std::fmt::Write;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a test waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// The program under test, with the secrets of the tests in its environment.
pub(crate) fn retort() -> Command {
    // Beside the folder that the tests themselves are in.
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    let program = path.join("retort");
    assert!(
        program.is_file(),
        "retort is not built: run `cargo xtask test`"
    );
    let mut command = Command::new(program);
    command
        .env_remove("RETORT_LOG")
        .env("SECRET", SECRET)
        .env("OLD_SECRET", "old secret")
        .env("TRANSLATOR_KEY", TRANSLATOR_KEYS[0])
        .env("OTHER_TRANSLATOR_KEY", TRANSLATOR_KEYS[1])
        .env("STORE_KEY", "a key of the tests, of 32 characters or more")
        .env("STATE_SECRET", "s".repeat(32))
        .env("OLD_STATE_SECRET", "o".repeat(32))
        .env("STORE_PASSWORD", "secret-of-the-store");
    command
}

/// It, after a shell has done something to the process that becomes it.
fn after(commands: &str) -> Command {
    let retort = retort();
    let mut shell = Command::new("sh");
    let commands = format!("{commands}; exec \"$@\"");
    shell
        .args(["-c", &commands, "sh"])
        .arg(retort.get_program());
    for (name, value) in retort.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

/// A server that ends with the test.
pub(crate) struct Host {
    child: Child,
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
    folder: TempDir,
}

impl Host {
    /// Serves one assistant, `a`, that anybody can call. `stages` is the inside of
    /// its pipeline's array, such as `{ plugin = "echo" }`; the rest is lines for
    /// the assistant's table.
    pub(crate) fn with_stages(stages: &str) -> Self {
        Self::with_assistant(&format!("pipeline = [{stages}]"))
    }

    /// Serves one assistant, `a`, that anybody can call, with these lines in its table.
    pub(crate) fn with_assistant(lines: &str) -> Self {
        Self::start(&format!(
            "[assistants.a]\ntenant = \"t\"\nauth = {{ kind = \"none\" }}\n{lines}\n"
        ))
    }

    /// Serves a configuration. The tenant `t` and the plugins that it uses are added.
    pub(crate) fn start(config: &str) -> Self {
        Self::start_as(retort(), config)
    }

    /// Serves a configuration with a copy of the program.
    pub(crate) fn start_program(program: &Path, config: &str) -> Self {
        let mut copy = Command::new(program);
        for (name, value) in retort().get_envs() {
            match value {
                Some(value) => copy.env(name, value),
                None => copy.env_remove(name),
            };
        }
        Self::start_as(copy, config)
    }

    /// The same, but no file that it writes can have more than so many bytes.
    pub(crate) fn start_with_file_limit(config: &str, bytes: u64) -> Self {
        // In blocks of 512 bytes. Without the trap the signal would end it.
        Self::start_after(&format!("trap '' XFSZ; ulimit -f {}", bytes / 512), config)
    }

    /// The same, but it can have only so many files open.
    pub(crate) fn start_with_descriptors(config: &str, count: u32) -> Self {
        Self::start_after(&format!("ulimit -n {count}"), config)
    }

    /// The same, after a shell has done something to the process, such as limiting it.
    pub(crate) fn start_after(commands: &str, config: &str) -> Self {
        Self::start_as(after(commands), config)
    }

    /// Serves a configuration where it says.
    pub(crate) fn start_where_it_says(config: &str) -> Self {
        Self::start_with(retort(), &[], config)
    }

    fn start_as(program: Command, config: &str) -> Self {
        Self::start_with(program, &["--listen", "127.0.0.1:0"], config)
    }

    fn start_with(mut program: Command, arguments: &[&str], config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("retort.toml");
        std::fs::write(&file, with_plugins(config, folder.path())).unwrap();
        // A server that is killed leaves its temporary folder.
        let temporary = folder.path().join(".tmp");
        std::fs::create_dir(&temporary).unwrap();
        let mut child = program
            .env("TMPDIR", temporary)
            .arg("serve")
            .args(arguments)
            .args(["--log", "debug", "--config"])
            .arg(&file)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let reader = {
            let mut stderr = BufReader::new(child.stderr.take().unwrap());
            let log = Arc::clone(&log);
            std::thread::spawn(move || {
                let mut line = String::new();
                while stderr.read_line(&mut line).is_ok_and(|length| length > 0) {
                    log.lock().unwrap().push_str(&line);
                    line.clear();
                }
            })
        };
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("retort is listening on ");
        let Some((_, address)) = url.and_then(|url| url.split_once("://")) else {
            child.wait().unwrap();
            reader.join().unwrap();
            panic!("the server did not start:\n{}", log.lock().unwrap());
        };
        Self {
            child,
            address: address.parse().unwrap(),
            log,
            reader: Some(reader),
            folder,
        }
    }

    /// What `retort check` says of a configuration that is wrong.
    pub(crate) fn check(config: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("retort.toml");
        std::fs::write(&file, with_plugins(config, folder.path())).unwrap();
        // Some of them are of nothing but plugins.
        let check = ["check", "--allow-empty", "--config"];
        let output = retort().args(check).arg(&file).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(1), "it is good: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// The folder of its configuration, `retort.toml`.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes another configuration in the place of the first, in one step.
    pub(crate) fn configure(&self, config: &str) {
        let new = self.folder().join("new.toml");
        std::fs::write(&new, with_plugins(config, self.folder())).unwrap();
        std::fs::rename(new, self.folder().join("retort.toml")).unwrap();
    }

    /// Where its admin listener is, which has to be configured with port 0.
    pub(crate) fn admin(&self) -> SocketAddr {
        let line = self.logged(&["metrics and status are at"]);
        let address = line.split("address=").nth(1).unwrap();
        address.trim().parse().unwrap()
    }

    /// What its admin listener answers.
    pub(crate) fn admin_get(&self, path: &str) -> Answer {
        Call::post(self.admin(), path).method("GET").send()
    }

    /// The value of a metric with exactly these labels; 0 where there is none.
    pub(crate) fn metric(&self, series: &str) -> f64 {
        let text = self.admin_get("/metrics").text();
        let value = text.lines().find_map(|line| line.strip_prefix(series));
        value.map_or(0.0, |value| value.trim().parse().unwrap())
    }

    /// A call of an assistant's webhook with the vendor's sample body, unless the
    /// test says otherwise.
    pub(crate) fn call(&self, assistant: &str) -> Call {
        Call::post(self.address, &format!("/webhooks/{assistant}"))
    }

    /// The number of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// A size that Linux says of its process in `/proc/PID/status`, in bytes.
    pub(crate) fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kilobytes << 10
    }

    /// Waits until something is so.
    #[track_caller]
    pub(crate) fn wait(&self, what: &str, is: impl Fn() -> bool) {
        let start = Instant::now();
        while !is() {
            assert!(start.elapsed() < PATIENCE, "not so: {what}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Everything that was logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until the log has a line with all of these words, and returns it.
    pub(crate) fn logged(&self, words: &[&str]) -> String {
        let start = Instant::now();
        loop {
            let log = self.log();
            let fits = |line: &&str| words.iter().all(|word| line.contains(word));
            if let Some(line) = log.lines().find(fits) {
                return line.to_owned();
            }
            assert!(start.elapsed() < PATIENCE, "not logged: {words:?}\n{log}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until the log has these words so many times.
    pub(crate) fn logged_times(&self, words: &str, times: usize) {
        let start = Instant::now();
        while self.log().matches(words).count() < times {
            assert!(
                start.elapsed() < PATIENCE,
                "not logged: {words}\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends a signal by its name, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.child.id())])
            .status();
        assert!(status.unwrap().success());
    }

    /// Waits for the process to end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                if let Some(reader) = self.reader.take() {
                    reader.join().unwrap();
                }
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "still running\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// The configuration with a table for its tenant and for each plugin that it names
/// and does not declare. A plugin `text:NAME` is a guest of `guests/text`.
fn with_plugins(config: &str, folder: &Path) -> String {
    let mut whole = config.replace("text:", "text-");
    if !config.contains("[tenants.") {
        whole.push_str("\n[tenants.t]\n");
    }
    for after in config.split("plugin = \"").skip(1) {
        let name = after.split('"').next().unwrap();
        let header = format!("[plugins.{}]", name.replace("text:", "text-"));
        if whole.contains(&header) {
            continue;
        }
        let file = match name.strip_prefix("text:") {
            Some(text) => {
                let file = folder.join(format!("{text}.wasm"));
                std::fs::write(&file, text_guest(text)).unwrap();
                file
            }
            None => component(name),
        };
        write!(whole, "\n{header}\ncomponent = '{}'\n", file.display()).unwrap();
    }
    whole
}
