//! What is wrong with a Redis server, in words that name it and say what to do: TLS, the
//! login, what its user may do, and servers of other kinds.

use super::{config, did, error};
use crate::support::{Host, Redis};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use tempfile::TempDir;

/// A host whose store has these keys in `redis`.
fn host(keys: &str) -> Host {
    let store = format!("redis = {{ {keys} }}\nsecrets = [\"env:STATE_SECRET\"]\ntimeout = \"5s\"");
    Host::start(&config(&store, ""))
}

fn set(host: &Host) -> Value {
    did(host, "one-first", json!([["set", "k", "v"]]))[0].clone()
}

/// That nothing can be kept, and that the log says why, with the server's name and without
/// the password.
#[track_caller]
fn fails(host: &Host, address: &str, words: &[&str]) {
    let failed = set(host);
    let known = [error("the store is gone"), error("the store is too slow")];
    assert!(known.contains(&failed), "{failed}");
    let line = host.logged(&["the plugin's key-value operation failed", address]);
    for word in words {
        assert!(line.contains(word), "no `{word}` in {line}");
    }
    for secret in ["secret-of-the-store", "purple unicorn"] {
        assert!(!host.log().contains(secret), "{line}");
    }
}

/// Files of certificates: `ca.pem`, what it certifies in `cert.pem` and `client.pem`, with
/// their keys, and another root in `other.pem`.
fn certificates() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    // Who has the name of its issuer counts as its own.
    let named = |name: &str, addresses: &[&str]| {
        let addresses = addresses
            .iter()
            .map(|it| (*it).to_owned())
            .collect::<Vec<_>>();
        let mut params = CertificateParams::new(addresses).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params
    };
    let root = |name: &str| {
        let mut params = named(name, &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    };
    let (ca, other) = (root("a root"), root("another root"));
    write("ca.pem", ca.pem());
    write("other.pem", other.pem());
    for (name, key_name) in [("cert.pem", "key.pem"), ("client.pem", "client-key.pem")] {
        let key = KeyPair::generate().unwrap();
        let params = named(name, &["127.0.0.1"]);
        let certificate = params.signed_by(&key, &ca).unwrap();
        write(name, certificate.pem());
        write(key_name, key.serialize_pem());
    }
    folder
}

fn ca(folder: &TempDir, name: &str) -> String {
    format!("ca = '{}'", folder.path().join(name).display())
}

fn start_tls(folder: &Path, clients: &str, more: &str) -> Redis {
    let folder = folder.display();
    Redis::start_tls(&format!(
        "--tls-cert-file {folder}/cert.pem --tls-key-file {folder}/key.pem \
         --tls-ca-cert-file {folder}/ca.pem --tls-auth-clients {clients} {more}"
    ))
}

#[test]
fn tls_is_spoken_with_a_root_of_ones_own_and_with_no_other() {
    let folder = certificates();
    let redis = start_tls(folder.path(), "no", "--requirepass secret-of-the-store");
    let url = format!("url = \"rediss://{}\"", redis.address());
    let password = "password = \"env:STORE_PASSWORD\"";
    let good = host(&format!("{url}, {password}, {}", ca(&folder, "ca.pem")));
    assert_eq!(set(&good), Value::Null);
    let done = did(&good, "one-first", json!([["get", "k"], ["list"]]));
    assert_eq!(done, json!(["v", { "keys": ["k"], "pages": 1 }]));
    let wrong_root = host(&format!("{url}, {password}, {}", ca(&folder, "other.pem")));
    let words = ["its certificate is not trusted", "UnknownIssuer", "`ca`"];
    fails(&wrong_root, &redis.address(), &words);
    let ca = ca(&folder, "ca.pem");
    let wrong_password = host(&format!("{url}, {ca}, password = \"env:SECRET\""));
    let words = ["it refuses the password, or the user"];
    fails(&wrong_password, &redis.address(), &words);
    let no_password = host(&format!("{url}, {ca}"));
    fails(&no_password, &redis.address(), &["it wants a password"]);
    let plain = host(&format!("url = \"redis://{}\"", redis.address()));
    fails(
        &plain,
        &redis.address(),
        &["write rediss:// instead of redis://"],
    );
}

#[test]
fn a_port_without_tls_is_told_from_a_slow_one() {
    let folder = certificates();
    let redis = Redis::start("");
    let url = format!("url = \"rediss://{}\"", redis.address());
    let host = host(&format!("{url}, {}", ca(&folder, "ca.pem")));
    fails(
        &host,
        &redis.address(),
        &["write redis:// instead of rediss://"],
    );
}

#[test]
fn a_server_may_want_a_certificate_of_its_clients() {
    let folder = certificates();
    let redis = start_tls(folder.path(), "yes", "");
    let keys = format!(
        "url = \"rediss://{}\", {}",
        redis.address(),
        ca(&folder, "ca.pem")
    );
    let without = host(&keys);
    fails(&without, &redis.address(), &["`client` of `redis`"]);
    let at = folder.path().display();
    let client =
        format!("client = {{ certificate = '{at}/client.pem', key = '{at}/client-key.pem' }}");
    let with = host(&format!("{keys}, {client}"));
    assert_eq!(set(&with), Value::Null, "{}", with.log());
    let other_key = client.replace("client-key.pem", "key.pem");
    let said = Host::check(&config(
        &format!("redis = {{ {keys}, {other_key} }}\nsecrets = [\"env:STATE_SECRET\"]"),
        "",
    ));
    assert!(said.contains("is not the certificate's"), "{said}");
}

/// What the README says that a user of the server has to be able to do.
const NEEDED: [&str; 17] = [
    "mget",
    "evalsha",
    "script|load",
    "getrange",
    "zrangebylex",
    "time",
    "pttl",
    "pexpire",
    "hget",
    "hset",
    "hdel",
    "hincrby",
    "zadd",
    "zrem",
    "zrangebyscore",
    "set",
    "del",
];

#[test]
fn a_user_needs_these_commands_and_no_more() {
    let readme = std::fs::read_to_string(crate::support::repository().join("README.md")).unwrap();
    let commands = NEEDED.map(|command| format!("+{command}")).join(" ");
    assert!(readme.contains(&format!("~retort:* {commands}`")));
    let redis = Redis::start(&format!(
        "--user retort on >secret-of-the-store ~retort:* {commands}"
    ));
    let url = format!("url = \"redis://retort@{}\"", redis.address());
    let host = host(&format!("{url}, password = \"env:STORE_PASSWORD\""));
    let everything = || {
        redis.command(&[b"SCRIPT", b"FLUSH"]);
        let operations = json!([
            ["set", "k", "v"],
            ["set", "k", "w"],
            ["get", "k"],
            ["exists", "k"],
            ["list"],
            ["delete", "k"],
            ["get", "k"],
        ]);
        did(&host, "one-first", operations)
    };
    let list = json!({ "keys": ["k"], "pages": 1 });
    let all = json!([null, null, "w", true, list, null, null]);
    assert_eq!(everything(), all, "{}", host.log());
    for command in NEEDED {
        let rule = |sign: char| format!("{sign}{command}").into_bytes();
        redis.command(&[b"ACL", b"SETUSER", b"retort", &rule('-')]);
        let done = everything();
        assert!(
            done.to_string().contains("the store is gone"),
            "{command} is not needed"
        );
        host.logged(&[
            &redis.address(),
            "its user may not do what is needed",
            "[keyvalue]",
        ]);
        redis.command(&[b"ACL", b"SETUSER", b"retort", &rule('+')]);
        redis.command(&[b"FLUSHALL"]);
    }
    assert_eq!(everything(), all);
    let wrong_user = self::host(&format!(
        "url = \"redis://nobody@{}\", password = \"env:STORE_PASSWORD\"",
        redis.address()
    ));
    fails(
        &wrong_user,
        &redis.address(),
        &["it refuses the password, or the user"],
    );
    let database = self::host(&format!("url = \"redis://{}/99\"", redis.address()));
    fails(
        &database,
        &redis.address(),
        &["it refuses the database of the URL"],
    );
}

#[test]
fn a_replica_and_a_node_of_a_cluster_are_told_as_such() {
    let primary = Redis::start("");
    let replica = Redis::start("");
    let port = primary.address().split_once(':').unwrap().1.to_owned();
    let answer = replica.command(&[b"REPLICAOF", b"127.0.0.1", port.as_bytes()]);
    assert_eq!(answer, b"+OK\r\n");
    let on_replica = host(&format!("url = \"redis://{}\"", replica.address()));
    fails(
        &on_replica,
        &replica.address(),
        &["it is a replica, which takes no changes", "primary"],
    );
    let node = Redis::start("--cluster-enabled yes --cluster-port 0");
    let on_node = host(&format!("url = \"redis://{}\"", node.address()));
    let cluster = ["a node of a Redis Cluster", "not supported"];
    fails(&on_node, &node.address(), &cluster);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    // Says of every key that another node has it. It ends with the process.
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            std::thread::spawn(move || {
                let mut bytes = [0; 4_096];
                while let Ok(length) = connection.read(&mut bytes) {
                    let commands = bytes[..length].iter().filter(|byte| **byte == b'*').count();
                    let moved = b"-MOVED 8715 127.0.0.1:7001\r\n".repeat(commands);
                    if length == 0 || connection.write_all(&moved).is_err() {
                        return;
                    }
                }
            });
        }
    });
    let on_other = host(&format!("url = \"redis://{address}\""));
    fails(&on_other, &address, &["a node of a Redis Cluster", "8715"]);
}
