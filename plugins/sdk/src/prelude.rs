//! All that a plugin over texts needs: `use retort_sdk::prelude::*;`.
//!
//! Beside the SDK's own names these are the ones of `alloc` that every program with the
//! standard library has anyway, so that a plugin reads the same with and without it.

pub use alloc::{
    borrow::{Cow, ToOwned},
    boxed::Box,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

pub use crate::{Failure, Invocation, Result, Text};
