//! The crate from outside: the examples of the RFCs, properties, limits, edits.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy excepts only functions that are tests themselves, not what they call"
)]

mod editing;
mod generate;
mod limits;
mod properties;
mod rfc6902;
mod rfc7396;
