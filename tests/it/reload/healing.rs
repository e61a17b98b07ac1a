//! A configuration that was refused is taken when what was wrong is right.

use super::{NEVER, OFTEN, REFUSED, SERVES, said, says};
use crate::support::{Host, post};
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// With a caller's secret in a file.
fn with_secret(file: &str, server: &str) -> String {
    let auth = format!("{{ kind = \"bearer\", secrets = [\"file:{file}\"] }}");
    says("one", server).replace("{ kind = \"none\" }", &auth)
}

fn status(host: &Host, secret: &str) -> u16 {
    let call = host
        .call("a")
        .header("authorization", &format!("Bearer {secret}"));
    call.send().status
}

#[test]
fn a_file_that_comes_after_the_configuration_that_names_it_is_waited_for() {
    let host = Host::start(&says("one", OFTEN));
    host.configure(&with_secret("s2", OFTEN));
    host.logged(&["ERROR", REFUSED, "s2"]);
    std::fs::write(host.folder().join("s2"), "late").unwrap();
    host.logged(&[SERVES]);
    assert_eq!((status(&host, "late"), status(&host, "other")), (200, 401));
}

#[test]
fn a_certificate_of_an_origin_and_a_key_set_are_waited_for_too() {
    let host = Host::start(&says("one", OFTEN));
    let oauth =
        "{ kind = \"oauth\", jwks = \"keys.json\", issuer = \"https://i\", audience = \"r\" }";
    let text = says("one", OFTEN).replace("{ kind = \"none\" }", oauth);
    let ca = "grants = { http = [{ origin = \"https://example.com\", ca = \"ca.pem\" }] }";
    host.configure(&text.replace("plugin = \"echo\",", &format!("plugin = \"echo\", {ca},")));
    host.logged(&["ERROR", REFUSED, "keys.json"]);
    host.logged(&["ERROR", REFUSED, "ca.pem"]);
    let params = rcgen::CertificateParams::new(vec!["example.com".to_owned()]).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    std::fs::write(host.folder().join("ca.pem"), certificate).unwrap();
    std::fs::write(host.folder().join("keys.json"), KEYS).unwrap();
    host.logged(&[SERVES]);
}

/// A key set of one key of P-256.
const KEYS: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"1",
    "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;

#[test]
fn a_change_of_who_may_read_a_file_is_a_change() {
    let host = Host::start(&says("one", NEVER));
    let secret = host.folder().join("s");
    std::fs::write(&secret, "text").unwrap();
    host.configure(&with_secret("s", OFTEN));
    host.signal("HUP");
    host.logged_times(SERVES, 1);
    std::fs::set_permissions(&secret, PermissionsExt::from_mode(0o640)).unwrap();
    host.logged(&[
        "reading the configuration again",
        "a file has changed",
        "/s",
    ]);
    host.logged_times(SERVES, 2);
}

#[test]
fn a_refusal_that_nobody_can_mend_in_a_file_is_tried_again() {
    // So that connections take all that the process may open.
    let server = format!("{OFTEN}\nhead_timeout = \"60s\"");
    let host = Host::start_after("ulimit -n 80", &says("one", &server));
    // Each has a request in flight, and so makes room for nobody.
    let request = post("/webhooks/a", "content-length: 10\n", "");
    let connect = |_| {
        let mut stream = TcpStream::connect(host.address).ok()?;
        stream.write_all(&request).ok()?;
        Some(stream)
    };
    let crowd: Vec<_> = (0..120).filter_map(connect).collect();
    host.logged(&["a connection could not be accepted"]);
    host.configure(&says("two", &server));
    host.logged(&["ERROR", REFUSED, "Too many open files"]);
    host.logged_times("the new configuration is still not used", 2);
    let log = host.log();
    assert_eq!(log.matches(REFUSED).count(), 1, "it is told once:\n{log}");
    drop(crowd);
    host.logged(&[SERVES]);
    said(&host, "two");
}

#[test]
fn a_file_that_never_settles_does_not_keep_a_signal_out() {
    let host = Host::start(&says("one", NEVER));
    let secret = host.folder().join("s");
    std::fs::write(&secret, "0").unwrap();
    host.configure(&with_secret("s", NEVER));
    host.signal("HUP");
    host.logged_times(SERVES, 1);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 1_u64;
            while !done.load(Ordering::Relaxed) {
                std::fs::write(&secret, number.to_string()).unwrap();
                number += 1;
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        host.configure(&says("two", NEVER));
        host.signal("HUP");
        // Unwinding would wait for the thread.
        let served = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            host.logged_times(SERVES, 2);
        }));
        done.store(true, Ordering::Relaxed);
        served.unwrap();
    });
    said(&host, "two");
}
