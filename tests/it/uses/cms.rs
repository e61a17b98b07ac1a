//! `cms-answer`, with a CMS.

use super::{processed, texts};
use crate::support::{Cms, Host, Mood};
use serde_json::{Value, json};

/// A host whose assistant `a` has its answers from a CMS; `settings` are more of them.
fn host(cms: &Cms, settings: &str) -> Host {
    let origin = cms.service.origin();
    Host::start(&format!(
        r#"
[keyvalue]
file = "state.redb"
secrets = ["env:STORE_KEY"]

[assistants.a]
tenant = "t"
auth = {{ kind = "none" }}
on_fault = "fail"

[[assistants.a.pipeline]]
plugin = "cms-answer"
settings = {{ url = "{origin}/get_answer", fallback = "Please ask later.", {settings} }}

[assistants.a.pipeline.grants]
http = [{{ origin = "{origin}", methods = ["GET"], paths = ["/get_answer"], networks = ["127.0.0.0/8"] }}]
keyvalue = {{ ttl = "1h" }}
logging = "warn"
"#
    ))
}

/// An answer whose only item has an id.
fn answer_of(id: &str) -> Value {
    json!({"output": {"generic": [
        {"response_type": "text", "text": "?", "user_defined": {"action_id": id}},
    ]}})
}

#[track_caller]
fn said(host: &Host, id: &str) -> String {
    let made = processed(host, "a", &answer_of(id));
    texts(&made)[0].to_owned()
}

#[test]
fn answers_come_from_the_cms_and_then_from_the_cache() {
    let cms = Cms::start(&[("hours", "We open at nine."), ("ä/b?c&d=1", "Odd.")]);
    let host = host(&cms, "");
    for _ in 0..3 {
        assert_eq!(said(&host, "hours"), "We open at nine.");
        assert_eq!(said(&host, "ä/b?c&d=1"), "Odd.");
    }
    assert_eq!(cms.requests(), 2);
    assert_eq!(said(&host, "unknown"), "Please ask later.");
    host.logged(&["WARN", "the CMS has no answer"]);
}

#[test]
fn an_old_answer_is_asked_for_by_its_version() {
    let cms = Cms::start(&[("hours", "We open at nine.")]);
    // Nothing is fresh.
    let host = host(&cms, "fresh = 0");
    assert_eq!(said(&host, "hours"), "We open at nine.");
    assert_eq!(said(&host, "hours"), "We open at nine.");
    assert_eq!((cms.requests(), cms.unchanged()), (2, 1));
    cms.publish("hours", "We open at ten.");
    assert_eq!(said(&host, "hours"), "We open at ten.");
    assert_eq!(said(&host, "hours"), "We open at ten.");
    assert_eq!((cms.requests(), cms.unchanged()), (4, 2));
    cms.withdraw("hours");
    assert_eq!(said(&host, "hours"), "Please ask later.");
}

#[test]
fn an_old_answer_serves_while_the_cms_is_out_of_order() {
    let cms = Cms::start(&[("hours", "We open at nine."), ("other", "Never kept.")]);
    let host = host(&cms, "fresh = 0, timeout = 3000");
    assert_eq!(said(&host, "hours"), "We open at nine.");
    for mood in [
        Mood::Fails,
        Mood::Breaks,
        Mood::Garbage,
        Mood::Redirects,
        Mood::Slow(30),
    ] {
        cms.set_mood(mood);
        assert_eq!(said(&host, "hours"), "We open at nine.", "{mood:?}");
        assert_eq!(said(&host, "other"), "Please ask later.", "{mood:?}");
    }
    // No redirect was followed: what was asked was asked of the CMS.
    assert_eq!(cms.requests(), 11);
    cms.set_mood(Mood::Well);
    assert_eq!(said(&host, "other"), "Never kept.");
    let log = host.log();
    for words in ["status 500", "status 302", "in time", "broke off"] {
        assert!(log.contains(words), "{words} is not in\n{log}");
    }
}
