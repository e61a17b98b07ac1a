//! Callers that hold on to the server: too many, too slow, or with floods of frames.

mod http2;

use crate::support::{Connection, Host, SAMPLE, post, post_body, retort};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than anything here takes, shorter than any default that would end it.
const SOON: Duration = Duration::from_secs(8);

/// An assistant without stages, and these lines for the server.
fn serve(lines: &str) -> Host {
    Host::start(&format!(
        "[server]\n{lines}\n[assistants.a]\ntenant = \"t\"\nauth = {{ kind = \"none\" }}\n"
    ))
}

fn ready(host: &Host) -> Connection {
    let mut connection = Connection::with(host.address, "GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!(connection.answer().text(), "ready\n");
    connection
}

#[test]
fn the_connection_that_was_idle_for_longest_makes_room() {
    let host = serve("connections = 2");
    let mut first = ready(&host);
    let mut second = ready(&host);
    // The second is now the one that has been idle for longest.
    first.send("GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!(first.answer().status, 200);
    let mut third = ready(&host);
    assert_eq!(second.closed(), b"");
    for connection in [&mut first, &mut third] {
        connection.send(post_body("/webhooks/a", SAMPLE));
        assert_eq!(connection.answer().status, 200);
    }
    host.logged(&[
        "server.connections is reached",
        "limit=2",
        "idle_closed=1",
        "refused=0",
    ]);
}

#[test]
fn a_crowd_of_silent_connections_keeps_nobody_out() {
    let host = serve("connections = 20");
    let silent: Vec<_> = (0..200).map(|_| Connection::open(host.address)).collect();
    assert_eq!(host.call("a").send().status, 200);
    drop(silent);
    assert_eq!(host.call("a").send().status, 200);
    let lines = host.log().matches("server.connections is reached").count();
    assert!(lines < 10, "{lines} lines");
}

#[test]
fn where_all_are_busy_a_new_connection_is_refused() {
    let host = serve("connections = 2\nbody_timeout = \"20s\"");
    let begin = post(
        "/webhooks/a",
        &format!("content-length: {}\nexpect: 100-continue", SAMPLE.len()),
        "",
    );
    let mut busy: Vec<_> = (0..2)
        .map(|_| Connection::with(host.address, &begin))
        .collect();
    for connection in &mut busy {
        assert_eq!(connection.answer().status, 100);
    }
    assert_eq!(Connection::open(host.address).closed(), b"");
    host.logged(&["server.connections is reached", "limit=2", "refused=1"]);
    for connection in &mut busy {
        connection.send(SAMPLE);
        assert_eq!(connection.answer().status, 200);
    }
    // There is room again, as soon as one of them is idle.
    ready(&host);
}

#[test]
fn too_few_files_for_the_connections_are_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("retort.toml");
    std::fs::write(&file, "[server]\nconnections = 1000\n").unwrap();
    let mut server = Command::new("sh")
        .args(["-c", "ulimit -n 300; exec \"$@\"", "sh"])
        .arg(retort().get_program())
        .args(["serve", "--allow-empty"])
        .args(["--listen", "127.0.0.1:0", "--config"])
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(server.stderr.take().unwrap()).lines();
    let warning = lines
        .map_while(Result::ok)
        .find(|line| line.contains("fewer files"));
    server.kill().unwrap();
    server.wait().unwrap();
    let warning = warning.unwrap();
    for part in ["WARN", "connections=1000", "needed=1128", "allowed=300"] {
        assert!(warning.contains(part), "{warning}");
    }
}

#[test]
fn idle_timeout() {
    let host = serve("idle_timeout = \"300ms\"");
    let start = Instant::now();
    let mut connection = ready(&host);
    assert_eq!(connection.closed(), b"");
    assert!(start.elapsed() >= Duration::from_millis(300));
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}

#[test]
fn head_timeout_is_for_the_head_and_not_for_the_wait_before_it() {
    let host = serve("head_timeout = \"300ms\"\nidle_timeout = \"60s\"");
    let mut connection = ready(&host);
    std::thread::sleep(Duration::from_millis(900));
    connection.send("GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!(connection.answer().status, 200);
    // A second head that drips has no more time than the first.
    let start = Instant::now();
    connection.send("GET /readyz HT");
    assert_eq!(connection.closed(), b"");
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}

#[test]
fn body_timeout() {
    let host = serve("body_timeout = \"300ms\"");
    let start = Instant::now();
    let head = post(
        "/webhooks/a",
        &format!("content-length: {}", SAMPLE.len()),
        "",
    );
    let mut dripping = Connection::with(host.address, head);
    for byte in SAMPLE.bytes().take(60) {
        std::thread::sleep(Duration::from_millis(10));
        dripping.send([byte]);
    }
    let answer = dripping.answer();
    answer.is_problem(408, "did not arrive within 300 ms");
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}

/// A body that no socket's buffers hold.
fn long_body() -> String {
    let text = "x".repeat(30 << 20);
    format!(r#"{{"event":{{"name":"message_processed"}},"payload":{{"text":"{text}"}}}}"#)
}

#[test]
fn write_timeout() {
    let host = serve("write_timeout = \"300ms\"\nbody = \"64MiB\"");
    let mut deaf = Connection::with(host.address, post_body("/webhooks/a", long_body()));
    host.logged(&["a caller did not take its answer"]);
    let read = deaf.closed().len();
    assert!(read < 30 << 20, "{read} bytes were there all the same");
    // Whoever reads gets all of it.
    let mut reader = Connection::with(host.address, post_body("/webhooks/a", long_body()));
    assert_eq!(reader.answer().body.len(), long_body().len());
}

#[test]
fn forwarded_headers_change_nothing() {
    let host = Host::start(
        r#"
        [assistants.a]
        tenant = "t"
        auth = { kind = "none" }
        on_fault = "fail"
        pipeline = [{ plugin = "echo", settings = { as = "invocation" } }]
        "#,
    );
    let plain = host.call("a").header("x-request-id", "id").send();
    let forwarded = host
        .call("a")
        .header("x-request-id", "id")
        .header(
            "forwarded",
            "for=192.0.2.77;host=elsewhere.example;proto=https",
        )
        .header("x-forwarded-for", "192.0.2.77")
        .header("x-forwarded-host", "elsewhere.example")
        .header("x-forwarded-proto", "https")
        .header("x-real-ip", "192.0.2.77")
        .send();
    assert_eq!((plain.status, forwarded.status), (200, 200));
    assert_eq!(plain.json(), forwarded.json());
    let told = forwarded.text();
    for foreign in ["192.0.2.77", "elsewhere"] {
        assert!(!told.contains(foreign), "{told}");
        assert!(!host.log().contains(foreign), "{}", host.log());
    }
}

#[test]
fn a_proxy_preamble_is_not_http() {
    let host = serve("");
    for preamble in [
        &b"PROXY TCP4 192.0.2.77 192.0.2.1 4000 80\r\nGET /readyz HTTP/1.1\r\nhost: x\r\n\r\n"[..],
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x4d\xc0\0\x02\x01\x0f\xa0\0\x50",
    ] {
        let answer = Connection::with(host.address, preamble).closed();
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    ready(&host);
}
