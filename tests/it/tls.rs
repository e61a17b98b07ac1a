//! TLS at the listener: with whom it speaks, and what is said of bad files.

mod pem;

use crate::support::{Connection, Host, SAMPLE, post_body, retort};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, RootCertStore, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Writes `cert.pem` and `key.pem` of 127.0.0.1, valid until this year.
fn write_pair(folder: &Path, until: i32) {
    let mut params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2010, 1, 1);
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    std::fs::write(folder.join("cert.pem"), certificate.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
}

fn config(folder: &Path, lines: &str) -> String {
    format!(
        "[server]\n{lines}\ntls = {{ certificate = '{0}/cert.pem', key = '{0}/key.pem' }}\n\
         [assistants.a]\ntenant = \"t\"\nauth = {{ kind = \"none\" }}\n",
        folder.display()
    )
}

fn serve(lines: &str) -> (Host, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    write_pair(folder.path(), 2100);
    let host = Host::start(&config(folder.path(), lines));
    (host, folder)
}

/// A handshake with these versions and names of protocols.
fn connect(
    host: &Host,
    folder: &TempDir,
    versions: &[&'static rustls::SupportedProtocolVersion],
    alpn: &[&str],
) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    let file = folder.path().join("cert.pem");
    roots
        .add(CertificateDer::from_pem_file(file).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let socket = TcpStream::connect(host.address).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut stream = StreamOwned::new(connection, socket);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).unwrap();
    }
    stream
}

#[test]
fn both_versions_and_both_protocols_are_spoken() {
    let (host, folder) = serve("");
    for (version, number) in [
        (&rustls::version::TLS12, ProtocolVersion::TLSv1_2),
        (&rustls::version::TLS13, ProtocolVersion::TLSv1_3),
    ] {
        for (offered, chosen) in [
            (&["h2", "http/1.1"][..], Some(&b"h2"[..])),
            (&["http/1.1"], Some(b"http/1.1")),
            (&[], None),
            // What is unknown here is left aside.
            (&["http/1.0"], None),
            (&["foo", "spdy/3"], None),
            (&["foo", "http/1.1"], Some(b"http/1.1")),
        ] {
            let mut stream = connect(&host, &folder, &[version], offered);
            assert_eq!(stream.conn.protocol_version(), Some(number));
            assert_eq!(stream.conn.alpn_protocol(), chosen);
            if chosen == Some(b"h2") {
                continue;
            }
            let mut request = post_body("/webhooks/a", SAMPLE);
            let at = request.windows(2).position(|it| it == b"\r\n").unwrap();
            request.splice(at..at, *b"\r\nconnection: close");
            stream.write_all(&request).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
            assert!(answer.ends_with(SAMPLE), "{answer}");
        }
    }
}

#[test]
fn send_trusts_the_root_that_it_is_given_and_no_other() {
    let (host, folder) = serve("");
    let body = folder.path().join("body.json");
    std::fs::write(&body, SAMPLE).unwrap();
    let send = |more: &[&str]| {
        let url = format!("https://{}/webhooks/a", host.address);
        let output = retort().args(["send", &url]).arg(&body).args(more).output();
        let output = output.unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, words) = send(&["--ca", folder.path().join("cert.pem").to_str().unwrap()]);
    assert_eq!(code, Some(0), "{words}");
    let other = tempfile::tempdir().unwrap();
    write_pair(other.path(), 2100);
    let (code, words) = send(&["--ca", other.path().join("cert.pem").to_str().unwrap()]);
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("certificate"), "{words}");
}

#[test]
fn a_handshake_that_is_slow_is_cut_off_and_holds_up_nobody() {
    let (host, folder) = serve("head_timeout = \"400ms\"");
    let start = Instant::now();
    let mut silent = Connection::open(host.address);
    // The beginning of a client's hello that would have 512 bytes.
    let mut dripping = Connection::with(host.address, b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03");
    connect(&host, &folder, &[&rustls::version::TLS13], &[]);
    assert_eq!(silent.closed(), b"");
    let drip = |_: &u32| {
        std::thread::sleep(Duration::from_millis(10));
        dripping.send([0])
    };
    let sent = (0..400).take_while(drip).count();
    assert!(sent < 400, "{sent} bytes were waited for");
    assert!(start.elapsed() < Duration::from_secs(8));
    // Nor is plain HTTP spoken at this port.
    let plain = Connection::with(host.address, "GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n").closed();
    assert!(!plain.starts_with(b"HTTP"), "{plain:?}");
    host.logged(&["a TLS handshake failed"]);
}

#[test]
fn failed_handshakes_are_counted_by_reason_and_logged_once_a_second() {
    let start = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    write_pair(folder.path(), 2100);
    let config = config(folder.path(), "head_timeout = \"20s\"");
    let host = Host::start(&format!("[admin]\nlisten = \"127.0.0.1:0\"\n{config}"));
    let count = |reason: &str| {
        let series = format!("retort_tls_handshake_failures_total{{reason=\"{reason}\"}}");
        let text = host.admin_get("/metrics").text();
        assert!(text.contains(&series), "{series} is missing");
        host.metric(&series)
    };
    assert!(count("not-tls") < 0.1);
    for _ in 0..30 {
        Connection::with(host.address, "GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n").closed();
        // Whoever only looks whether the port is open is not counted.
        drop(Connection::open(host.address));
    }
    // One that trusts somebody else.
    let mut params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let name = &mut params.distinguished_name;
    name.push(rcgen::DnType::CommonName, "somebody else");
    let key = rcgen::KeyPair::generate().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, params.self_signed(&key).unwrap().pem()).unwrap();
    let url = format!("https://{}/webhooks/a", host.address);
    let mut send = retort();
    send.args(["send", &url, "--ca"]).arg(&ca);
    send.stdin(std::process::Stdio::null());
    let body = folder.path().join("body.json");
    std::fs::write(&body, SAMPLE).unwrap();
    let output = send.arg(&body).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    host.logged(&["a TLS handshake failed", "certificate-refused"]);
    assert!((count("not-tls") - 30.0).abs() < 0.1);
    assert!((count("certificate-refused") - 1.0).abs() < 0.1);
    assert!(count("disconnected") < 0.1);
    let line = host.logged(&["WARN", "a TLS handshake failed", "reason=\"not-tls\""]);
    assert!(line.contains("peer=127.0.0.1:"), "{line}");
    let log = host.log();
    let warned = |line: &&str| line.contains("WARN") && line.contains("not-tls");
    let warned = log.lines().filter(warned).count();
    let seconds = usize::try_from(start.elapsed().as_secs()).unwrap();
    assert!(warned <= seconds + 2, "{warned} lines");
}

#[test]
fn an_expired_certificate_is_served_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    write_pair(folder.path(), 2020);
    let host = Host::start(&config(folder.path(), ""));
    host.logged(&["WARN", "certificate has expired", "2020-01-01T00:00:00Z"]);
}

#[test]
fn bad_files_are_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let file = path("retort.toml");
    std::fs::write(&file, config(folder.path(), "") + "[tenants.t]\n").unwrap();
    let check = || {
        let output = retort().args(["check", "--config"]).arg(&file).output();
        let output = output.unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), out + &error)
    };
    let refused = |words: &str| {
        let (code, said) = check();
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(words) && said.contains("hint: "), "{said}");
        assert!(!said.contains("PRIVATE KEY-----\n"), "{said}");
    };
    refused("cert.pem: No such file");
    write_pair(folder.path(), 2100);
    let (code, said) = check();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("valid until 2100-01-01T00:00:00Z"), "{said}");

    let good = ["cert.pem", "key.pem"].map(|name| std::fs::read(path(name)).unwrap());
    for (name, content, words) in [
        (
            "cert.pem",
            &b"none"[..],
            "cert.pem has no certificate in PEM",
        ),
        ("cert.pem", &good[1], "cert.pem has no certificate in PEM"),
        ("key.pem", b"none", "key.pem has no private key in PEM"),
        ("key.pem", &good[0], "key.pem has no private key in PEM"),
        (
            "key.pem",
            b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "key.pem is encrypted",
        ),
        (
            "key.pem",
            b"-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n",
            "key.pem cannot be used",
        ),
    ] {
        std::fs::write(path(name), content).unwrap();
        refused(words);
        std::fs::write(path("cert.pem"), &good[0]).unwrap();
        std::fs::write(path("key.pem"), &good[1]).unwrap();
    }
    let other = tempfile::tempdir().unwrap();
    write_pair(other.path(), 2100);
    std::fs::copy(other.path().join("key.pem"), path("key.pem")).unwrap();
    refused("key.pem is not the certificate's");
}

#[test]
fn a_certificate_that_is_replaced_is_the_one_for_new_connections() {
    let (host, old) = serve("watch = \"50ms\"");
    let versions = &[&rustls::version::TLS13];
    let mut before = connect(&host, &old, versions, &[]);
    let new = tempfile::tempdir().unwrap();
    write_pair(new.path(), 2100);
    // The half of a pair fits nothing: the one before goes on.
    std::fs::copy(new.path().join("cert.pem"), old.path().join("cert.pem")).unwrap();
    host.logged(&["ERROR", "the new configuration is not used"]);
    std::fs::copy(new.path().join("key.pem"), old.path().join("key.pem")).unwrap();
    host.logged(&["the new configuration serves"]);
    connect(&host, &new, versions, &[]);
    // A connection from before goes on as well.
    before.write_all(&post_body("/webhooks/a", SAMPLE)).unwrap();
    let mut first = [0; 15];
    before.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
}
