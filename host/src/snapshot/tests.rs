use super::*;
use crate::plugin::Compiler;
use crate::secret::Secrets;
use std::path::Path;
use std::time::Duration;

const CONFIG: &str = r#"
    [plugins.p]
    component = "p.wasm"
    [tenants.t]
    [assistants.a]
    tenant = "t"
    auth.kind = "none"
    pipeline = [{ plugin = "p" }]
"#;

fn config() -> Config {
    let secrets = Secrets::Read(&|_| None);
    let mut config = Config::parse(CONFIG, "retort.toml", Path::new(""), secrets).unwrap();
    // Its component is not there, and is not asked for.
    config.plugins.clear();
    config
}

fn refused(config: Config) -> String {
    let built = Snapshot::build(config, &Process::aside(Compiler::InProcess), None, |_| {});
    built.err().expect("it is refused").to_string()
}

#[test]
fn a_stage_or_an_assistant_that_cannot_be_made_is_an_error_and_not_left_out() {
    let error = refused(config());
    assert!(
        error.contains("retort.toml:8:17: there is no plugin `p`"),
        "{error}"
    );
    let mut without_tenant = config();
    for assistant in without_tenant.assistants.values_mut() {
        assistant.pipelines.clear();
    }
    without_tenant.tenants.clear();
    let error = refused(without_tenant);
    assert!(error.contains("there is no tenant `t`"), "{error}");
}

#[test]
fn what_the_checks_would_miss_is_an_error_too() {
    let process = Process::aside(Compiler::InProcess);
    let config = config();
    let tenants = process
        .fairness
        .share_out(1, Duration::from_secs(1), &config.tenants);
    let none = BTreeMap::new();
    let make = |tenants| Make {
        process: &process,
        previous: None,
        quarantine: config.quarantine,
        plugins: &none,
        tenants,
        clients: Clients::default(),
        store: None,
    };
    let assistant = || self::config().assistants.remove("a").unwrap();
    let error = make(&tenants).assistant("a", assistant()).err().unwrap();
    assert!(matches!(error, SnapshotError::NoStage { number: 1, .. }));
    let no_tenants = BTreeMap::new();
    let error = make(&no_tenants).assistant("a", assistant()).err().unwrap();
    assert!(matches!(error, SnapshotError::NoTenant(_)));
}
