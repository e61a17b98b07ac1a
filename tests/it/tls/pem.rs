//! Files with several certificates: all of them are read, or the file is refused.

use crate::support::retort;
use std::path::Path;

struct Pair {
    certificate: String,
    key: String,
}

fn pair(name: &str) -> Pair {
    let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    Pair {
        certificate: params.self_signed(&key).unwrap().pem(),
        key: key.serialize_pem(),
    }
}

/// What `check` says of a server's certificate file and of a `ca` file with this text.
fn check(folder: &Path, key: &str, text: &str) -> [Result<(), String>; 2] {
    std::fs::write(folder.join("key.pem"), key).unwrap();
    std::fs::write(folder.join("cert.pem"), text).unwrap();
    let server = "[server]\ntls = { certificate = \"cert.pem\", key = \"key.pem\" }\n";
    let ca = "[plugins.p]\ncomponent = \"p.wasm\"\n\
              grants.http = [{ origin = \"https://example.com\", ca = \"cert.pem\" }]\n";
    [server, ca].map(|config| {
        std::fs::write(folder.join("retort.toml"), config).unwrap();
        let mut check = retort();
        check.current_dir(folder).args(["check", "--allow-empty"]);
        let output = check.output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        // There is no such component, which is told where the rest is good.
        if output.status.success() || error.contains("cannot read the component") {
            return Ok(());
        }
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains("hint: "), "{error}");
        Err(error)
    })
}

#[test]
fn every_certificate_of_a_file_is_read_or_the_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (pair("a"), pair("b"));
    let (key, a, b) = (a.key, a.certificate, b.certificate);
    let both = format!("{a}{b}");
    let good = |text: &str| {
        assert_eq!(check(folder.path(), &key, text), [Ok(()), Ok(())], "{text}");
    };
    good(&a);
    good(&both);
    good(&both.replace('\n', "\r\n"));
    good(both.trim_end());
    good(&format!("subject=CN=a\n{a}\n  issuer of it\n{b}"));
    good(&format!("{key}{both}"));

    let refused = |text: &str, words: &str| {
        for said in check(folder.path(), &key, text) {
            let said = said.unwrap_err();
            assert!(said.contains(words), "{said}\n{text}");
        }
    };
    // Joined without the line end of the first.
    let glued = format!("{}{b}", a.trim_end());
    let line = a.trim_end().lines().count();
    refused(&glued, &format!("line {line} of cert.pem has a -----BEGIN"));
    refused(&format!("{a}  {b}"), "not at the beginning of the line");
    refused(&format!("\u{feff}{a}"), "line 1 of cert.pem");
    // Of a kind that the reader passes over.
    let trusted = b.replace(" CERTIFICATE", " TRUSTED CERTIFICATE");
    refused(&format!("{a}{trusted}"), "cannot all be read");
    // Cut off at its end, in the middle of the file, and within.
    let half = &b[..b.len() / 2];
    refused(&format!("{a}{half}"), "cannot all be read");
    refused(&format!("{a}{half}\n{b}"), "cannot all be read");
    let lines: Vec<_> = b.lines().collect();
    let shorter = [&lines[..3], &lines[4..]].concat().join("\n");
    refused(
        &format!("{a}{shorter}"),
        "certificate 2 in cert.pem is damaged",
    );
    refused("nothing", "no certificate in PEM");
}

#[test]
fn a_root_that_would_be_passed_over_is_refused_by_send_too() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (pair("a").certificate, pair("b").certificate);
    let file = folder.path().join("roots.pem");
    std::fs::write(&file, format!("{}{b}", a.trim_end())).unwrap();
    std::fs::write(folder.path().join("body.json"), "{}").unwrap();
    let mut send = retort();
    send.current_dir(folder.path());
    send.args([
        "send",
        "https://127.0.0.1:1/webhooks/a",
        "body.json",
        "--ca",
        "roots.pem",
    ]);
    let output = send.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("roots.pem has a -----BEGIN"), "{error}");
}
