//! The assistants of two tenants side by side, with the same plugins.

use super::{answer, message, processed, received, texts};
use crate::support::{Asked, Cms, Host, TRANSLATOR_KEYS, Translator};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::collections::BTreeSet;

/// Two assistants of the tenant `t` and one of the tenant `u`, with lines for each table:
/// `KEY` in them is the variable with the tenant's key.
fn assistants(lines: &str) -> String {
    let assistant = |name: &str, tenant: &str, key: &str| {
        let lines = lines.replace("KEY", key);
        format!(
            "[assistants.{name}]\ntenant = \"{tenant}\"\nauth = {{ kind = \"none\" }}\non_fault = \"fail\"\n{lines}\n"
        )
    };
    [
        "[tenants.t]\n[tenants.u]\n".to_owned(),
        assistant("one", "t", "TRANSLATOR_KEY"),
        assistant("two", "t", "TRANSLATOR_KEY"),
        assistant("other", "u", "OTHER_TRANSLATOR_KEY"),
    ]
    .concat()
}

/// Where the connections came from over which a key was sent.
fn connections(asked: &[Asked], key: &str) -> BTreeSet<std::net::SocketAddr> {
    let expected = format!("Basic {}", STANDARD.encode(format!("apikey:{key}")));
    let with_it = asked
        .iter()
        .filter(|asked| asked.header("authorization") == Some(&expected));
    with_it.map(|asked| asked.peer).collect()
}

#[test]
fn two_tenants_share_neither_connections_nor_secrets() {
    let translator = Translator::start(&TRANSLATOR_KEYS);
    let origin = translator.service.origin();
    let stage = format!(
        r#"{{ plugin = "translate", settings = {{ url = "{origin}", language = "en" }}, grants = {{ http = [{{ origin = "{origin}", networks = ["127.0.0.0/8"], headers = {{ authorization = {{ basic = "apikey", password = "env:KEY" }} }} }}] }} }}"#
    );
    let host = Host::start(&assistants(&format!(
        "pipelines.message_received = [{stage}]\npipelines.message_processed = [{stage}]"
    )));
    let spanish = json!({"skills": {"actions skill": {"user_defined": {"language": "es"}}}});
    let mut hola = message("Hola", "s");
    hola["context"] = spanish.clone();
    for assistant in ["one", "two", "other", "two", "other"] {
        let got = received(&host, assistant, &hola);
        assert_eq!(got["input"]["text"], "Hello");
        let made = processed(&host, assistant, &answer(&["We open at nine"], &spanish));
        assert_eq!(texts(&made), ["Abrimos a las nueve"]);
    }

    let asked = translator.service.asked();
    assert_eq!(asked.len(), 10);
    let [first, second] = TRANSLATOR_KEYS.map(|key| connections(&asked, key));
    assert!(first.is_disjoint(&second), "{first:?} {second:?}");
    // Each request had the key of its tenant.
    let over = |peers: &BTreeSet<_>| asked.iter().filter(|it| peers.contains(&it.peer)).count();
    assert_eq!((over(&first), over(&second)), (6, 4));
    // Connections are kept for the next request, so this says something.
    assert!(first.len() < 6 && second.len() < 4, "{first:?} {second:?}");
    let log = host.log();
    for secret in TRANSLATOR_KEYS {
        assert!(!log.contains(secret) && !log.contains(&STANDARD.encode(secret)));
    }
}

#[test]
fn two_tenants_share_no_entries() {
    let cms = Cms::start(&[("hours", "We open at nine")]);
    let origin = cms.service.origin();
    let lines = format!(
        r#"pipelines.message_processed = [{{ plugin = "cms-answer", settings = {{ url = "{origin}/get_answer" }}, grants = {{ http = [{{ origin = "{origin}", networks = ["127.0.0.0/8"] }}], keyvalue = {{}}, logging = "warn" }} }}]"#
    );
    let host = Host::start(&format!(
        "[keyvalue]\nfile = \"state.redb\"\nsecrets = [\"env:STORE_KEY\"]\n{}",
        assistants(&lines)
    ));
    let mut ask = answer(&["?"], &json!({}));
    ask["output"]["generic"][0]["user_defined"] = json!({"action_id": "hours"});
    // How often the CMS was asked says who shares a cache.
    for (assistant, requests) in [
        ("one", 1),
        ("two", 1),
        ("other", 2),
        ("two", 2),
        ("other", 2),
    ] {
        let made = processed(&host, assistant, &ask);
        assert_eq!(texts(&made), ["We open at nine"]);
        assert_eq!(cms.requests(), requests, "{assistant}");
    }
}
