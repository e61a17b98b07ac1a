//! A short soak of the real program: tenants who mean well, tenants who do not, and
//! callers who go away. When they have gone, the process holds what it held before.
//! `just soak` is the long one.

use crate::support::{Connection, Host, SAMPLE, post_body};
use std::fmt::Write;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// What the hostile assistants do: the guest and its settings.
const HOSTILE: [(&str, &str); 8] = [
    ("loops-forever", "{}"),
    ("grows-memory", "{}"),
    ("sleeps", "{}"),
    ("prints-endlessly", "{}"),
    ("recurses", "{}"),
    ("traps", "{}"),
    ("returns-non-json", "{}"),
    ("returns-too-much", "{}"),
];

/// Everything is used once and more in that time.
const WARM_UP: Duration = Duration::from_secs(3);

const SOAK: Duration = Duration::from_secs(7);

/// How long the process may take to come back. The runtime keeps an idle thread for 10 s.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a process holds.
#[derive(Debug)]
struct Level {
    /// Resident memory in KiB.
    resident: u64,
    threads: usize,
    files: usize,
}

impl Level {
    fn of(host: &Host) -> Self {
        let folder = format!("/proc/{}", host.process());
        let count = |name: &str| {
            std::fs::read_dir(format!("{folder}/{name}"))
                .unwrap()
                .count()
        };
        let status = std::fs::read_to_string(format!("{folder}/status")).unwrap();
        let resident = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        Self {
            resident: resident.unwrap().parse().unwrap(),
            threads: count("task"),
            files: count("fd"),
        }
    }

    /// Whether a later one is as this, but for what the allocator and the runtime keep.
    fn is_back(&self, later: &Self) -> bool {
        later.resident <= self.resident + (32 << 10)
            && later.threads <= self.threads + 4
            && later.files <= self.files + 4
    }
}

#[test]
fn nothing_is_left_of_hostile_tenants() {
    let host = Host::start(&config());
    let expected = host.call("good").send();
    assert!(expected.text().contains("y'all"), "{}", expected.text());

    load(&host, &expected.body, WARM_UP);
    std::thread::sleep(Duration::from_millis(500));
    let before = Level::of(&host);
    load(&host, &expected.body, SOAK);
    let since = Instant::now();
    loop {
        let after = Level::of(&host);
        if before.is_back(&after) {
            break;
        }
        assert!(
            since.elapsed() < PATIENCE,
            "before: {before:?}, afterwards: {after:?}"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(host.call("good").send().body, expected.body);
}

fn config() -> String {
    let mut config = "[tenants.good]\n[assistants.good]\ntenant = \"good\"\n\
        auth = { kind = \"none\" }\non_fault = \"fail\"\n\
        pipeline = [{ plugin = \"southern-charm\" }]\n"
        .to_owned();
    for (guest, settings) in HOSTILE {
        write!(
            config,
            "[tenants.{guest}]\n[assistants.{guest}]\ntenant = \"{guest}\"\n\
             auth = {{ kind = \"none\" }}\non_fault = \"fail\"\n\
             pipeline = [{{ plugin = \"{guest}\", settings = {settings}, \
             limits = {{ timeout = \"200ms\" }} }}]\n"
        )
        .unwrap();
    }
    config
}

/// All of them at once for a time. Every good answer has to be the right one, and every
/// hostile one has to come.
fn load(host: &Host, expected: &[u8], duration: Duration) {
    let begun = Instant::now();
    let goes_on = || begun.elapsed() < duration;
    let gone = AtomicU32::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while goes_on() {
                let answer = host.call("good").send();
                assert_eq!(answer.body, expected, "{}", answer.text());
            }
        });
        for first in 0..4 {
            scope.spawn(move || {
                let in_turn = HOSTILE.iter().cycle().skip(first * 2);
                for (guest, _) in in_turn.take_while(|_| goes_on()) {
                    let answer = host.call(guest).send();
                    assert!(answer.status >= 500, "{guest}: {}", answer.text());
                }
            });
        }
        scope.spawn(|| {
            for (guest, _) in HOSTILE.iter().cycle().take_while(|_| goes_on()) {
                go_away(host, guest, gone.fetch_add(1, Relaxed));
            }
        });
    });
    assert!(gone.into_inner() > 10);
}

/// Sends a request or a part of it, and closes the connection after some milliseconds.
fn go_away(host: &Host, guest: &str, number: u32) {
    let mut bytes = post_body(&format!("/webhooks/{guest}"), SAMPLE);
    if number.is_multiple_of(3) {
        bytes.truncate(bytes.len() / 2);
    }
    let connection = Connection::with(host.address, bytes);
    std::thread::sleep(Duration::from_millis(u64::from(number % 7) * 5));
    drop(connection);
}
