//! The crate from outside: the examples of the RFCs, properties, limits, edits,
//! views.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy excepts only functions that are tests themselves, not what they call"
)]

mod editing;
mod generate;
mod guest;
mod limits;
mod properties;
mod reference;
mod rfc6902;
mod rfc7396;
mod strings;
mod view_limits;
mod view_properties;
mod views;
mod write_properties;
