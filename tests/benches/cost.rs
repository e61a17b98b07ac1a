//! What the sandbox costs: one stage, and a request's whole way through the
//! library without sockets, each beside the same transform run natively. Times
//! drift with the machine; the ratios at the end are of one run.

use bytes::Bytes;
use criterion::Criterion;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http_body_util::Full;
use retort::config::{Config, Sandbox as Settings};
use retort::event::EventKind;
use retort::fairness::{Admission, Tenant};
use retort::guard::Guard;
use retort::ingress;
use retort::limits::Limits;
use retort::outcome::Made;
use retort::plugin::{self, Compiler, Plugin, Reach, Sandbox};
use retort::process::Process;
use retort::secret::Secrets;
use retort::snapshot::Snapshot;
use retort::view::View;
use retort_sdk::guest;
use serde_json::Value;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// The vendor's sample body, about 700 B, and the same with 50 longer items, about 32 KB.
fn bodies() -> [(&'static str, String); 2] {
    let sample = include_str!("../payloads/sample.json");
    let item = r#"{
                "response_type": "text",
                "text": "Hello. Good evening"
            }"#;
    let text = "Hello. It is a good evening, and there is a lot to tell. ".repeat(9);
    let long = |number| item.replace("Hello. Good evening", &format!("{number}. {text}"));
    let items: Vec<_> = (0..50).map(long).collect();
    let large = sample.replace(item, &items.join(",\n            "));
    assert!(
        (30_000..34_000).contains(&large.len()),
        "{} bytes",
        large.len()
    );
    [("700 B", sample.to_owned()), ("32 KB", large)]
}

/// The payload of a body.
fn payload(body: &str) -> &str {
    let event = retort::event::Event::find(body.as_bytes());
    event.expect("it is an event").payload()
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The same transform without any sandbox, as a service would have it that is written
/// for this alone: the whole document parsed, each text changed by the plugin's own
/// function, the whole document written.
fn native(payload: &str) -> String {
    let mut payload: Value = serde_json::from_str(payload).expect("JSON");
    let items = payload["output"]["generic"].as_array_mut();
    let mut texts: Vec<_> = items
        .expect("items")
        .iter_mut()
        .filter(|item| item["response_type"] == "text")
        .filter_map(|item| item.get_mut("text"))
        .collect();
    let invocation = guest::Invocation {
        tenant: "acme".into(),
        assistant: "lobby".into(),
        request_id: "bench".into(),
        event: "message_processed".into(),
        options: "{}".into(),
        settings: "{}".into(),
        milliseconds_left: 5_000,
    };
    let given = texts.iter().map(|text| guest::Text {
        value: text.as_str().expect("a string").to_owned(),
        pointer: String::new(),
        response_type: None,
    });
    let made = guest::transform_texts(southern_charm::transform, invocation, given.collect());
    for (text, made) in texts.iter_mut().zip(made.expect("no failure")) {
        if let Some(made) = made {
            **text = Value::String(made);
        }
    }
    payload.to_string()
}

/// One stage: a fresh instance, the call, and the instance's end.
fn stage(criterion: &mut Criterion, runtime: &Runtime) {
    let sandbox = Arc::new(
        Sandbox::new(&Settings::default(), &Limits::DEFAULT, &Compiler::InProcess)
            .expect("a sandbox"),
    );
    let file = repository().join("target/components/southern-charm.wasm");
    let plugin = Plugin::load(
        &sandbox,
        "southern-charm",
        &file,
        None,
        &plugin::CompileBounds::of(&Settings::default()),
    )
    .expect("a plugin");
    let plugin = Arc::new(plugin).for_event(EventKind::MessageProcessed);
    let plugin = plugin.expect("it transforms answers");
    let reach = Arc::new(Reach::default());
    let (view, guard) = (View::default(), Guard::default());
    let tenant = Tenant::alone("acme");
    for (size, body) in bodies() {
        let payload = payload(&body);
        let call = || async {
            let request = plugin::Request {
                tenant: &tenant,
                assistant: "lobby",
                request_id: "bench",
                event: EventKind::MessageProcessed,
                options: "{}",
                deadline: Instant::now() + Duration::from_secs(10),
                timeout: Duration::from_secs(10),
                around: 0,
            };
            let terms = plugin::Terms {
                settings: "{}",
                view: &view,
                guard: &guard,
                limits: &Limits::DEFAULT,
                reach: &reach,
            };
            let mut admission = Admission::new(&tenant);
            let meter = Arc::default();
            let call = plugin.call(&mut admission, &request, &terms, payload, &meter);
            match call.await.expect("no fault") {
                Made::Payload(_, changed) => changed,
                Made::Reply(_) => panic!("it replied"),
            }
        };
        let parsed = |json: &str| serde_json::from_str::<Value>(json).expect("JSON");
        let sandboxed = runtime.block_on(call()).expect("it has changed");
        assert_eq!(
            parsed(&sandboxed),
            parsed(&native(payload)),
            "both do the same work"
        );
        let mut group = criterion.benchmark_group(format!("stage {size}"));
        group.bench_function("native", |b| b.iter(|| native(black_box(payload))));
        group.bench_function("sandboxed", |b| b.to_async(runtime).iter(call));
        group.finish();
    }
}

/// A request's whole way: verify the caller, read the body, run the pipeline, answer.
fn request(criterion: &mut Criterion, runtime: &Runtime) {
    let config = r#"
        [plugins.southern-charm]
        component = "target/components/southern-charm.wasm"
        [tenants.acme]
        [assistants.none]
        tenant = "acme"
        auth = { kind = "jwt", secrets = ["env:SECRET"] }
        [assistants.one]
        tenant = "acme"
        auth = { kind = "jwt", secrets = ["env:SECRET"] }
        pipeline = [{ plugin = "southern-charm" }]
    "#;
    let secret = |_: &str| Some("purple unicorn".to_owned());
    let config =
        Config::parse(config, "bench", &repository(), Secrets::Read(&secret)).expect("it is good");
    let snapshot = Snapshot::build(config, &Process::new(Compiler::InProcess), None, |_| ());
    let snapshot = Arc::new(snapshot.expect("the component is good"));
    // Signed by PyJWT over the same secret, without an expiry.
    let cases: Value = serde_json::from_str(include_str!("../tokens/cases.json")).expect("cases");
    let case = cases
        .as_array()
        .into_iter()
        .flatten()
        .find(|case| case["name"] == "no exp");
    let token = case.expect("the case")["headers"][0][1]
        .as_str()
        .expect("a token")
        .to_owned();
    for (size, body) in bodies() {
        let body = Bytes::from(body);
        let answer = |assistant: &'static str| {
            let request = Request::post(format!("/webhooks/{assistant}"))
                .header(AUTHORIZATION, &token)
                .header(CONTENT_TYPE, "application/json")
                .body(Full::new(body.clone()))
                .expect("a request");
            ingress::handle(&snapshot, false, request)
        };
        assert_eq!(runtime.block_on(answer("one")).status(), 200);
        let mut group = criterion.benchmark_group(format!("request {size}"));
        group.bench_function("no stage", |b| b.to_async(runtime).iter(|| answer("none")));
        group.bench_function("one stage", |b| b.to_async(runtime).iter(|| answer("one")));
        group.finish();
    }
}

/// A benchmark's median in nanoseconds, out of what criterion has just written.
fn median(group: &str, function: &str) -> f64 {
    let file = repository()
        .join("target/criterion")
        .join(group)
        .join(function)
        .join("new/estimates.json");
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
    let estimates: Value = serde_json::from_str(&text).expect("estimates");
    estimates["median"]["point_estimate"]
        .as_f64()
        .expect("a number")
}

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let mut criterion = Criterion::default().configure_from_args();
    stage(&mut criterion, &runtime);
    request(&mut criterion, &runtime);
    criterion.final_summary();
    // With a filter or `--test` on the command line there may be nothing to compare.
    if std::env::args()
        .skip(1)
        .any(|argument| argument != "--bench")
    {
        return;
    }
    println!("\nRatios of medians in this run:");
    for (size, _) in bodies() {
        let native = median(&format!("stage {size}"), "native");
        let sandboxed = median(&format!("stage {size}"), "sandboxed");
        let none = median(&format!("request {size}"), "no stage");
        let one = median(&format!("request {size}"), "one stage");
        println!(
            "{size}: a stage takes {:.1} µs, {:.1} times the native transform's {:.1} µs",
            sandboxed / 1e3,
            sandboxed / native,
            native / 1e3,
        );
        println!(
            "{size}: a request takes {:.1} µs, {:.1} times the {:.1} µs of one without a stage",
            one / 1e3,
            one / none,
            none / 1e3,
        );
    }
}
