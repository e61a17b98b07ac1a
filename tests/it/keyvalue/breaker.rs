//! A store that hangs costs some requests its timeout, and all others nothing.

use super::{config, did, error, send};
use crate::support::{Host, Redis};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const ANSWERS_AGAIN: &str = "the key-value store answers again";

fn set(host: &Host) -> Value {
    did(host, "one-first", json!([["set", "k", "v"]]))[0].clone()
}

fn store(url: &str, timeout: &str) -> String {
    let store = format!(
        "redis = {{ url = \"{url}\" }}\nsecrets = [\"env:STATE_SECRET\"]\ntimeout = \"{timeout}\""
    );
    format!("[admin]\nlisten = \"127.0.0.1:0\"\n{}", config(&store, ""))
}

fn comes_back(host: &Host) {
    let start = Instant::now();
    while set(host) != Value::Null {
        assert!(start.elapsed() < Duration::from_secs(30), "{}", host.log());
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn up(host: &Host) -> (f64, Value) {
    let metric = host.metric("retort_keyvalue_up{backend=\"redis\"}");
    let mut status = host.admin_get("/status").json();
    (metric, status["keyvalue"]["up"].take())
}

#[test]
fn a_store_that_hangs_is_not_waited_for_by_every_request() {
    let redis = Redis::start("");
    let host = Host::start(&store(&redis.url(), "300ms"));
    assert_eq!(set(&host), Value::Null);
    assert_eq!(up(&host), (1.0, json!(true)));
    redis.signal("STOP");
    let silent = error("the store does not answer");
    let slow = error("the store is too slow");
    let (mut waited, mut spared) = (0, 0);
    while spared < 40 {
        let done = set(&host);
        assert!(done == slow || done == silent, "{done}");
        waited += u32::from(done == slow);
        spared += u32::from(done == silent);
    }
    // Five open it; then one is tried after each of longer and longer pauses.
    assert!((5..20).contains(&waited), "{waited}\n{}", host.log());
    assert_eq!(up(&host), (0.0, json!(false)));
    redis.signal("CONT");
    comes_back(&host);
    assert_eq!(up(&host), (1.0, json!(true)));
    host.logged(&["ERROR", "the key-value store does not answer"]);
    host.logged(&["INFO", ANSWERS_AGAIN]);
    let log = host.log();
    let lines = |words: &str| log.lines().filter(|line| line.contains(words)).count();
    assert_eq!(lines("the key-value store does not answer"), 1, "{log}");
    assert_eq!(lines(ANSWERS_AGAIN), 1, "{log}");
    assert_eq!(
        lines("the plugin's key-value operation failed"),
        usize::try_from(waited).unwrap(),
        "{log}"
    );
}

#[test]
fn stages_with_less_time_than_the_store_notice_it_as_well() {
    let redis = Redis::start("");
    let text = store(&redis.url(), "20s").replace("timeout = \"25s\"", "timeout = \"400ms\"");
    let host = Host::start(&text);
    works_in_time(&host);
    redis.signal("STOP");
    let operation = json!([["set", "k", "v"]]);
    let start = Instant::now();
    let mut late = 0;
    // Each of these is cut off by its stage, until the store is not asked any more.
    loop {
        let answer = send(&host, "one-first", &operation);
        if answer.status == 200 {
            let did = &answer.json()["payload"]["did"];
            assert_eq!(*did, json!([error("the store does not answer")]));
            break;
        }
        assert_eq!(answer.status, 504);
        late += 1;
        assert!(start.elapsed() < Duration::from_secs(30), "{late}");
    }
    assert!(late >= 5, "{late}");
    redis.signal("CONT");
    let start = Instant::now();
    while send(&host, "one-first", &operation).json()["payload"]["did"] != json!([null]) {
        assert!(start.elapsed() < Duration::from_secs(30), "{}", host.log());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Passes bytes on to a server and back, but for connections that are dead.
fn forwarder(server: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    // So many of the first connections are dead.
    let dead = Arc::new(AtomicUsize::new(0));
    let are_dead = Arc::clone(&dead);
    // It ends with the process.
    std::thread::spawn(move || {
        for (number, client) in listener.incoming().enumerate() {
            let client = client.unwrap();
            let server = TcpStream::connect(&server).unwrap();
            for (mut from, mut to) in [
                (client.try_clone().unwrap(), server.try_clone().unwrap()),
                (server, client),
            ] {
                let dead = Arc::clone(&are_dead);
                std::thread::spawn(move || {
                    let mut bytes = [0; 4_096];
                    while let Ok(length) = from.read(&mut bytes) {
                        if length == 0 {
                            return;
                        }
                        if number >= dead.load(Ordering::Relaxed)
                            && to.write_all(&bytes[..length]).is_err()
                        {
                            return;
                        }
                    }
                });
            }
        }
    });
    (url, dead)
}

#[test]
fn a_dead_connection_is_left_although_no_stage_waits_for_the_timeout() {
    let redis = Redis::start("");
    let (url, dead) = forwarder(redis.address());
    let text = store(&url, "30s").replace("timeout = \"25s\"", "timeout = \"400ms\"");
    let host = Host::start(&text);
    works_in_time(&host);
    dead.store(1, Ordering::Relaxed);
    let operation = json!([["set", "k", "v"]]);
    assert_eq!(send(&host, "one-first", &operation).status, 504);
    works_in_time(&host);
}

/// Sets until it is done within the stage's little time, which a busy machine may miss.
fn works_in_time(host: &Host) {
    let operation = json!([["set", "k", "v"]]);
    let start = Instant::now();
    loop {
        let answer = send(host, "one-first", &operation);
        if answer.status == 200 && answer.json()["payload"]["did"] == json!([null]) {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{}", host.log());
        std::thread::sleep(Duration::from_millis(20));
    }
}
