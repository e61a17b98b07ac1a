//! Answers with a string that the contract forbids. The host finds out while it reads
//! the answer, when the guest has already returned: it should become the fault
//! "trapped", never an error of the host.
//!
//! Settings: `how` is `invalid-utf-8` (the default) or `outside-memory`: a string
//! said to be longer than the guest's whole memory.

use bare::{Answer, Invocation, Outcome, Settings};

bare::guest!(transform);

fn transform(invocation: Invocation, _payload: String) -> Answer {
    Ok(Outcome::Replaced(
        match Settings::of(&invocation).how().as_str() {
            "" | "invalid-utf-8" => invalid(),
            "outside-memory" => endless(),
            other => bare::unknown!(other),
        },
    ))
}

fn invalid() -> String {
    let bytes = b"{\"output\":\"\xff\xfe\"}".to_vec();
    // SAFETY: none. The bindings only hand the bytes on.
    unsafe { String::from_utf8_unchecked(bytes) }
}

fn endless() -> String {
    const LENGTH: usize = 0x7fff_0000;
    let start = Box::leak(Box::new([b'{'])).as_mut_ptr();
    // SAFETY: none. The bindings only hand on where the string begins and how long it is.
    unsafe { String::from_raw_parts(start, LENGTH, LENGTH) }
}
