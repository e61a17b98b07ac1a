//! With real sockets on addresses of the loopback network, some of them granted. Only the
//! resolver is made up: what it would take otherwise is a name server of one's own.

use super::super::client::Client;
use super::super::resolve::Lookup;
use super::*;
use crate::grant::http::{Http, Network, Networks, Origin, Site};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request};
use http_body_util::{BodyExt, Empty};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wasmtime_wasi_http::Error;

/// A rule for `http://name.test` at this port, which may reach one address.
fn rule(port: u16, secret: bool) -> Rule {
    let key = || {
        (
            HeaderName::from_static("key"),
            HeaderValue::from_static("x"),
        )
    };
    Rule {
        origin: Origin::parse(&format!("http://name.test:{port}")).unwrap(),
        methods: vec![Method::GET],
        paths: Vec::new(),
        networks: [Network::parse("127.0.0.2/32").unwrap()]
            .into_iter()
            .collect::<Networks>(),
        headers: secret.then(key).into_iter().collect(),
        tls: None,
    }
}

/// Answers each time with the next of these lists, and counts.
fn resolver(answers: &[&[&str]]) -> (Resolver, Arc<AtomicUsize>) {
    let parse = |list: &&[&str]| list.iter().map(|it| it.parse().unwrap()).collect();
    let answers: Vec<Vec<IpAddr>> = answers.iter().map(parse).collect();
    let (answers, asked) = (
        Mutex::new(answers.into_iter()),
        Arc::new(AtomicUsize::new(0)),
    );
    let counted = Arc::clone(&asked);
    let resolver = move |name: String| -> Lookup {
        assert_eq!(name, "name.test");
        counted.fetch_add(1, Ordering::Relaxed);
        let next = answers.lock().unwrap().next();
        Box::pin(async { next.ok_or_else(|| io::Error::other("no such name")) })
    };
    (Arc::new(resolver), asked)
}

/// Answers one request on each connection and closes it; counts connections.
async fn serve(address: &str) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((address, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let accepted = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&accepted);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            let mut head = [0; 1024];
            let _ = stream.read(&mut head).await;
            let answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
            let _ = stream.write_all(answer).await;
        }
    });
    (address, accepted)
}

async fn dial(rule: Rule, resolver: Resolver, uri: String) -> Result<SocketAddr, String> {
    let dialler = Dialler::new(Arc::new(rule), resolver);
    let stream = dialler.dial(uri.parse().unwrap()).await;
    let stream = stream.map_err(|error| error.to_string())?;
    Ok(stream.peer_addr().unwrap())
}

#[tokio::test]
async fn a_name_that_moves_to_a_private_address_is_refused_the_second_time() {
    let (server, accepted) = serve("0.0.0.0").await;
    let port = server.port();
    let (resolver, asked) = resolver(&[&["127.0.0.2"], &["127.0.0.1"], &["127.0.0.2"]]);
    let grant = Http {
        rules: vec![Arc::new(rule(port, false))],
    };
    let client = Client::new("t".into(), &grant, &resolver);
    let site = Site::read(false, &format!("name.test:{port}")).unwrap();
    let send = || async {
        let pool = client.pool(&site, &Method::GET, "/").unwrap();
        let body = Empty::<Bytes>::new().map_err(|never| match never {});
        let going_on = Arc::new(());
        let body =
            super::super::body::Outgoing::new(body.boxed_unsync(), 0, Arc::downgrade(&going_on));
        let request = Request::get(format!("{site}/")).body(body).unwrap();
        pool.send(request).await
    };
    assert!(send().await.is_ok());
    let Err(failure) = send().await else {
        panic!("it is not refused");
    };
    assert!(matches!(failure.code, Error::DestinationIpProhibited));
    // The refusal is about the address alone.
    assert!(send().await.is_ok());
    assert_eq!(asked.load(Ordering::Relaxed), 3);
    assert_eq!(accepted.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn one_forbidden_address_speaks_against_the_whole_name() {
    let (server, accepted) = serve("0.0.0.0").await;
    let port = server.port();
    for addresses in [
        ["127.0.0.2", "127.0.0.1"],
        ["127.0.0.1", "127.0.0.2"],
        ["127.0.0.2", "169.254.169.254"],
        ["127.0.0.2", "::ffff:127.0.0.2"],
        ["127.0.0.2", "64:ff9b::7f00:2"],
    ] {
        let (resolver, _) = resolver(&[&addresses]);
        let dialled = dial(
            rule(port, false),
            resolver,
            format!("http://name.test:{port}"),
        )
        .await;
        assert!(dialled.unwrap_err().contains("not a public address"));
    }
    assert_eq!(accepted.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn an_address_in_the_place_of_a_name_is_checked_too() {
    let (server, _) = serve("127.0.0.1").await;
    let (resolver, asked) = resolver(&[]);
    let dialled = dial(rule(80, false), resolver, format!("http://{server}")).await;
    assert!(
        dialled
            .unwrap_err()
            .contains("127.0.0.1 is not a public address (loopback)")
    );
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn the_next_address_is_dialled_where_one_does_not_answer() {
    let (server, _) = serve("127.0.0.2").await;
    let port = server.port();
    let mut granted = rule(port, false);
    granted.networks = [Network::parse("127.0.0.0/8").unwrap()]
        .into_iter()
        .collect();
    let (resolver, asked) = resolver(&[&["127.0.0.3", "127.0.0.2"]]);
    let dialled = dial(granted, resolver, format!("http://name.test:{port}")).await;
    assert_eq!(dialled, Ok(server));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_secret_goes_over_http_to_granted_networks_only() {
    let (resolver, _) = resolver(&[&["8.8.8.8"]]);
    let dialled = dial(rule(80, true), resolver, "http://name.test".into()).await;
    assert!(
        dialled
            .unwrap_err()
            .contains("8.8.8.8 is not in the granted networks")
    );
}

#[tokio::test]
async fn a_name_without_an_address_is_no_connection() {
    let (resolver, _) = resolver(&[&[]]);
    let uri = || "http://name.test".to_owned();
    let dialled = dial(rule(80, false), Arc::clone(&resolver), uri()).await;
    assert!(dialled.unwrap_err().contains("has no address"));
    let dialled = dial(rule(80, false), resolver, uri()).await;
    assert!(
        dialled
            .unwrap_err()
            .contains("cannot be resolved: no such name")
    );
}

#[tokio::test]
async fn a_name_that_takes_for_ever_is_given_up() {
    let resolver: Resolver = Arc::new(|_| Box::pin(std::future::pending()));
    let mut dialler = Dialler::new(Arc::new(rule(80, false)), resolver);
    assert_eq!(dialler.lookup, Duration::from_secs(5));
    dialler.lookup = Duration::from_millis(10);
    let dialled = dialler.dial("http://name.test".parse().unwrap()).await;
    let error = dialled.unwrap_err().to_string();
    assert!(error.contains("not resolved within 10ms"), "{error}");
}
