//! Answers `unchanged` as any good plugin could, but imports `wasi:sockets`, which is
//! granted to nobody. It should be refused when it is loaded, with the import named.
//!
//! The import is that of the crate `wasip2` and not had from `std::net`, because that
//! cannot be linked with every C library which the other guests are built on.

use bare::{Answer, Invocation, Outcome};
use wasip2::sockets::instance_network::instance_network;

bare::guest!(transform);

fn transform(_invocation: Invocation, _payload: String) -> Answer {
    let _network = instance_network();
    Ok(Outcome::Unchanged)
}
