#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| retort_fuzz_targets::outcome::run(data));
