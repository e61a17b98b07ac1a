//! What a plugin may reach. Each capability is one file: it is linked once, and
//! prepared for every call.

pub(crate) mod wasi;
