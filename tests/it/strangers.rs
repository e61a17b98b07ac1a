//! What strangers can have for nothing: it is counted, and does not fill the log.

use crate::support::{Connection, Host, SAMPLE, post, post_body};
use std::time::{Duration, Instant};

/// How many lines of the log at this level have these words.
fn lines(host: &Host, level: &str, words: &str) -> usize {
    let log = host.log();
    let fits = |line: &&str| line.contains(level) && line.contains(words);
    log.lines().filter(fits).count()
}

/// As many lines as seconds have begun since then, and one.
fn a_second_each(start: Instant) -> usize {
    usize::try_from(start.elapsed().as_secs()).unwrap() + 2
}

#[test]
fn refused_credentials_are_counted_by_reason_and_logged_once_a_second() {
    let start = Instant::now();
    let host = Host::start(
        "[admin]\nlisten = \"127.0.0.1:0\"\n[assistants.a]\ntenant = \"t\"\n\
         auth = { kind = \"jwt\", secrets = [\"env:SECRET\"] }\n",
    );
    for at in 0..100 {
        assert_eq!(host.call("a").send().status, 401);
        let call = host.call("a").header("authorization", "Bearer a.b");
        assert_eq!(call.send().status, 401);
        assert_eq!(host.call(&format!("made-up-{at}")).send().status, 401);
    }
    for (labels, kind) in [
        (r#"assistant="a",reason="no-header""#, "no-header"),
        (r#"assistant="a",reason="malformed""#, "malformed"),
        (
            r#"assistant="",reason="no-such-assistant""#,
            "no-such-assistant",
        ),
    ] {
        let series = format!("retort_authentication_failures_total{{{labels}}}");
        assert!((host.metric(&series) - 100.0).abs() < 0.1, "{series}");
        let warned = lines(&host, "WARN", &format!("kind=\"{kind}\""));
        assert!(
            (1..=a_second_each(start)).contains(&warned),
            "{warned} lines"
        );
    }
    assert_eq!(lines(&host, "INFO", "status=401"), 0, "{}", host.log());
    // The next line says what was left out.
    std::thread::sleep(Duration::from_millis(1_100));
    assert_eq!(host.call("a").send().status, 401);
    // Each of them is in a line, or counted in one.
    let told = || {
        let log = host.log();
        let warned = |line: &&str| line.contains("WARN") && line.contains("no-header");
        let left_out = log.lines().filter(warned).map(|line| {
            let number = line.split("left_out=").nth(1).unwrap();
            number.trim().parse::<usize>().unwrap()
        });
        left_out.map(|left_out| left_out + 1).sum::<usize>()
    };
    let start = Instant::now();
    while told() != 101 {
        let log = host.log();
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{}\n{log}",
            told()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn without_descriptors_idle_connections_make_room() {
    let start = Instant::now();
    let config = "[admin]\nlisten = \"127.0.0.1:0\"\n[assistants.a]\ntenant = \"t\"\nauth = { kind = \"none\" }\n";
    let host = Host::start_with_descriptors(config, 64);
    host.logged(&["WARN", "may open fewer files than server.connections needs"]);
    let idle: Vec<_> = (0..150).map(|_| Connection::open(host.address)).collect();
    for _ in 0..20 {
        assert_eq!(host.call("a").send().status, 200);
    }
    // The admin listener has to have one as well.
    let failures = r#"retort_accept_failures_total{listener="public",reason="no-descriptors"}"#;
    assert!(host.metric(failures) > 1.0);
    let warned = lines(&host, "WARN", "a connection could not be accepted");
    assert!(
        (1..=2 * a_second_each(start)).contains(&warned),
        "{warned} lines"
    );
    drop(idle);
    assert_eq!(host.call("a").send().status, 200);
}

#[test]
fn an_answer_that_gives_up_a_body_says_that_the_connection_ends() {
    let host = Host::start(
        "[server]\nbody = \"64KiB\"\nbody_timeout = \"300ms\"\n\
         [assistants.a]\ntenant = \"t\"\nauth = { kind = \"none\" }\n\
         [assistants.jwt]\ntenant = \"t\"\nauth = { kind = \"jwt\", secrets = [\"env:SECRET\"] }\n",
    );
    let expect = |length: usize| format!("expect: 100-continue\ncontent-length: {length}");
    let chunked = "transfer-encoding: chunked";
    for (path, lines, body, status) in [
        ("/webhooks/jwt", &*expect(100), "", 401),
        ("/nope", &*expect(100), "", 404),
        ("/webhooks/a", &*expect(100_000), "", 413),
        ("/webhooks/a", chunked, "nonsense\r\n", 400),
        ("/webhooks/a", "content-length: 100", "", 408),
    ] {
        let mut connection = Connection::with(host.address, post(path, lines, body));
        let answer = connection.answer();
        assert_eq!(answer.status, status, "{path} {lines}");
        assert_eq!(answer.header("connection"), "close", "{path} {lines}");
        assert_eq!(connection.closed(), b"");
    }
    // Where the body came, the connection goes on.
    let mut connection = Connection::open(host.address);
    for (path, status) in [("/webhooks/jwt", 401), ("/nope", 404), ("/webhooks/a", 200)] {
        connection.send(post_body(path, SAMPLE));
        let answer = connection.answer();
        assert_eq!(
            (answer.status, answer.has_header("connection")),
            (status, false)
        );
    }
}

#[test]
fn a_caller_that_has_closed_its_side_gets_its_answer() {
    let host = Host::with_stages(r#"{ plugin = "echo", settings = { as = "unchanged" } }"#);
    for _ in 0..40 {
        let get = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
        for (bytes, body) in [
            (get.as_bytes().to_vec(), "ok\n"),
            (post_body("/webhooks/a", SAMPLE), SAMPLE),
        ] {
            let mut connection = Connection::with(host.address, bytes);
            connection.finish();
            let answer = connection.answer();
            assert_eq!((answer.status, answer.text().as_str()), (200, body));
            assert_eq!(connection.closed(), b"");
        }
    }
}

#[test]
fn and_counts_as_gone_where_the_answer_takes_longer() {
    let host = Host::with_assistant(
        "timeout = \"30s\"\npipeline = [{ plugin = \"sleeps\", limits = { timeout = \"30s\" } }]",
    );
    let start = Instant::now();
    let mut connection = Connection::with(host.address, post_body("/webhooks/a", SAMPLE));
    connection.finish();
    assert_eq!(connection.closed(), b"");
    assert!(start.elapsed() < Duration::from_secs(8));
    host.logged(&["the caller went away before its answer"]);
}
