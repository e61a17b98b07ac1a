//! Imports `wasi:config/store` and `wasi:logging/logging`: it logs every setting that it
//! finds in the store, at every level.

wit_bindgen::generate!({
    inline: "
        package tests:logs;
        world logs {
            import wasi:config/store@0.2.0-rc.1;
            import wasi:logging/logging@0.1.0-draft;
        }
    ",
    path: ["../../../wit/wasi/config", "../../../wit/wasi/logging"],
    generate_all,
});

use bare::{Answer, Failure, Invocation, Outcome};
use wasi::config::store;
use wasi::logging::logging::{Level, log};

bare::guest!(transform);

fn transform(_: Invocation, _: String) -> Answer {
    let mut all = store::get_all().map_err(|_| Failure::Failed("no store".to_owned()))?;
    all.sort();
    for (name, value) in all {
        assert_eq!(store::get(&name).ok().flatten().as_ref(), Some(&value));
        for level in [
            Level::Trace,
            Level::Debug,
            Level::Info,
            Level::Warn,
            Level::Error,
            Level::Critical,
        ] {
            log(level, &name, &value);
        }
    }
    assert!(matches!(store::get("nothing of this name"), Ok(None)));
    Ok(Outcome::Unchanged)
}
