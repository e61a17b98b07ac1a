use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use retort_sdk::{
    Failure, Outcome,
    http::{Method, Request, Response},
    testing::{Call, Store, example},
};
use serde_json::{Value, json};

use super::*;

const HOURS: &str = r#"{"output":{"generic":[{"response_type":"text","text":"(hours)","user_defined":{"action_id":"hours"}}]}}"#;

fn settings() -> Value {
    json!({"url": "https://cms.example/get_answer", "fallback": "Please ask later."})
}

/// A call of a CMS, and how often that was asked.
fn call(
    store: &Store,
    cms: impl Fn(&Request) -> Result<Response> + Send + Sync + 'static,
) -> (Call, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let call = Call::new()
        .settings(settings())
        .keyvalue(store)
        .http(move |request| {
            count.fetch_add(1, Ordering::Relaxed);
            cms(request)
        });
    (call, asked)
}

fn hours(request: &Request) -> Result<Response> {
    assert_eq!(request.method(), Method::Get);
    assert_eq!(request.url(), "https://cms.example/get_answer?id=hours");
    Ok(Response::new(200)
        .with_header("content-type", "application/json; charset=utf-8")
        .with_header("etag", "\"1\"")
        .with_body(r#"{"text":"We open at 9."}"#))
}

#[track_caller]
fn said(call: &Call) -> String {
    let made = call.result(transform, HOURS).unwrap();
    let made: Value = serde_json::from_str(&made).unwrap();
    made["output"]["generic"][0]["text"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Lets the only answer in a store grow old.
fn age(store: &Store) {
    let [key] = &store.keys()[..] else {
        panic!("{:?}", store.keys())
    };
    let mut kept: Value = serde_json::from_slice(&store.get(key).unwrap()).unwrap();
    kept["at"] = json!(kept["at"].as_u64().unwrap() - 61);
    store.set(key, kept.to_string().as_bytes());
}

#[test]
fn the_cms_has_the_answer_and_is_asked_once() {
    let store = Store::new();
    let (call, asked) = call(&store, hours);
    for _ in 0..3 {
        assert_eq!(said(&call), "We open at 9.");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    assert!(call.logged().is_empty());
}

#[test]
fn an_old_answer_is_asked_for_again_by_its_version() {
    let store = Store::new();
    assert_eq!(said(&call(&store, hours).0), "We open at 9.");
    age(&store);
    let (same, asked) = call(&store, |request| {
        assert_eq!(request.header_value("if-none-match"), Some("\"1\""));
        Ok(Response::new(304))
    });
    assert_eq!(said(&same), "We open at 9.");
    // It is fresh again.
    assert_eq!(said(&same), "We open at 9.");
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    age(&store);
    let (changed, _) = call(&store, |_| {
        Ok(Response::new(200)
            .with_header("content-type", "text/plain")
            .with_body("We open at 10."))
    });
    assert_eq!(said(&changed), "We open at 10.");
}

#[test]
fn an_old_answer_serves_while_the_cms_is_down() {
    let broken: [fn(&Request) -> Result<Response>; 5] = [
        |_| Err(Failure::service_failed("it is down")),
        |_| Ok(Response::new(503)),
        |_| Ok(Response::new(302).with_header("location", "https://x.example")),
        |_| {
            Ok(Response::new(200)
                .with_header("content-type", "application/json")
                .with_body("{"))
        },
        |_| {
            Ok(Response::new(200)
                .with_header("content-type", "text/html")
                .with_body("<p>"))
        },
    ];
    for cms in broken {
        let store = Store::new();
        assert_eq!(said(&call(&store, hours).0), "We open at 9.");
        age(&store);
        let (down, _) = call(&store, cms);
        assert_eq!(said(&down), "We open at 9.");
        assert_eq!(down.logged().len(), 1);
        // And without one the fallback.
        assert_eq!(said(&call(&Store::new(), cms).0), "Please ask later.");
    }
}

#[test]
fn what_the_cms_no_longer_has_is_not_served() {
    let store = Store::new();
    assert_eq!(said(&call(&store, hours).0), "We open at 9.");
    age(&store);
    let (gone, _) = call(&store, |_| Ok(Response::new(404)));
    assert_eq!(said(&gone), "Please ask later.");
    let without = gone.settings(json!({"url": "https://cms.example/get_answer"}));
    let outcome = without.outcome(transform, HOURS);
    assert_eq!(outcome, Ok(Outcome::Unchanged));
}

#[test]
fn a_store_that_is_down_is_only_a_cache_less() {
    let store = Store::new();
    let (call, asked) = call(&store, hours);
    store.set_down(true);
    assert_eq!(said(&call), "We open at 9.");
    assert_eq!(said(&call), "We open at 9.");
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    assert!(call.logged().iter().all(|line| line.starts_with("warn: ")));
}

#[test]
fn another_cms_has_other_answers() {
    let store = Store::new();
    assert_eq!(said(&call(&store, hours).0), "We open at 9.");
    let (other, asked) = call(&store, |_| Ok(Response::new(404)));
    let other = other.settings(json!({"url": "https://other.example/", "fallback": "-"}));
    assert_eq!(said(&other), "-");
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[test]
fn ids_are_encoded_and_what_has_none_stays() {
    let item = |rest: &str| format!(r#"{{"output":{{"generic":[{{{rest}}}]}}}}"#);
    let asks = |id: &str, query: &str| {
        let url = format!("https://cms.example/get_answer?id={query}");
        let (call, asked) = call(&Store::new(), move |request| {
            assert_eq!(request.url(), url);
            Ok(Response::new(404))
        });
        let payload = item(&format!(
            r#""text":"?","user_defined":{{"action_id":{id}}}"#
        ));
        call.result(transform, &payload).unwrap();
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    };
    asks("7", "7");
    asks("\"a b/c?d&e=f#g%\"", "a%20b%2Fc%3Fd%26e%3Df%23g%25");
    asks("\"ä\"", "%C3%A4");
    for rest in [
        r#""text":"?""#,
        r#""text":"?","user_defined":{"action_id":["hours"]}"#,
        r#""text":"?","user_defined":{"action_id":""}"#,
        r#""text":"?","user_defined":{"action_id":null}"#,
        r#""user_defined":{"action_id":"hours"}"#,
    ] {
        let (call, _) = call(&Store::new(), |_| panic!("asked"));
        let outcome = call.outcome(transform, &item(rest));
        assert_eq!(outcome, Ok(Outcome::Unchanged), "{rest}");
    }
}

#[test]
fn no_time_is_no_answer() {
    let (call, asked) = call(&Store::new(), hours);
    assert_eq!(said(&call.milliseconds_left(0)), "Please ask later.");
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

#[test]
fn the_example_in_the_readme_is_true() {
    let [before, after] = example(include_str!("../README.md")).unwrap();
    let (call, _) = call(&Store::new(), hours);
    let made = call.result(transform, before);
    assert_eq!(made.as_deref(), Ok(after.trim_end()));
}
