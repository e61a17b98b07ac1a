//! The server as a whole: HTTP/2, many callers at once, and how it starts and stops.

use crate::support::{Call, Connection, Host, SAMPLE, component, post, post_body, retort};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, ErrorKind};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use ureq::http::{HeaderName, Request, Response};

/// Longer than anything here takes, shorter than any default that would hold it up.
const SOON: Duration = Duration::from_secs(5);

/// Returns what it was told, the request's id among it.
const TELLS: &str = r#"
[assistants.a]
tenant = "t"
auth = { kind = "none" }
on_fault = "fail"
pipeline = [{ plugin = "echo", settings = { as = "invocation" } }]
"#;

/// Says in the log that it has begun, then sleeps for half a second.
const SLEEPS: &str = r#"
[assistants.a]
tenant = "t"
auth = { kind = "none" }
pipeline = [
    { plugin = "prints-endlessly", settings = { lines = 1 } },
    { plugin = "sleeps", settings = { milliseconds = 500 } },
]
"#;

/// A client that speaks HTTP/2 from its first byte.
fn http2() -> Client<HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http()
}

/// A good call of the assistant `a` with this request id and payload.
fn request(host: &Host, id: &str, payload: &str) -> Request<Full<Bytes>> {
    let body = format!(r#"{{"event":{{"name":"message_processed"}},"payload":{payload}}}"#);
    Request::post(format!("http://{}/webhooks/a", host.address))
        .header("content-type", "application/json")
        .header("x-request-id", id)
        .body(body.into())
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn http_2_gets_the_same_answers() {
    let host = Host::start(&format!(
        "[server]\nbody = \"64KiB\"\nhead = \"8KiB\"\n[sandbox]\nwait = \"20s\"\n{TELLS}"
    ));
    let client = http2();
    // All at once over one connection.
    let calls: Vec<_> = (0..100)
        .map(|n| {
            let request = request(&host, &format!("id-{n}"), &format!(r#"{{"n":{n}}}"#));
            tokio::spawn(client.request(request))
        })
        .collect();
    for (n, call) in calls.into_iter().enumerate() {
        let (status, id, body) = read(call.await.unwrap().unwrap()).await;
        assert_eq!((status, id), (200, format!("id-{n}")), "{body}");
        assert_eq!(body["payload"]["request_id"], format!("id-{n}"));
        assert_eq!(body["payload"]["payload"], json!({ "n": n }));
    }
    let change = |change: fn(&mut Request<Full<Bytes>>)| {
        let mut request = request(&host, "id", "{}");
        change(&mut request);
        client.request(request)
    };
    let long = |request: &mut Request<Full<Bytes>>| {
        let value = "x".repeat(9_000).parse().unwrap();
        request.headers_mut().insert("x-long", value);
    };
    let many_fields = |request: &mut Request<Full<Bytes>>| {
        for n in 0..100 {
            let name = HeaderName::try_from(format!("x-{n}")).unwrap();
            request.headers_mut().insert(name, n.into());
        }
    };
    for (answer, expected) in [
        (change(|it| *it.uri_mut() = with_path(it, "/nowhere")), 404),
        (
            change(|it| *it.uri_mut() = with_path(it, "/webhooks/b")),
            401,
        ),
        (change(|it| *it.method_mut() = "PUT".parse().unwrap()), 405),
        (change(|it| *it.body_mut() = "{}".into()), 400),
        (change(|it| *it.body_mut() = " ".repeat(70_000).into()), 413),
        (
            change(|it| drop(it.headers_mut().remove("content-type"))),
            415,
        ),
        (change(long), 431),
        (change(many_fields), 431),
    ] {
        let (status, id, body) = read(answer.await.unwrap()).await;
        assert_eq!((status, id.as_str()), (expected, "id"));
        assert_eq!(body["status"], expected, "{body}");
    }
}

fn with_path(request: &Request<Full<Bytes>>, path: &str) -> ureq::http::Uri {
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = Some(path.parse().unwrap());
    ureq::http::Uri::from_parts(parts).unwrap()
}

/// An answer's status, request id and body.
async fn read<B>(response: Response<B>) -> (u16, String, Value)
where
    B: BodyExt<Error: std::fmt::Debug>,
{
    let id = response.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, id, serde_json::from_slice(&body).unwrap())
}

#[test]
fn everybody_gets_the_own_answer() {
    let host = Host::start(&format!(
        "[sandbox]\nconcurrency = 16\nwait = \"20s\"\n{TELLS}"
    ));
    let body =
        |n: usize| format!(r#"{{"event":{{"name":"message_processed"}},"payload":{{"n":{n}}}}}"#);
    let mut callers: Vec<_> = (0..200)
        .map(|n| {
            let lines = format!("x-request-id: id-{n}\ncontent-length: {}", body(n).len());
            Connection::with(host.address, post("/webhooks/a", &lines, body(n)))
        })
        .collect();
    for (n, caller) in callers.iter_mut().enumerate() {
        let answer = caller.answer();
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("x-request-id"), format!("id-{n}"));
        let told = &answer.json()["payload"];
        assert_eq!(told["request_id"], format!("id-{n}"));
        assert_eq!(told["payload"], json!({ "n": n }));
    }
}

#[test]
fn guests_that_loop_do_not_keep_others_from_being_answered() {
    let looping = |name: &str, timeout: &str| {
        format!(
            r#"
            [assistants.{name}]
            tenant = "t"
            auth = {{ kind = "none" }}
            timeout = "30s"
            on_fault = "fail"
            pipeline = [
                {{ plugin = "prints-endlessly", settings = {{ lines = 1 }} }},
                {{ plugin = "loops-forever", limits = {{ timeout = "{timeout}", fuel = 1_000_000_000_000 }} }},
            ]
            "#
        )
    };
    let host = Host::start(&(looping("forever", "30s") + &looping("briefly", "300ms") + TELLS));
    let loop_eight_times = |name: &str| -> Vec<_> {
        let call = |n| {
            let lines = format!("x-request-id: {name}-{n}\ncontent-length: {}", SAMPLE.len());
            Connection::with(
                host.address,
                post(&format!("/webhooks/{name}"), &lines, SAMPLE),
            )
        };
        (0..8).map(call).collect()
    };
    let loops = loop_eight_times("forever");
    for n in 0..8 {
        host.logged(&[&format!("forever-{n}"), "stdout line 1"]);
    }
    // Long before the loops end.
    assert_eq!(host.call("a").send().status, 200);
    let health = Call::post(host.address, "/healthz").method("GET").send();
    assert_eq!(health.text(), "ok\n");
    assert!(!host.log().contains("timed-out"), "{}", host.log());
    drop(loops);

    for mut call in loop_eight_times("briefly") {
        call.answer()
            .is_problem(504, "could not be transformed in time");
    }
}

#[test]
fn a_signal_lets_requests_in_flight_finish() {
    for signal in ["TERM", "INT"] {
        let mut host = Host::start(SLEEPS);
        let mut idle = Connection::with(host.address, "GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n");
        assert_eq!(idle.answer().text(), "ready\n");
        let silent = Connection::open(host.address);
        let mut in_flight = Connection::with(host.address, post_body("/webhooks/a", SAMPLE));
        host.logged(&["stdout line 1"]);
        let start = Instant::now();
        host.signal(signal);
        host.logged(&["stopping: finishing what has begun"]);
        let refused = TcpStream::connect(host.address).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        let answer = in_flight.answer();
        assert_eq!((answer.status, answer.text().as_str()), (200, SAMPLE));
        for mut connection in [in_flight, idle, silent] {
            assert_eq!(connection.closed(), b"");
        }
        assert_eq!(host.ended().code(), Some(0), "{}", host.log());
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
        host.logged(&["INFO", "stopped"]);
        assert!(!host.log().contains("panicked"), "{}", host.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_lets_streams_in_flight_finish() {
    let mut host = Host::start(SLEEPS);
    let client = http2();
    let calls: Vec<_> = (0..3)
        .map(|n| tokio::spawn(client.request(request(&host, &format!("id-{n}"), "{}"))))
        .collect();
    for n in 0..3 {
        host.logged(&[&format!("id-{n}"), "stdout line 1"]);
    }
    host.signal("TERM");
    for call in calls {
        let (status, _, body) = read(call.await.unwrap().unwrap()).await;
        assert_eq!((status, &body["payload"]), (200, &json!({})));
    }
    assert_eq!(host.ended().code(), Some(0), "{}", host.log());
}

#[test]
fn a_second_signal_does_not_wait() {
    let mut host = Host::with_stages(
        r#"{ plugin = "prints-endlessly", settings = { lines = 1 } }, { plugin = "sleeps", limits = { timeout = "30s" } }"#,
    );
    let _caller = Connection::with(host.address, post_body("/webhooks/a", SAMPLE));
    host.logged(&["stdout line 1"]);
    host.signal("INT");
    host.logged(&["stopping: finishing what has begun"]);
    let start = Instant::now();
    host.signal("INT");
    assert!(host.ended().success());
    assert!(start.elapsed() < SOON);
    host.logged(&["some requests were cut off"]);
}

#[test]
fn a_server_that_stops_is_not_ready() {
    let mut host = Host::start(TELLS);
    // One that has been read in part is served to its end; one that has not, is not
    // served. There is no telling from here, so there are several.
    let begin = || Connection::with(host.address, "GET /readyz HTTP/1.1\r\n");
    let late: Vec<_> = std::iter::repeat_with(begin).take(5).collect();
    assert_eq!(host.call("a").send().status, 200);
    host.signal("TERM");
    host.logged(&["stopping: finishing what has begun"]);
    let answers = late.into_iter().map(|mut connection| {
        connection.send("host: localhost\r\n\r\n");
        String::from_utf8(connection.closed()).unwrap()
    });
    let mut answers: Vec<_> = answers.filter(|answer| !answer.is_empty()).collect();
    let answer = answers.pop().unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    for part in [
        "retry-after: 1\r\n",
        "connection: close\r\n",
        "the server is stopping",
    ] {
        assert!(answer.contains(part), "{answer}");
    }
    assert!(
        answers
            .iter()
            .all(|other| other.starts_with("HTTP/1.1 503 "))
    );
    assert_eq!(host.ended().code(), Some(0));
}

#[test]
fn a_log_that_nobody_reads_does_not_hold_up_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("retort.toml");
    std::fs::write(&config, "").unwrap();
    let mut server = retort()
        .args(["serve", "--allow-empty"])
        .args(["--listen", "127.0.0.1:0", "--config"])
        .arg(&config)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(server.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    let address = line.trim().rsplit('/').next().unwrap().parse().unwrap();
    // Each refusal is more than 200 bytes of log; a pipe holds 64 KiB.
    for _ in 0..1_000 {
        assert_eq!(Call::post(address, "/webhooks/nobody").send().status, 401);
    }
    assert_eq!(
        Call::post(address, "/healthz").method("GET").send().status,
        200
    );
    let status = Command::new("sh")
        .args(["-c", &format!("kill -TERM {}", server.id())])
        .status();
    assert!(status.unwrap().success());
    let start = Instant::now();
    while server.try_wait().unwrap().is_none() {
        if start.elapsed() > SOON {
            server.kill().unwrap();
            panic!("it does not stop");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn the_port_is_opened_when_everything_is_compiled() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("retort.toml");
    // Whoever looked at the port first would say that it is taken.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let serve = |component: &str| {
        std::fs::write(&file, format!("[plugins.p]\ncomponent = '{component}'\n")).unwrap();
        let output = retort()
            .args(["serve", "--allow-empty", "--listen", &address, "--config"])
            .arg(&file)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(output.stdout, b"");
        String::from_utf8(output.stderr).unwrap()
    };
    std::fs::write(
        folder.path().join("broken.wasm"),
        b"\0asm\x0d\0\x01\0broken",
    )
    .unwrap();
    let error = serve("broken.wasm");
    assert!(
        error.contains("broken.wasm") && !error.contains("cannot listen"),
        "{error}"
    );
    let error = serve(component("echo").to_str().unwrap());
    assert!(
        error.contains(&format!("cannot listen on {address}")),
        "{error}"
    );
}
