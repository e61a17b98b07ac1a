//! HTTP/2 as an attacker writes it: frames on a bare socket.

use super::{SOON, long_body, serve};
use crate::support::{Connection, Host, SAMPLE};
use bytes::Bytes;
use std::time::{Duration, Instant};
use ureq::http::Request;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// The head of a POST to the assistant `a`, as HPACK without any compression of names
/// that are in no table.
fn post_head() -> Vec<u8> {
    let mut block = vec![0x83, 0x86, 0x04, 11];
    block.extend_from_slice(b"/webhooks/a");
    block.extend_from_slice(&[0x0f, 0x10, 16]);
    block.extend_from_slice(b"application/json");
    block
}

fn open(host: &Host) -> Connection {
    Connection::with(
        host.address,
        [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat(),
    )
}

/// The frames in what a server has sent: kind, stream and payload of each.
fn frames(mut bytes: &[u8]) -> Vec<(u8, u32, Vec<u8>)> {
    let mut found = Vec::new();
    while bytes.len() >= 9 {
        let length = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]) as usize;
        let stream = u32::from_be_bytes(bytes[5..9].try_into().unwrap());
        let end = (9 + length).min(bytes.len());
        found.push((bytes[3], stream, bytes[9..end].to_vec()));
        bytes = &bytes[end..];
    }
    found
}

#[test]
fn a_stream_too_many_is_refused() {
    let host = serve("streams = 1\nbody_timeout = \"500ms\"\nidle_timeout = \"500ms\"");
    let mut connection = open(&host);
    for stream in [1, 3] {
        connection.send(frame(HEADERS, END_HEADERS, stream, &post_head()));
    }
    let frames = frames(&connection.closed());
    let refused = |(kind, stream, payload): &(u8, u32, Vec<u8>)| {
        (*kind, *stream, payload.as_slice()) == (RST_STREAM, 3, &[0, 0, 0, 7])
    };
    assert!(frames.iter().any(refused), "{frames:?}");
    assert_eq!(host.call("a").send().status, 200);
}

#[test]
fn a_flood_of_resets_ends_the_connection() {
    let host = serve("");
    let mut connection = open(&host);
    let flood: Vec<u8> = (0..2_000)
        .map(|n| 2 * n + 1)
        .flat_map(|stream| {
            let head = frame(HEADERS, END_HEADERS, stream, &post_head());
            [head, frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])].concat()
        })
        .collect();
    connection.send(flood);
    let frames = frames(&connection.closed());
    // ENHANCE_YOUR_CALM is 11, and stands behind the last stream's number. A reset
    // of the connection may have overtaken it.
    let calm = |(kind, _, payload): &(u8, u32, Vec<u8>)| {
        *kind == GOAWAY && payload.get(4..8) == Some(&[0, 0, 0, 11])
    };
    let ended_early = host.logged(&["a connection ended early"]);
    assert!(
        frames.iter().any(calm) || ended_early.contains("http2 error"),
        "{frames:?}, {ended_early}"
    );
    assert_eq!(host.call("a").send().status, 200);
}

#[test]
fn a_head_without_end_ends_the_connection() {
    let host = serve("head = \"8KiB\"");
    let mut connection = open(&host);
    connection.send(frame(HEADERS, END_STREAM, 1, &post_head()));
    // A field that is in no table: `x`, with a value of 100 bytes.
    let field = [&[0, 1, b'x', 100][..], &[b'y'; 100]].concat();
    let more = frame(CONTINUATION, 0, 1, &field.repeat(100));
    let sent = (0..10_000).take_while(|_| connection.send(&more)).count();
    assert!(sent < 10_000, "it took 100 MB of head");
    assert_eq!(host.call("a").send().status, 200);
}

#[test]
fn a_head_that_drips_is_cut_off() {
    let host = serve("head_timeout = \"300ms\"");
    let start = Instant::now();
    let mut connection = open(&host);
    let head = frame(HEADERS, END_HEADERS, 1, &post_head().repeat(100));
    let drip = |byte: &&u8| {
        std::thread::sleep(Duration::from_millis(10));
        connection.send([**byte])
    };
    let sent = head.iter().take(500).take_while(drip).count();
    assert!(sent < 500, "{sent} bytes were waited for");
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}

#[test]
fn floods_of_settings_and_pings_are_cut_off_and_disturb_nobody() {
    let host = serve("write_timeout = \"300ms\"\nhead_timeout = \"1s\"");
    for flood in [
        frame(SETTINGS, 0, 0, &[]).repeat(1_000),
        frame(PING, 0, 0, &[0; 8]).repeat(1_000),
    ] {
        // Each of them wants an answer, and nobody reads those.
        let mut connection = open(&host);
        let start = Instant::now();
        while connection.send(&flood) {
            assert!(start.elapsed() < SOON, "the flood goes on");
            assert_eq!(host.call("a").send().status, 200);
        }
    }
}

/// A good client, whose connection is served until the server ends it.
async fn client(
    host: &Host,
    window: u32,
) -> (
    h2::client::SendRequest<Bytes>,
    tokio::task::JoinHandle<Result<(), h2::Error>>,
) {
    let socket = tokio::net::TcpStream::connect(host.address).await.unwrap();
    let (client, connection) = h2::client::Builder::new()
        .initial_window_size(window)
        .handshake(socket)
        .await
        .unwrap();
    (client, tokio::spawn(connection))
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_timeout() {
    let host = serve("idle_timeout = \"300ms\"");
    let (mut client, connection) = client(&host, 65_535).await;
    let request = Request::get("http://localhost/readyz").body(()).unwrap();
    let (answer, _) = client.send_request(request, true).unwrap();
    assert_eq!(answer.await.unwrap().status(), 200);
    let ended = tokio::time::timeout(SOON, connection).await.unwrap();
    ended.unwrap().unwrap();
    host.logged(&["a connection was idle for too long"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn write_timeout() {
    let host = serve("write_timeout = \"500ms\"\nbody = \"64MiB\"\nbody_timeout = \"20s\"");
    let (client, _connection) = client(&host, 1_000).await;
    let mut client = client.ready().await.unwrap();
    let request = Request::post("http://localhost/webhooks/a")
        .header("content-type", "application/json")
        .body(())
        .unwrap();
    let (answer, mut body) = client.send_request(request, false).unwrap();
    body.send_data(long_body().into(), true).unwrap();
    let answer = answer.await.unwrap();
    assert_eq!(answer.status(), 200);
    // The window stays shut: nothing of the body is released.
    host.logged(&["a caller did not take its answer"]);
    drop(answer);
}

fn json_post(path: &str, declared: usize, more: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::post(format!("http://localhost{path}"))
        .header("content-type", "application/json")
        .header("content-length", declared);
    for (name, value) in more {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_head_has_no_body_and_the_length_that_it_would_have() {
    let host = serve("");
    let (mut client, _connection) = client(&host, 65_535).await;
    for path in ["/healthz", "/readyz", "/nope", "/webhooks/a", "/webhooks/b"] {
        let mut ask = |method: &str| {
            let request = Request::builder().method(method);
            // The same id has the same length.
            let request = request.header("x-request-id", "id");
            let request = request.uri(format!("http://localhost{path}"));
            let (answer, _) = client
                .send_request(request.body(()).unwrap(), true)
                .unwrap();
            answer
        };
        let head = ask("HEAD").await.unwrap();
        let get = ask("GET").await.unwrap();
        assert_eq!(head.status(), get.status(), "{path}");
        let length = |headers: &ureq::http::HeaderMap| {
            let value = headers.get("content-length").unwrap();
            value.to_str().unwrap().to_owned()
        };
        assert_eq!(length(head.headers()), length(get.headers()), "{path}");
        assert!(head.headers().contains_key("date"));
        assert!(head.body().is_end_stream(), "{path}: there is a body");
        let body = get.into_body().data().await.unwrap().unwrap();
        assert!(!body.is_empty());
    }
}

/// What comes for a request that expects to be told to go on: a final status at once, or
/// the word and then the final status for this body.
async fn expecting(
    client: &mut h2::client::SendRequest<Bytes>,
    request: Request<()>,
    body: &'static str,
) -> (bool, u16) {
    let (mut answer, mut stream) = client.send_request(request, false).unwrap();
    let word = std::future::poll_fn(|context| {
        use std::task::Poll;
        match answer.poll_informational(context) {
            Poll::Ready(Some(word)) => return Poll::Ready(Ok(word.unwrap().status())),
            Poll::Ready(None) | Poll::Pending => {}
        }
        std::pin::Pin::new(&mut answer).poll(context).map(Err)
    });
    match tokio::time::timeout(SOON, word).await.unwrap() {
        Ok(word) => {
            assert_eq!(word, 100);
            stream.send_data(body.into(), true).unwrap();
            let answer = tokio::time::timeout(SOON, answer).await.unwrap();
            (true, answer.unwrap().status().as_u16())
        }
        Err(answer) => (false, answer.unwrap().status().as_u16()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_expects_a_word_gets_it_at_once_or_its_answer() {
    let host = Host::start(
        "[server]\nbody = \"64KiB\"\nbody_timeout = \"20s\"\n\
         [assistants.a]\ntenant = \"t\"\nauth = { kind = \"none\" }\n\
         [assistants.jwt]\ntenant = \"t\"\nauth = { kind = \"jwt\", secrets = [\"env:SECRET\"] }\n",
    );
    let (mut client, _connection) = client(&host, 65_535).await;
    let expect = [("expect", "100-continue")];
    for (path, declared, came) in [
        ("/webhooks/a", SAMPLE.len(), (true, 200)),
        ("/webhooks/jwt", SAMPLE.len(), (false, 401)),
        ("/webhooks/a", 100_000, (false, 413)),
        ("/nope", SAMPLE.len(), (false, 404)),
    ] {
        let request = json_post(path, declared, &expect);
        assert_eq!(
            expecting(&mut client, request, SAMPLE).await,
            came,
            "{path}"
        );
    }
    // One that does not wait is served as well.
    let request = json_post("/webhooks/a", SAMPLE.len(), &expect);
    let (answer, mut body) = client.send_request(request, false).unwrap();
    body.send_data(SAMPLE.into(), true).unwrap();
    assert_eq!(answer.await.unwrap().status(), 200);
}

#[test]
fn a_silent_peer_does_not_hold_up_the_end() {
    let mut host = serve("drain_timeout = \"60s\"\nhead_timeout = \"60s\"");
    // Both have sent what they had, and answer no PING.
    let mut idle = open(&host);
    let get = [&[0x82, 0x86, 0x04, 8][..], b"/healthz"].concat();
    idle.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, &get));
    let _settings_only = open(&host);
    host.logged(&["status=200", "answered"]);
    let start = Instant::now();
    host.signal("TERM");
    assert!(host.ended().success());
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    host.logged(&["stopped"]);
    assert!(!host.log().contains("cut off"), "{}", host.log());
}
