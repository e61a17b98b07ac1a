//! What is said of a new configuration, and which one is not taken for what it would do.

use super::{NEVER, OFTEN, REFUSED, SERVES, said, says};
use crate::support::{Connection, Host};
use std::net::SocketAddr;

/// More assistants, which nobody calls.
fn assistants(names: impl IntoIterator<Item = String>) -> String {
    let table = |name| {
        format!(
            "[assistants.{name}]\ntenant = \"t\"\nauth = {{ kind = \"bearer\", secrets = [\"env:SECRET\"] }}\n"
        )
    };
    names.into_iter().map(table).collect()
}

fn numbered(count: usize) -> String {
    assistants((0..count).map(|number| format!("n{number:02}")))
}

#[test]
fn a_configuration_that_serves_nobody_is_not_taken() {
    let host = Host::start(&says("one", OFTEN));
    // What a full disk, an editor that truncates, or a template that fails leave.
    for text in ["", "[server]\nwatch = \"50ms\"\n"] {
        host.configure(text);
        host.logged(&["ERROR", REFUSED, "there is no assistant"]);
        said(&host, "one");
    }
    host.configure(&says("two", OFTEN));
    host.logged(&[SERVES]);
    said(&host, "two");
}

#[test]
fn the_log_says_what_is_added_removed_and_changed() {
    let host = Host::start(&(says("one", NEVER) + &numbered(15)));
    let reload = |config: &str, times: usize| {
        host.configure(config);
        host.signal("HUP");
        host.logged_times(SERVES, times);
        let log = host.log();
        log.lines()
            .rfind(|it| it.contains(SERVES))
            .unwrap()
            .to_owned()
    };
    let more = assistants(["x".to_owned(), "y".to_owned()]);
    let other = says("two", "watch = \"0s\"\nbody = \"1MiB\"");
    let with_more = other + "[tenants.u]\n[tenants.t]\n" + &more;
    let line = reload(&with_more, 1);
    assert!(
        line.contains("added=\"assistants x, y; tenant u; server.body\""),
        "{line}"
    );
    let ten = "n00, n01, n02, n03, n04, n05, n06, n07, n08, n09";
    let removed = format!("removed=\"assistants {ten} and 5 more\"");
    assert!(line.contains(&removed), "{line}");
    assert!(line.contains("changed=\"assistant a\""), "{line}");
    let charm = crate::support::component("southern-charm");
    let plugin = format!("[plugins.charm]\ncomponent = '{}'\n", charm.display());
    let line = reload(&(with_more.replace("1MiB", "2MiB") + &plugin), 2);
    assert!(line.contains("added=\"plugin charm\""), "{line}");
    assert!(line.contains("changed=\"server.body\""), "{line}");
    assert!(!line.contains("removed"), "{line}");
}

#[test]
fn the_log_says_which_files_have_changed() {
    let host = Host::start(&says("one", OFTEN));
    host.configure(&says("two", OFTEN));
    let line = host.logged(&["reading the configuration again", "a file has changed"]);
    assert!(line.contains("retort.toml"), "{line}");
}

/// Writes a certificate and its key, and the lines that name them.
fn with_tls(folder: &std::path::Path, name: &str) -> String {
    let params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    std::fs::write(folder.join(format!("{name}.pem")), certificate.pem()).unwrap();
    std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    tls(folder, name)
}

fn tls(folder: &std::path::Path, name: &str) -> String {
    let file = folder.join(name);
    format!(
        "watch = \"50ms\"\ntls = {{ certificate = '{0}.pem', key = '{0}.key' }}",
        file.display()
    )
}

fn speaks_plain_http(host: &Host) -> bool {
    let request = "GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answer = Connection::with(host.address, request).closed();
    answer.starts_with(b"HTTP/1.1 200")
}

#[test]
fn a_port_that_speaks_tls_goes_on_doing_so() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start(&says("one", &with_tls(folder.path(), "one")));
    assert!(!speaks_plain_http(&host));
    host.configure(&says("two", OFTEN));
    host.logged(&["ERROR", REFUSED, "would take credentials in the clear"]);
    assert!(!speaks_plain_http(&host));
    // Another certificate is none of that.
    host.configure(&says("two", &with_tls(folder.path(), "two")));
    host.logged(&[SERVES]);
    assert!(!speaks_plain_http(&host));
}

#[test]
fn a_port_may_begin_to_speak_tls_even_if_its_files_come_after_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start(&says("one", OFTEN));
    assert!(speaks_plain_http(&host));
    host.configure(&says("one", &tls(folder.path(), "late")));
    host.logged(&["ERROR", REFUSED, "late.pem"]);
    with_tls(folder.path(), "late");
    host.logged(&[SERVES]);
    host.logged(&["WARN", "the port speaks TLS from now on"]);
    assert!(!speaks_plain_http(&host));
}

#[test]
fn addresses_are_compared_with_the_sockets_and_not_with_what_was_read_last() {
    let with = |server: &str, admin: &str| {
        says("one", &format!("{NEVER}\nlisten = \"{server}\""))
            .replace("[admin]\nlisten = \"127.0.0.1:0\"", admin)
    };
    let admin = |address: &str| format!("[admin]\nlisten = \"{address}\"");
    let host = Host::start_where_it_says(&with("127.0.0.1:0", &admin("127.0.0.1:0")));
    let reload = |config: &str, times: usize| {
        host.configure(config);
        host.signal("HUP");
        host.logged_times(SERVES, times);
    };
    let server_words = "`listen` in [server] is not changed before the next start";
    let admin_words = "`listen` in [admin] is not changed before the next start";
    reload(&with("127.0.0.1:1", &admin("127.0.0.1:1234")), 1);
    host.logged(&["WARN", server_words]);
    host.logged(&["WARN", admin_words]);
    // Back to where it listens: by what was asked for, and by what came of it.
    reload(&with("127.0.0.1:0", &admin("127.0.0.1:0")), 2);
    let (here, there): (SocketAddr, SocketAddr) = (host.address, host.admin());
    reload(&with(&here.to_string(), &admin(&there.to_string())), 3);
    reload(&with(&here.to_string(), ""), 4);
    host.logged(&["WARN", "there is no [admin] any more"]);
    // What was said is not said again.
    reload(
        &with(&here.to_string(), "").replace(":\"one\"", ":\"two\""),
        5,
    );
    let log = host.log();
    for words in [server_words, admin_words, "there is no [admin] any more"] {
        assert_eq!(log.matches(words).count(), 1, "{words}\n{log}");
    }
    assert_eq!(host.admin_get("/readyz").status, 200);
}

#[test]
fn warnings_of_the_start_come_at_a_reload_where_they_are_new() {
    let bearer = "{ kind = \"bearer\", secrets = [\"env:SECRET\"] }";
    let open = says("one", NEVER).replace("[admin]\nlisten = \"127.0.0.1:0\"\n", "");
    let closed = open.replace("{ kind = \"none\" }", bearer);
    assert_ne!(open, closed);
    let host = Host::start(&closed);
    let reload = |config: &str, times: usize| {
        host.configure(config);
        host.signal("HUP");
        host.logged_times(SERVES, times);
    };
    assert!(!host.log().contains("anybody can call this webhook"));
    reload(&open, 1);
    host.logged(&["WARN", "anybody can call this webhook", "assistant=\"a\""]);
    reload(
        &(open + "[sandbox]\nconcurrency = 4096\n[plugins.charm.limits]\nmemory = \"4GiB\"\n")
            .replace(
                "[plugins.charm.limits]",
                &format!(
                    "[plugins.charm]\ncomponent = '{}'\n[plugins.charm.limits]",
                    crate::support::component("southern-charm").display()
                ),
            ),
        2,
    );
    host.logged(&["WARN", "all calls together can take more than the memory"]);
    reload(&(says("two", NEVER)), 3);
    // There was none before, and it is not opened while it serves.
    host.logged(&["WARN", "the admin listener of [admin] is not opened"]);
    assert_eq!(
        host.log().matches("anybody can call this webhook").count(),
        1
    );
}

#[test]
fn another_bound_of_time_for_the_compiler_compiles_nothing_again() {
    let host = Host::start(&says("one", NEVER));
    let compiled = || host.log().matches("compiling").count();
    let before = compiled();
    host.configure(&(says("two", NEVER) + "[sandbox]\ncompile_timeout = \"50s\"\nwait = \"2s\"\n"));
    host.signal("HUP");
    host.logged(&[SERVES]);
    said(&host, "two");
    assert_eq!(compiled(), before, "{}", host.log());
    // And it holds for what is compiled from then on.
    let slow = host.folder().join("slow.wasm");
    std::fs::write(&slow, crate::compiler::variables_in_loops(2_000, 300, 4)).unwrap();
    let plugin = "[plugins.slow]\ncomponent = \"slow.wasm\"\n[sandbox]\ncompile_timeout = \"1s\"\nwait = \"2s\"\n";
    host.configure(&(says("three", NEVER) + plugin));
    host.signal("HUP");
    host.logged(&["ERROR", REFUSED, "was not compiled within 1s"]);
}
