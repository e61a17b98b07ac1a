//! What tenants have of the machine beside each other: slots, queues, turns and fuel.

use crate::support::{Connection, Host, SAMPLE, component, post_body};
use retort::config::Sandbox as Settings;
use retort::event::EventKind;
use retort::fairness::{Admission, Allotment, Fairness, Refusal};
use retort::guard::Guard;
use retort::limits::Limits;
use retort::outcome::Fault;
use retort::plugin::{CompileBounds, Compiler, Plugin, Reach, Request, Sandbox, Terms};
use retort::view::View;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The tenants `busy`, with these lines in its table, and `quiet`, with an assistant of
/// the same name each. The quiet one's plugin answers at once.
fn two_tenants(sandbox: &str, busy: &str, pipeline: &str) -> Host {
    Host::start(&format!(
        r#"
        [sandbox]
        {sandbox}

        [tenants.busy]
        {busy}
        [assistants.busy]
        tenant = "busy"
        auth = {{ kind = "none" }}
        on_fault = "fail"
        timeout = "30s"
        pipeline = [{pipeline}]
        [assistants.forgiving]
        tenant = "busy"
        auth = {{ kind = "none" }}
        pipeline = [{pipeline}]

        [tenants.quiet]
        [assistants.quiet]
        tenant = "quiet"
        auth = {{ kind = "none" }}
        on_fault = "fail"
        pipeline = [{{ plugin = "echo", settings = {{ as = "unchanged" }} }}]
        "#
    ))
}

const SLEEPS: &str =
    r#"{ plugin = "sleeps", settings = { milliseconds = 3000 }, limits = { timeout = "30s" } }"#;

fn calls(host: &Host, assistant: &str, count: usize) -> Vec<Connection> {
    let request = post_body(&format!("/webhooks/{assistant}"), SAMPLE);
    (0..count)
        .map(|_| Connection::with(host.address, &request))
        .collect()
}

#[test]
fn a_tenant_has_no_more_calls_at_once_than_it_may_and_a_bounded_queue() {
    let host = two_tenants(
        "concurrency = 16\nwait = \"20s\"",
        "concurrency = 2\nqueue = 3",
        SLEEPS,
    );
    let mut served = calls(&host, "busy", 5);
    let start = Instant::now();
    std::thread::sleep(Duration::from_millis(500));
    let answer = host.call("busy").send();
    answer.is_problem(503, "too many answers are being transformed; try again");
    assert_eq!(answer.header("retry-after"), "1");
    // At once, although a call may wait for 20 s.
    assert!(start.elapsed() < Duration::from_secs(3));
    host.logged(&[
        "refused: try again",
        "3 calls of the tenant are waiting already",
    ]);
    // Where the policy says so, the answer goes on without the stage.
    let forgiven = host.call("forgiving").send();
    assert_eq!((forgiven.status, forgiven.text().as_str()), (200, SAMPLE));
    assert_eq!(host.call("quiet").send().status, 200);
    // Those that were let in are answered, one after the other.
    for call in &mut served {
        assert_eq!(call.answer().status, 200);
    }
}

#[test]
fn a_thousand_waiting_calls_do_not_push_back_another_tenant() {
    let host = two_tenants(
        "concurrency = 4\nwait = \"30s\"",
        "queue = 1_000",
        r#"{ plugin = "loops-forever", limits = { timeout = "200ms", fuel = 1_000_000_000_000 } }"#,
    );
    let mut flood = calls(&host, "busy", 1_000);
    host.logged(&["timed-out"]);
    for _ in 0..20 {
        let answer = host.call("quiet").send();
        assert_eq!((answer.status, answer.text().as_str()), (200, SAMPLE));
    }
    // Two at a time for 200 ms each: it has hardly begun.
    let log = host.log();
    assert!(log.matches("timed-out").count() < 500, "{log}");
    assert_eq!(flood[0].answer().status, 504);
}

#[test]
fn a_tenant_that_is_alone_may_have_all_slots() {
    let host = Host::start(&format!(
        "[sandbox]\nconcurrency = 2\nwait = \"0s\"\n[assistants.a]\ntenant = \"t\"\nauth = {{ kind = \"none\" }}\non_fault = \"fail\"\npipeline = [{SLEEPS}]"
    ));
    let mut served = calls(&host, "a", 2);
    std::thread::sleep(Duration::from_millis(500));
    let answer = host.call("a").send();
    answer.is_problem(503, "too many answers are being transformed; try again");
    for call in &mut served {
        assert_eq!(call.answer().status, 200);
    }
}

#[test]
fn a_tenants_fuel_is_spent_and_comes_back() {
    let host = two_tenants(
        "",
        "fuel_per_minute = 600_000_000",
        "{ plugin = \"loops-forever\", limits = { fuel = 610_000_000 } }",
    );
    assert_eq!(host.call("busy").send().status, 500);
    let answer = host.call("busy").send();
    answer.is_problem(503, "too many answers are being transformed; try again");
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=2).contains(&seconds), "{seconds}");
    host.logged(&[
        "refused: try again",
        "the tenant's fuel of 600000000 units a minute is used up",
    ]);
    assert_eq!(host.call("quiet").send().status, 200);
    std::thread::sleep(Duration::from_secs(seconds));
    assert_eq!(host.call("busy").send().status, 500, "it is called again");
}

/// After a reload with a pool of another size, there may be a slot and no place for it.
#[test]
fn a_pool_without_room_is_an_orderly_fault() {
    let settings = Settings {
        concurrency: Some(1),
        ..Settings::default()
    };
    let sandbox =
        Arc::new(Sandbox::new(&settings, &Limits::DEFAULT, &Compiler::InProcess).unwrap());
    let bounds = CompileBounds::of(&settings);
    let plugin = Plugin::load(&sandbox, "sleeps", &component("sleeps"), None, &bounds).unwrap();
    let plugin = Arc::new(plugin)
        .for_event(EventKind::MessageProcessed)
        .unwrap();
    let reach = Arc::new(Reach::default());
    let (name, allotment) = ("t".to_owned(), Allotment::default());
    let tenants = Fairness::new().share_out(2, Duration::ZERO, [(&name, &allotment)]);
    let (view, guard) = (View::default(), Guard::default());
    let call = async || {
        let request = Request {
            tenant: &tenants["t"],
            assistant: "a",
            request_id: "r",
            event: EventKind::MessageProcessed,
            options: "{}",
            deadline: Instant::now() + Duration::from_secs(10),
            timeout: Duration::from_secs(10),
            around: 0,
        };
        let terms = Terms {
            settings: r#"{"milliseconds":300}"#,
            view: &view,
            guard: &guard,
            limits: &Limits::DEFAULT,
            reach: &reach,
        };
        let mut admission = Admission::new(request.tenant);
        let meter = Arc::default();
        let call = plugin.call(&mut admission, &request, &terms, "{}", &meter);
        call.await.map(|made| made.kind())
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (first, second) = runtime.block_on(async { tokio::join!(call(), call()) });
    assert!(first.is_ok(), "{first:?}");
    assert_eq!(second, Err(Fault::Unavailable(Refusal::NoRoom)));
    // And there is room again.
    assert!(runtime.block_on(call()).is_ok());
}
