//! What is the same wherever entries are.

use super::{config, did, error};
use crate::support::{Host, Redis};
use serde_json::json;
use std::time::Duration;
use tempfile::TempDir;

/// Where entries are, with the lines of `[keyvalue]` for it.
enum Place {
    File(TempDir),
    Redis(Redis),
}

impl Place {
    fn lines(&self, secrets: &str) -> String {
        let place = match self {
            Self::File(folder) => format!("file = '{}'", folder.path().join("state").display()),
            Self::Redis(redis) => format!("redis = {{ url = \"{}\" }}", redis.url()),
        };
        format!("{place}\nsecrets = [{secrets}]")
    }

    fn host(&self, terms: &str) -> Host {
        Host::start(&config(&self.lines("\"env:STATE_SECRET\""), terms))
    }
}

macro_rules! in_both {
    ($($name:ident),* $(,)?) => {
        mod in_a_file {
            $(#[test] fn $name() {
                super::$name(&super::Place::File(tempfile::tempdir().unwrap()));
            })*
        }
        mod on_redis {
            $(#[test] fn $name() {
                super::$name(&super::Place::Redis(super::Redis::start("")));
            })*
        }
    };
}

in_both!(
    keeps_what_is_set,
    plugins_and_tenants_have_their_own,
    plugins_that_name_a_store_share_it_within_a_tenant,
    expires,
    has_limits,
    a_quota_is_exact_however_many_ask_at_once,
    lists_by_pages,
    secrets_are_changed_while_it_serves,
);

fn keeps_what_is_set(place: &Place) {
    let host = place.host("");
    let done = did(
        &host,
        "one-first",
        json!([
            ["get", "k"],
            ["exists", "k"],
            ["set", "k", "v"],
            ["get", "k"],
            ["exists", "k"],
            ["set", "k", "w"],
            ["set", "", ""],
            ["set", "clé 🙂", "z"],
        ]),
    );
    assert_eq!(
        done,
        json!([null, false, null, "v", true, null, null, null])
    );
    let done = did(
        &host,
        "one-first",
        json!([
            ["get", "k"],
            ["get", ""],
            ["exists", ""],
            ["get", "clé 🙂"],
            ["list"],
            ["delete", "k"],
            ["delete", "k"],
            ["get", "k"],
            ["list"],
        ]),
    );
    assert_eq!(
        done,
        json!([
            "w", "", true, "z", { "keys": ["", "clé 🙂", "k"], "pages": 1 },
            null, null, null, { "keys": ["", "clé 🙂"], "pages": 1 },
        ])
    );
}

const OWN: [&str; 6] = [
    "one-first",
    "one-second",
    "one-together",
    "two-first",
    "two-second",
    "two-shares",
];

fn plugins_and_tenants_have_their_own(place: &Place) {
    let host = place.host("");
    for assistant in OWN {
        did(&host, assistant, json!([["set", "k", assistant]]));
        did(&host, assistant, json!([["set", assistant, ""]]));
    }
    for assistant in OWN {
        let done = did(&host, assistant, json!([["get", "k"], ["list"]]));
        let mut keys = ["k", assistant];
        keys.sort_unstable();
        assert_eq!(done, json!([assistant, { "keys": keys, "pages": 1 }]));
    }
    did(&host, "one-first", json!([["delete", "k"]]));
    let left = |assistant: &str| did(&host, assistant, json!([["get", "k"]]));
    assert_eq!(left("one-first"), json!([null]));
    for assistant in &OWN[1..] {
        assert_eq!(left(assistant), json!([assistant]));
    }
}

fn plugins_that_name_a_store_share_it_within_a_tenant(place: &Place) {
    let host = place.host("");
    did(&host, "one-shares", json!([["set", "k", "v"]]));
    let seen = |assistant: &str| did(&host, assistant, json!([["get", "k"]]));
    assert_eq!(seen("one-joins"), json!(["v"]));
    for other in ["two-joins", "two-shares", "one-together", "one-first"] {
        assert_eq!(seen(other), json!([null]), "{other}");
    }
}

fn expires(place: &Place) {
    let host = place.host("ttl = \"1s\", quota = \"1KiB\"");
    let set = json!([["fill", "k", 800], ["exists", "k"]]);
    assert_eq!(did(&host, "one-first", set), json!([null, true]));
    did(&host, "one-second", json!([["set", "k", "v"]]));
    std::thread::sleep(Duration::from_millis(1_100));
    let done = did(
        &host,
        "one-first",
        // It does not count against the quota either.
        json!([
            ["get", "k"],
            ["exists", "k"],
            ["list"],
            ["fill", "l", 800],
            ["exists", "l"]
        ]),
    );
    let none = json!({ "keys": [], "pages": 1 });
    assert_eq!(done, json!([null, false, none, null, true]));
    assert_eq!(
        did(&host, "one-second", json!([["get", "k"]])),
        json!(["v"])
    );
}

fn has_limits(place: &Place) {
    let host = place.host("quota = \"2KiB\", value = 1000");
    let (fits, too_long) = ("k".repeat(1_024), "k".repeat(1_025));
    let full = error("the quota of 2048 bytes does not have room for this entry");
    let done = did(
        &host,
        "one-first",
        json!([
            ["fill", "k", 1_001],
            ["set", too_long, ""],
            ["get", too_long],
            // 64 and 1 and 959 bytes are half of it.
            ["fill", "k", 959],
            ["fill", "l", 960],
            ["fill", "l", 959],
            ["set", "m", ""],
            // What is there can be replaced by something as large, and makes room.
            ["fill", "k", 959],
            ["fill", "k", 960],
            ["delete", "k"],
            ["set", fits, ""],
        ]),
    );
    assert_eq!(
        done,
        json!([
            error("the value has 1001 bytes; it can have 1000"),
            error("the key has 1025 bytes; it can have 1024"),
            error("the key has 1025 bytes; it can have 1024"),
            null,
            full,
            null,
            full,
            null,
            full,
            null,
            full,
        ])
    );
    // Once for each call, with the plugin's name.
    host.logged(&[
        "WARN",
        "the plugin's key-value operation failed",
        "plugin=\"first\"",
    ]);
    assert_eq!(host.log().matches("key-value operation failed").count(), 1);
    let done = did(
        &host,
        "two-first",
        json!([["fill", "k", 959], ["set", fits, ""]]),
    );
    assert_eq!(done, json!([null, full]), "a tenant's quota is its own");
}

fn a_quota_is_exact_however_many_ask_at_once(place: &Place) {
    // 64 and 2 and 100 bytes fit six times.
    let host = place.host("quota = \"1KiB\"");
    let set = |number: usize| {
        let key = format!("{number:02}");
        did(&host, "one-first", json!([["fill", key, 100]]))
    };
    let set = &set;
    let done: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16).map(|n| scope.spawn(move || set(n))).collect();
        threads.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let kept = done.iter().filter(|it| **it == json!([null])).count();
    assert_eq!(kept, 6, "{done:?}");
    let listed = did(&host, "one-first", json!([["list"]]));
    assert_eq!(listed[0]["keys"].as_array().unwrap().len(), 6);
}

fn lists_by_pages(place: &Place) {
    let host = place.host("");
    let keys: Vec<_> = (0..250).map(|number| format!("{number:03}")).collect();
    let sets: Vec<_> = keys.iter().map(|key| json!(["set", key, "v"])).collect();
    did(&host, "one-first", json!(sets));
    let done = did(&host, "one-first", json!([["list"], ["page", u64::MAX]]));
    assert_eq!(done, json!([{ "keys": keys, "pages": 3 }, []]));
}

fn secrets_are_changed_while_it_serves(place: &Place) {
    let store = |secrets: &str| config(&place.lines(secrets), "");
    let host = Host::start(&store("\"env:OLD_STATE_SECRET\""));
    let change = |secrets: &str, times: usize| {
        host.configure(&store(secrets));
        host.signal("HUP");
        host.logged_times("the new configuration serves", times);
    };
    did(
        &host,
        "one-first",
        json!([["set", "k", "v"], ["set", "l", "v"]]),
    );
    change("\"env:STATE_SECRET\", \"env:OLD_STATE_SECRET\"", 1);
    let done = did(
        &host,
        "one-first",
        json!([
            ["get", "k"],
            ["list"],
            ["set", "k", "w"],
            ["get", "k"],
            ["list"]
        ]),
    );
    let both = json!({ "keys": ["k", "l"], "pages": 1 });
    assert_eq!(done, json!(["v", both, null, "w", both]));
    change("\"env:STATE_SECRET\"", 2);
    let done = did(
        &host,
        "one-first",
        json!([["get", "k"], ["get", "l"], ["list"]]),
    );
    let new = json!({ "keys": ["k"], "pages": 1 });
    assert_eq!(
        done,
        json!(["w", null, new]),
        "what the old secret sealed is out of reach"
    );
}
