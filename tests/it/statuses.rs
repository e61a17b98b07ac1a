//! The README's table of statuses, each row over real HTTP. What an error says is
//! what a caller can do about it; nothing of the inside.

mod refusals;

use crate::support::{Answer, Call, Connection, Host, SAMPLE, post_body};

/// An assistant of this name that anybody can call.
fn open(name: &str, lines: &str) -> String {
    format!("[assistants.{name}]\ntenant = \"t\"\nauth = {{ kind = \"none\" }}\n{lines}\n")
}

const CHANGED: &str = r#"pipeline = [
    { plugin = "echo", settings = { as = "merge-patch", value = '{"user_id":"changed"}' } },
]"#;

const UNCHANGED: &str = r#"
on_fault = "fail"
pipeline = [{ plugin = "echo", settings = { as = "unchanged" } }]
"#;

const TRAPS: &str = r#"
on_fault = "fail"
pipeline = [{ plugin = "traps" }]
"#;

const SLEEPS: &str = r#"
timeout = "30s"
pipeline = [{ plugin = "sleeps", limits = { timeout = "30s" } }]
"#;

/// A problem document says this and no word of what is inside.
#[track_caller]
fn problem(answer: &Answer, status: u16, words: &str) {
    answer.is_problem(status, words);
    let document = answer.json();
    let members: Vec<_> = document.as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        ["type", "title", "status", "detail", "request_id"].sorted()
    );
    assert_eq!(document["type"], "about:blank");
    let text = answer.text();
    for inside in [
        "echo",
        "traps",
        "sleeps",
        "occupies",
        "wasm",
        ".rs",
        "/tmp",
        "fuel",
        "unreachable",
        "trapped",
        "timed-out",
        "unavailable",
        "Envelope",
        "127.0.0.1",
    ] {
        assert!(!text.contains(inside), "{inside} is internal: {text}");
    }
}

/// `serde_json` hands out the members in alphabetical order.
trait Sorted {
    fn sorted(self) -> Self;
}

impl<const N: usize> Sorted for [&str; N] {
    fn sorted(mut self) -> Self {
        self.sort_unstable();
        self
    }
}

#[test]
fn status_200_has_the_callers_own_bytes_but_for_the_payload() {
    let host = Host::start(
        &(open("empty", "") + &open("unchanged", UNCHANGED) + &open("changed", CHANGED)),
    );
    // No tidy program would write it this way, so any other would not return it.
    let body = "\t{\"x\" : 1.0e2,\r\n \"payload\": {\"user_id\" :\"\\u0061\", \"n\":1E400} ,\"event\":{\"name\":\"message_processed\"}}\n";
    for assistant in ["unchanged", "empty"] {
        let answer = host.call(assistant).body(body).send();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.text(), body);
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("content-length"), body.len().to_string());
    }
    let answer = host.call("changed").body(body).send();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    let payload = r#"{"user_id":"changed","n":1E400}"#;
    let expected = body.replace("{\"user_id\" :\"\\u0061\", \"n\":1E400}", payload);
    assert_eq!(answer.text(), expected);
    assert_eq!(host.call("unchanged").send().text(), SAMPLE);
}

#[test]
fn status_500_is_for_a_plugin_that_is_at_fault() {
    let host = Host::with_assistant(TRAPS);
    problem(
        &host.call("a").send(),
        500,
        "a plugin of this assistant failed",
    );
    host.logged(&["the stage is at fault", "traps", "trapped"]);
}

#[test]
fn status_503_is_for_a_server_without_a_free_place() {
    let host = Host::start(&format!(
        "[sandbox]\nconcurrency = 1\nwait = \"200ms\"\n{}{}",
        open("occupies", SLEEPS),
        open("queues", UNCHANGED)
    ));
    let occupant = Connection::with(host.address, post_body("/webhooks/occupies", SAMPLE));
    // The occupant waits longer for its place than these calls keep it.
    let answer = std::iter::repeat_with(|| host.call("queues").send())
        .take(100)
        .find(|answer| answer.status != 200)
        .unwrap();
    problem(
        &answer,
        503,
        "too many answers are being transformed; try again",
    );
    assert_eq!(answer.header("retry-after"), "1");
    drop(occupant);
}

#[test]
fn status_504_is_for_an_answer_that_is_not_there_in_time() {
    let host = Host::with_assistant(
        "timeout = \"1s\"\non_fault = \"fail\"\npipeline = [{ plugin = \"sleeps\" }]",
    );
    let answer = host.call("a").send();
    problem(&answer, 504, "the answer could not be transformed in time");
}

#[test]
fn every_answer_carries_a_request_id() {
    let never = "[quarantine]\nfaults = 0\n".to_owned();
    let host = Host::start(&(never + &open("changed", CHANGED) + &open("traps", TRAPS)));
    let calls: [fn(&Host) -> Call; 5] = [
        |host| host.call("changed"),
        |host| host.call("traps"),
        |host| host.call("nobody"),
        |host| Call::post(host.address, "/healthz").method("GET"),
        |host| Call::post(host.address, "/nowhere"),
    ];
    for call in calls {
        let first = call(&host).send().header("x-request-id").to_owned();
        let second = call(&host).send().header("x-request-id").to_owned();
        assert!(first.len() == 36 && first != second, "{first} {second}");
        for sane in ["id-1", "A.b:C_d-9", &"x".repeat(128)] {
            let answer = call(&host).header("x-request-id", sane).send();
            assert_eq!(answer.header("x-request-id"), sane);
        }
        for insane in ["", "a b", "<script>", "a\"b", "é", &"x".repeat(129)] {
            let answer = call(&host).header("x-request-id", insane).send();
            assert_eq!(answer.header("x-request-id").len(), 36, "{insane:?}");
        }
    }
    host.call("traps").header("x-request-id", "find-me").send();
    host.logged(&["the stage is at fault", "find-me"]);
}

#[test]
fn health_and_readiness_answer_with_a_word() {
    let host = Host::with_stages("");
    for (path, word) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let answer = Call::post(host.address, path).method("GET").send();
        assert_eq!((answer.status, answer.text().as_str()), (200, word));
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        let head = Call::post(host.address, path).method("HEAD").send();
        assert_eq!((head.status, head.text().as_str()), (200, ""));
        assert_eq!(head.header("content-length"), word.len().to_string());
    }
}

#[test]
fn an_answer_to_a_fault_that_is_passed_over_is_200() {
    let host = Host::with_stages(r#"{ plugin = "traps" }, { plugin = "fails" }"#);
    let answer = host.call("a").send();
    assert_eq!((answer.status, answer.text().as_str()), (200, SAMPLE));
}
