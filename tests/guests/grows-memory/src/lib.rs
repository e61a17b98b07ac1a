//! Takes memory until it gets no more, which should become the fault "memory refused".
//!
//! Settings: `how` is `in-steps` (the default: 1 MiB at a time, each touched),
//! `pages` (64 KiB at a time, untouched, past the allocator, and traps where it is
//! refused), `one-step` (asks for 1.5 GiB at once) or `politely` (in steps, but stops and
//! returns `{"mebibytes": N}` where it is refused, as a careful plugin would).
//! `mebibytes` makes the first and the last stop by themselves after so many steps,
//! and return `{"mebibytes": N}`.

use bare::{Answer, Invocation, Outcome, Settings};

bare::guest!(transform);

const MEBIBYTE: usize = 1 << 20;

fn transform(invocation: Invocation, _payload: String) -> Answer {
    let settings = Settings::of(&invocation);
    let steps = settings.number("mebibytes").unwrap_or(u64::MAX);
    let taken = match settings.how().as_str() {
        "" | "in-steps" => in_steps(steps),
        "pages" => pages(),
        "politely" => politely(steps),
        "one-step" => one_step(),
        other => bare::unknown!(other),
    };
    Ok(Outcome::Replaced(format!("{{\"mebibytes\":{taken}}}")))
}

fn in_steps(steps: u64) -> usize {
    let mut taken = Vec::new();
    for _ in 0..steps {
        taken.push(std::hint::black_box(vec![1_u8; MEBIBYTE]));
    }
    taken.len()
}

fn pages() -> usize {
    while core::arch::wasm32::memory_grow::<0>(1) != usize::MAX {}
    core::arch::wasm32::unreachable()
}

fn politely(steps: u64) -> usize {
    let mut taken = Vec::new();
    for _ in 0..steps {
        let mut step = Vec::new();
        if step.try_reserve_exact(MEBIBYTE).is_err() {
            break;
        }
        step.resize(MEBIBYTE, 1_u8);
        taken.push(std::hint::black_box(step));
    }
    taken.len()
}

fn one_step() -> usize {
    let taken: Vec<u8> = Vec::with_capacity(1536 * MEBIBYTE);
    std::hint::black_box(taken).capacity() / MEBIBYTE
}
