//! Replaces the payload by a huge one, `{"filler":"aaa…"}`, which should become the fault
//! "output too large". It needs two units of fuel for each byte.
//!
//! Settings: `bytes` is the length of the whole JSON text, 16 MiB where it is absent and
//! at least 13; `how` is `replaced` (the default) or `merge-patch`.

use bare::{Answer, Invocation, Outcome, Settings};

bare::guest!(transform);

const START: &str = r#"{"filler":""#;
const END: &str = r#""}"#;

fn transform(invocation: Invocation, _payload: String) -> Answer {
    let settings = Settings::of(&invocation);
    let bytes = settings.number("bytes").unwrap_or(16 << 20);
    let filler = usize::try_from(bytes)
        .ok()
        .and_then(|bytes| bytes.checked_sub(START.len() + END.len()))
        .expect("`bytes` is at least 13 and fits into memory");
    let json = [START, &"a".repeat(filler), END].concat();
    Ok(match settings.how().as_str() {
        "" | "replaced" => Outcome::Replaced(json),
        "merge-patch" => Outcome::MergePatch(json),
        other => bare::unknown!(other),
    })
}
