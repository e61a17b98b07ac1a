//! The assistants of two tenants side by side, with the same plugins.

use super::{answer, message, processed, received, texts};
use crate::support::{Asked, Cms, Host, TRANSLATOR_KEYS, Translator};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::collections::BTreeSet;

fn assistant(name: &str, tenant: &str, key: &str, translator: &str, cms: &str) -> String {
    let translating = format!(
        r#"{{ plugin = "translate", settings = {{ url = "{translator}", language = "en" }}, grants = {{ http = [{{ origin = "{translator}", networks = ["127.0.0.0/8"], headers = {{ authorization = {{ basic = "apikey", password = "env:{key}" }} }} }}] }} }}"#
    );
    format!(
        r#"
[assistants.{name}]
tenant = "{tenant}"
auth = {{ kind = "none" }}
on_fault = "fail"
pipelines.message_received = [{translating}]
pipelines.message_processed = [
    {{ plugin = "cms-answer", settings = {{ url = "{cms}/get_answer" }}, grants = {{ http = [{{ origin = "{cms}", networks = ["127.0.0.0/8"] }}], keyvalue = {{}}, logging = "warn" }} }},
    {translating},
]
"#
    )
}

fn host(translator: &str, cms: &str) -> Host {
    Host::start(&format!(
        "[keyvalue]\nfile = \"state.redb\"\nsecrets = [\"env:STORE_KEY\"]\n\
         [tenants.t]\n[tenants.u]\n{}{}{}",
        assistant("one", "t", "TRANSLATOR_KEY", translator, cms),
        assistant("two", "t", "TRANSLATOR_KEY", translator, cms),
        assistant("other", "u", "OTHER_TRANSLATOR_KEY", translator, cms),
    ))
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
fn two_tenants_share_neither_entries_nor_connections_nor_secrets() {
    let translator = Translator::start(&TRANSLATOR_KEYS);
    let cms = Cms::start(&[("hours", "We open at nine")]);
    let host = host(&translator.service.origin(), &cms.service.origin());
    let spanish = json!({"skills": {"actions skill": {"user_defined": {"language": "es"}}}});
    let mut ask = answer(&["?"], &spanish);
    ask["output"]["generic"][0]["user_defined"] = json!({"action_id": "hours"});
    let mut hola = message("Hola", "s");
    hola["context"] = spanish;

    // How often the CMS was asked says who shares a cache.
    for (assistant, requests) in [("one", 1), ("two", 1), ("other", 2), ("two", 2)] {
        let got = received(&host, assistant, &hola);
        assert_eq!(got["input"]["text"], "Hello");
        let made = processed(&host, assistant, &ask);
        assert_eq!(texts(&made), ["Abrimos a las nueve"]);
        assert_eq!(cms.requests(), requests, "{assistant}");
    }

    let asked = translator.service.asked();
    assert_eq!(asked.len(), 8);
    let [first, second] = TRANSLATOR_KEYS.map(|key| connections(&asked, key));
    assert!(!first.is_empty() && !second.is_empty());
    assert!(first.is_disjoint(&second), "{first:?} {second:?}");
    // Each request had the one key or the other.
    let of_one = |peers: &BTreeSet<_>| asked.iter().filter(|it| peers.contains(&it.peer)).count();
    assert_eq!((of_one(&first), of_one(&second)), (6, 2));
    // And nobody was told of them but the translator.
    for asked in cms.service.asked() {
        assert_eq!(asked.header("authorization"), None);
    }
    let log = host.log();
    for secret in TRANSLATOR_KEYS {
        assert!(!log.contains(secret) && !log.contains(&STANDARD.encode(secret)));
    }
}
