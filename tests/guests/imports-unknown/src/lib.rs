//! Imports an interface that nobody offers, `example:secrets/vault@1.0.0`. It should be
//! refused when it is loaded, with the import named; it is never called.

use bare::{Answer, Invocation, Outcome};

mod vault {
    wit_bindgen::generate!({
        inline: r#"
            package example:secrets@1.0.0;

            interface vault {
                reveal: func(name: string) -> string;
            }

            world robber {
                import vault;
            }
        "#,
    });
}

bare::guest!(transform);

fn transform(_invocation: Invocation, _payload: String) -> Answer {
    Ok(Outcome::Replaced(vault::example::secrets::vault::reveal(
        "crown jewels",
    )))
}
