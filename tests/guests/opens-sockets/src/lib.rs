//! Answers `unchanged` as any good plugin could, but imports `wasi:sockets`, which is
//! granted to nobody. It should be refused when it is loaded, with the import named.
//!
//! The import is declared here and not had from `std::net`, because that cannot be
//! linked with every C library which the other guests are built on.

use bare::{Answer, Invocation, Outcome};

mod sockets {
    wit_bindgen::generate!({
        inline: r#"
            package wasi:sockets@0.2.0;

            interface network {
                resource network;
            }

            interface instance-network {
                use network.{network};

                instance-network: func() -> network;
            }

            world client {
                import instance-network;
            }
        "#,
    });
}

bare::guest!(transform);

fn transform(_invocation: Invocation, _payload: String) -> Answer {
    let _network = sockets::wasi::sockets::instance_network::instance_network();
    Ok(Outcome::Unchanged)
}
