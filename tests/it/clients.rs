//! Clients that others wrote, over each protocol that they speak: the same few cases for
//! each. curl and Python have to be there (`cargo xtask test` sees to it); another client
//! that is not installed is skipped, with a line that says so.

use crate::support::{Host, SAMPLE, repository, token};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long one command may take. Java alone takes some seconds on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// What every client has to get.
const CASES: &str =
    "GET 200\nHEAD 200\nHEAD-405 405\nPOST 200\nPOST-401 401\nPOST-4MB 200\nEXPECT 200\n";

/// A server with the assistant `a`, and its root where it speaks TLS.
struct Server {
    host: Host,
    scheme: &'static str,
    folder: TempDir,
}

impl Server {
    fn start(scheme: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let params = rcgen::CertificateParams::new(names).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(folder.path().join("cert.pem"), certificate.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();
        let tls = if scheme == "https" {
            let folder = folder.path().display();
            format!("tls = {{ certificate = '{folder}/cert.pem', key = '{folder}/key.pem' }}\n")
        } else {
            String::new()
        };
        let host = Host::start(&format!(
            "[server]\n{tls}[assistants.a]\ntenant = \"t\"\n\
             auth = {{ kind = \"jwt\", secrets = [\"env:SECRET\"] }}\n"
        ));
        Self {
            host,
            scheme,
            folder,
        }
    }

    fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.host.address)
    }

    /// A file of its folder.
    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

/// What a command prints, if it succeeds in time.
fn run(command: &mut Command) -> String {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{error}: {command:?}: run `cargo xtask test`"));
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        if start.elapsed() > LIMIT {
            child.kill().unwrap();
            child.wait().unwrap();
            break None;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let (mut out, mut errors) = (String::new(), String::new());
    child.stdout.unwrap().read_to_string(&mut out).unwrap();
    child.stderr.unwrap().read_to_string(&mut errors).unwrap();
    let good = status.is_some_and(|status| status.success());
    assert!(good, "{command:?}: {status:?}\n{out}\n{errors}");
    out
}

/// Whether a client is installed. If not, a line says so, whoever captures the output.
fn is_there(program: &str, argument: &str) -> bool {
    let there = Command::new(program)
        .arg(argument)
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|output| output.status.success());
    if !there {
        let mut out = std::io::stderr();
        let _ = writeln!(
            out,
            "SKIPPED: the cases of {program}, which is not installed"
        );
    }
    there
}

/// Runs a program that takes a URL, a root, a version and a token, for each pair of these.
fn all_cases(program: &[&str], protocols: &[(&'static str, &str)]) {
    for (scheme, version) in protocols {
        let server = Server::start(scheme);
        let ca = server.path("cert.pem");
        let out = run(Command::new(program[0])
            .args(&program[1..])
            .args([&*server.url(), &ca, version, &token("no exp")])
            .env("NODE_EXTRA_CA_CERTS", &ca));
        // Some have no way to wait for the word.
        let expected = if out.contains("EXPECT") {
            CASES
        } else {
            CASES.strip_suffix("EXPECT 200\n").unwrap()
        };
        assert_eq!(out, expected, "{program:?} over {scheme}, {version}");
    }
}

fn script(name: &str) -> String {
    let path = repository().join("tests/clients").join(name);
    path.display().to_string()
}

#[test]
fn curl() {
    let protocols = [
        ("http", "--http1.1", "1.1"),
        ("http", "--http2-prior-knowledge", "2"),
        ("https", "--http1.1", "1.1"),
        ("https", "--http2", "2"),
        // Its offer of ALPN is none that is known here.
        ("https", "--http1.0", "1"),
    ];
    for (scheme, version, spoken) in protocols {
        let server = Server::start(scheme);
        let large = format!(
            r#"{{"event":{{"name":"message_processed"}},"payload":{{"x":"{}"}}}}"#,
            "x".repeat(4_000_000)
        );
        std::fs::write(server.path("large.json"), large).unwrap();
        std::fs::write(server.path("sample.json"), SAMPLE).unwrap();
        let good = format!("authorization: {}", token("no exp"));
        let ask = |case: &str, path: &str, arguments: &[&str]| {
            let out = run(Command::new("curl")
                .args(["--silent", "--show-error", "--max-time", "20", version])
                // One that waited for a word in vain would be out of time.
                .args(["--expect100-timeout", "60"])
                .args(["--cacert", &server.path("cert.pem")])
                .args(["--output", &server.path("out")])
                .args(["--write-out", "%{http_code} %{http_version}"])
                .args(arguments)
                .arg(format!("{}{path}", server.url())));
            let (status, protocol) = out.split_once(' ').unwrap();
            assert_eq!(protocol, spoken, "{scheme} {version} {case}");
            format!("{case} {status}\n")
        };
        let post = |case: &str, file: &str, more: &[&str]| {
            let data = format!("@{}", server.path(file));
            let arguments = ["--header", "content-type: application/json"];
            let data = ["--data-binary", &data];
            ask(case, "/webhooks/a", &[&arguments[..], &data, more].concat())
        };
        let with = |line: &'static str| ["--header", line];
        let expect = ["--header", &good, "--header", "expect: 100-continue"];
        let mut came = [
            ask("GET", "/healthz", &[]),
            ask("HEAD", "/healthz", &["--head"]),
            ask("HEAD-405", "/webhooks/a", &["--head"]),
            post("POST", "sample.json", &["--header", &good]),
            post(
                "POST-401",
                "sample.json",
                &with("authorization: Bearer a.b.c"),
            ),
            post("POST-4MB", "large.json", &["--header", &good]),
        ]
        .concat();
        // There is no such word in HTTP/1.0.
        if version == "--http1.0" {
            came.push_str("EXPECT 200\n");
        } else {
            came.push_str(&post("EXPECT", "sample.json", &expect));
            let out = std::fs::read(server.path("out")).unwrap();
            assert_eq!(out, SAMPLE.as_bytes());
        }
        assert_eq!(came, CASES, "{scheme} {version}");
    }
}

#[test]
fn httpx() {
    let python = repository().join("target/python/bin/python");
    assert!(
        Path::new(&python).exists(),
        "there is no Python with httpx: run `cargo xtask test`, or `cargo xtask clients`"
    );
    let program = [python.display().to_string(), script("client.py")];
    let program = program.each_ref().map(String::as_str);
    let protocols = [
        ("http", "h1"),
        ("http", "h2"),
        ("https", "h1"),
        ("https", "h2"),
    ];
    all_cases(&program, &protocols);
}

#[test]
fn node() {
    if is_there("node", "--version") {
        let protocols = [
            ("http", "h1"),
            ("http", "h2"),
            ("https", "h1"),
            ("https", "h2"),
        ];
        all_cases(&["node", &script("client.mjs")], &protocols);
    }
}

#[test]
fn java() {
    if is_there("javac", "-version") {
        // It speaks HTTP/2 without TLS only by an upgrade, which nobody does any more.
        let protocols = [("http", "h1"), ("https", "h1"), ("https", "h2")];
        all_cases(&["java", &script("Client.java")], &protocols);
    }
}
