//! The crate from outside: the examples of the RFCs, properties, limits, edits.

mod editing;
mod generate;
mod limits;
mod properties;
mod rfc6902;
mod rfc7396;
