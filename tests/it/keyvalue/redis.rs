//! A Redis server that is gone, slow, full, closed to strangers, or none at all.

use super::{config, did, error};
use crate::support::{Host, Redis};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// A host whose store is at this address, with more lines in the table.
fn host(url: &str, password: &str, lines: &str) -> Host {
    Host::start(&config(
        &format!(
            "redis = {{ url = \"{url}\" {password} }}\nsecrets = [\"env:STATE_SECRET\"]\n{lines}"
        ),
        "quota = \"100MiB\", value = \"1MiB\"",
    ))
}

fn set(host: &Host) -> Value {
    did(host, "one-first", json!([["set", "k", "v"]]))[0].clone()
}

/// Operations until one is good again.
fn comes_back(host: &Host) {
    let start = Instant::now();
    while set(host) != Value::Null {
        assert!(start.elapsed() < Duration::from_secs(20), "{}", host.log());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn two_hosts_share_what_is_kept() {
    let redis = Redis::start("");
    let (one, other) = (host(&redis.url(), "", ""), host(&redis.url(), "", ""));
    assert_eq!(set(&one), Value::Null);
    let done = did(
        &other,
        "one-first",
        json!([["get", "k"], ["set", "k", "w"]]),
    );
    assert_eq!(done, json!(["v", null]));
    assert_eq!(did(&one, "one-first", json!([["get", "k"]])), json!(["w"]));
}

#[test]
fn a_server_that_is_gone_is_an_error_until_it_is_back() {
    let mut redis = Redis::start("");
    let host = host(&redis.url(), "", "timeout = \"2s\"");
    assert_eq!(set(&host), Value::Null);
    redis.kill();
    assert_eq!(set(&host), error("the store is gone"));
    assert_eq!(set(&host), error("the store is gone"));
    host.logged(&["key-value operation failed", "Connection refused"]);
    redis.start_again();
    comes_back(&host);
}

#[test]
fn a_server_that_is_not_there_yet_is_no_reason_not_to_start() {
    let mut redis = Redis::start("");
    redis.kill();
    let host = host(&redis.url(), "", "");
    assert_eq!(set(&host), error("the store is gone"));
    redis.start_again();
    comes_back(&host);
}

#[test]
fn a_server_that_is_slow_is_an_error_within_the_timeout() {
    let redis = Redis::start("");
    let host = host(&redis.url(), "", "timeout = \"300ms\"");
    assert_eq!(set(&host), Value::Null);
    redis.signal("STOP");
    let start = Instant::now();
    assert_eq!(set(&host), error("the store is too slow"));
    let waited = start.elapsed();
    assert!(waited < Duration::from_secs(10), "{waited:?}");
    redis.signal("CONT");
    comes_back(&host);
}

#[test]
fn what_is_no_redis_server_is_an_error() {
    for garbage in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        &[0; 4_096],
        b"$99999999999\r\n",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        // It ends with the process; each connection gets garbage and stays open.
        std::thread::spawn(move || {
            let mut open = Vec::new();
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let _ = connection.read(&mut [0; 64]);
                let _ = connection.write_all(garbage);
                open.push(connection);
            }
        });
        let host = host(&url, "", "timeout = \"500ms\"");
        let failed = set(&host)["error"].as_str().unwrap().to_owned();
        let known = ["the store is gone", "the store is too slow"];
        assert!(known.contains(&failed.as_str()), "{failed}");
        assert_eq!(
            did(&host, "one-first", json!([["open", ""]])),
            json!([null])
        );
    }
}

#[test]
fn a_server_that_is_full_is_an_error() {
    let redis = Redis::start("--maxmemory 4mb --maxmemory-policy noeviction");
    let host = host(&redis.url(), "", "");
    let full = (0..20).find_map(|number| {
        let fill = did(
            &host,
            "one-first",
            json!([["fill", number.to_string(), 900_000]]),
        );
        fill[0].get("error").cloned()
    });
    assert_eq!(full, Some(json!("the store is full")));
    let done = did(
        &host,
        "one-first",
        json!([["exists", "0"], ["delete", "0"], ["exists", "0"]]),
    );
    assert_eq!(done, json!([true, null, false]));
}

#[test]
fn a_password_is_needed_where_there_is_one() {
    // The one that the environment of the tests has.
    let redis = Redis::start("--requirepass secret-of-the-store");
    let good = host(&redis.url(), ", password = \"env:STORE_PASSWORD\"", "");
    assert_eq!(set(&good), Value::Null);
    let none = host(&redis.url(), "", "");
    assert_eq!(set(&none), error("the store is gone"));
    let wrong = host(&redis.url(), ", password = \"env:SECRET\"", "");
    assert_eq!(set(&wrong), error("the store is gone"));
    for host in [&good, &none, &wrong] {
        assert!(!host.log().contains("secret-of-the-store"));
        assert!(!host.log().contains("purple unicorn"));
    }
}

#[test]
fn the_server_sees_no_names_and_no_values_and_cannot_move_them() {
    let redis = Redis::start("");
    let host = host(&redis.url(), "", "");
    did(
        &host,
        "one-first",
        json!([
            ["set", "key-in-clear", "value-in-clear"],
            ["set", "other", "x"]
        ]),
    );
    let entries: Vec<_> = redis
        .keys()
        .into_iter()
        .filter(|key| {
            !["expiries", "costs", "names"]
                .iter()
                .any(|index| key.ends_with(index))
        })
        .collect();
    assert_eq!(entries.len(), 2, "{:?}", redis.keys());
    for key in redis.keys() {
        assert!(key.starts_with("retort:{"), "{key}");
        let value = redis.command(&[b"DUMP", key.as_bytes()]);
        let all = [key.as_bytes(), &value].concat();
        for text in [&b"in-clear"[..], b"one", b"first"] {
            assert!(
                !all.windows(text.len()).any(|window| window == text),
                "{key}"
            );
        }
        let lives = String::from_utf8(redis.command(&[b"PTTL", key.as_bytes()])).unwrap();
        let milliseconds: u64 = lives.trim_start_matches(':').trim().parse().unwrap();
        assert!(milliseconds <= 3_600_000, "it ends by itself");
    }
    let copied = redis.command(&[
        b"COPY",
        entries[0].as_bytes(),
        entries[1].as_bytes(),
        b"REPLACE",
    ]);
    assert_eq!(copied, b":1\r\n");
    let done = did(
        &host,
        "one-first",
        json!([["get", "key-in-clear"], ["get", "other"]]),
    );
    let damaged = error("what is kept there is damaged");
    let done = done.as_array().unwrap();
    assert_eq!(
        done.iter().filter(|it| **it == damaged).count(),
        1,
        "{done:?}"
    );
    redis.command(&[b"SET", entries[0].as_bytes(), b"garbage"]);
    redis.command(&[b"SET", entries[1].as_bytes(), b"garbage"]);
    let done = did(
        &host,
        "one-first",
        json!([["get", "key-in-clear"], ["exists", "other"], ["list"]]),
    );
    assert_eq!(done, json!([damaged, damaged, damaged]));
}
