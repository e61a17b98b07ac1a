//! Headers that the host puts in, and whom TLS is spoken with.

use super::{fetch, granted, origin};
use crate::support::{Host, SECRET, Upstream, answer};
use serde_json::json;
use std::path::Path;

#[test]
fn a_plugin_does_not_see_what_the_host_puts_in() {
    // One answers with what it got of other headers, the other has no secret.
    let upstream = Upstream::start(|seen, out| {
        let mine = seen.header("x-mine").concat();
        answer(out, "200 OK", "", &mine);
    });
    let other = Upstream::start(|_, out| answer(out, "200 OK", "", ""));
    let headers = "headers = { authorization = { bearer = \"env:SECRET\" }, \
                   x-api-key = \"env:OLD_SECRET\", \
                   x-basic = { basic = \"apikey\", password = \"env:SECRET\" } }";
    let origins = format!("{}, {}", origin(&upstream, headers), origin(&other, ""));
    let host = granted(&origins, "");
    let mine = json!({ "authorization": "guess", "X-Api-Key": "guess", "x-mine": "1" });
    let fetched = fetch(
        &host,
        json!([
            { "authority": upstream.address.to_string(), "headers": mine },
            { "authority": other.address.to_string(), "headers": mine },
            { "authority": upstream.address.to_string(), "method": "TRACE" },
        ]),
    );
    assert_eq!(fetched[0]["body"], "1");
    let seen = &upstream.seen()[0];
    assert_eq!(seen.header("authorization"), [format!("Bearer {SECRET}")]);
    assert_eq!(seen.header("x-api-key"), ["old secret"]);
    assert_eq!(
        seen.header("x-basic"),
        ["Basic YXBpa2V5OnB1cnBsZSB1bmljb3Ju"]
    );
    // The other origin gets what the plugin says, and nothing of the host's.
    let seen = &other.seen()[0];
    assert_eq!(seen.header("authorization"), ["guess"]);
    assert!(seen.header("x-basic").is_empty());
    assert_eq!(fetched[2]["error"], "ErrorCode::HttpRequestDenied");
    let everything = format!("{fetched:?}{}", host.log());
    for secret in [SECRET, "old secret", "YXBpa2V5"] {
        assert!(!everything.contains(secret), "{everything}");
    }
}

/// Writes `cert.pem` and `key.pem` for a name or address.
fn write_pair(folder: &Path, name: &str) {
    let pair = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    std::fs::write(folder.join("cert.pem"), pair.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), pair.signing_key.serialize_pem()).unwrap();
}

#[test]
fn tls_is_spoken_with_whom_the_roots_certify() {
    let right = tempfile::tempdir().unwrap();
    let wrong = tempfile::tempdir().unwrap();
    write_pair(right.path(), "127.0.0.1");
    write_pair(wrong.path(), "127.0.0.2");
    let good = Upstream::start_tls(right.path(), |_, out| answer(out, "200 OK", "", "secret"));
    let misnamed = Upstream::start_tls(wrong.path(), |_, out| answer(out, "200 OK", "", ""));
    let plain = Upstream::start(|_, out| answer(out, "200 OK", "", ""));
    let fetch_over = |upstream: &Upstream, ca: Option<&Path>| {
        let authority = upstream.address.to_string();
        let ca = ca.map_or_else(String::new, |folder| {
            format!(", ca = '{}/cert.pem'", folder.display())
        });
        let host = granted(
            &format!("{{ origin = \"https://{authority}\", networks = [\"127.0.0.0/8\"]{ca} }}"),
            "",
        );
        let one = json!({ "authority": authority, "scheme": "https" });
        fetch(&host, json!([one])).remove(0)
    };
    let result = fetch_over(&good, Some(right.path()));
    assert_eq!(result["body"], "secret", "{result}");
    // Nobody else's certificate, nor one of another name; and the system does not know it.
    for (upstream, ca) in [
        (&good, Some(wrong.path())),
        (&misnamed, Some(wrong.path())),
        (&good, None),
    ] {
        let result = fetch_over(upstream, ca);
        assert_eq!(
            result["error"], "ErrorCode::TlsCertificateError",
            "{result}"
        );
    }
    // The server thinks that the handshake is a request, and waits for more of it.
    let result = fetch_over(&plain, Some(right.path()));
    let error = result["error"].as_str().unwrap();
    assert!(
        [
            "ErrorCode::HttpResponseTimeout",
            "ErrorCode::ConnectionTerminated",
            "ErrorCode::TlsProtocolError"
        ]
        .contains(&error),
        "{result}"
    );
    assert!(plain.seen().is_empty());
    assert_eq!((good.seen().len(), misnamed.seen().len()), (1, 0));
}

#[test]
fn http2_is_spoken_with_a_service_that_prefers_it() {
    let folder = tempfile::tempdir().unwrap();
    write_pair(folder.path(), "127.0.0.1");
    let folder = folder.path().display();
    // The service is another Retort: it chooses HTTP/2 from what TLS offers.
    let service = Host::start(&format!(
        "[server]\ntls = {{ certificate = '{folder}/cert.pem', key = '{folder}/key.pem' }}\n\
         [assistants.service]\ntenant = \"t\"\nauth.kind = \"none\"\n"
    ));
    let authority = service.address.to_string();
    let origin = format!(
        "{{ origin = \"https://{authority}\", networks = [\"127.0.0.0/8\"], \
           ca = '{folder}/cert.pem' }}"
    );
    let host = granted(&origin, "limits = { http = { response = 1000 } }");
    let request = |path: &str| json!({ "authority": authority, "scheme": "https", "path": path });
    let mut post = request("/nowhere");
    (post["method"], post["send"]) = ("POST".into(), 100_000.into());
    let fetched = fetch(
        &host,
        json!([request("/healthz"), post, request("/healthz")]),
    );
    let status = |at: usize| fetched[at]["status"].as_u64();
    assert_eq!(
        (status(0), status(1), status(2)),
        (Some(200), Some(404), Some(200)),
        "{fetched:?}"
    );
}
