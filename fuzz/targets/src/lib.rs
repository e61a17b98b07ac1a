//! What Retort must hold to for any input. Each module is one target: its `run` reads
//! the input off the bytes and panics where an oracle is violated. An oracle is another
//! implementation, or a property that the result has whatever the input was.
//!
//! `cargo xtask fuzz` runs the targets in libFuzzer, with coverage, on a nightly
//! toolchain. The test `replay` runs them over `fuzz/corpus` and over mutations of it on
//! any toolchain.

pub mod authorization;
pub mod body;
pub mod config;
mod json;
pub mod outcome;
