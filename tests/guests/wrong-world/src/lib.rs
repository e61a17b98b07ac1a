//! A good component, but of another world: it exports `example:other/greet@1.0.0` and
//! nothing that Retort calls. It should be refused when it is loaded.

mod other {
    wit_bindgen::generate!({
        inline: r#"
            package example:other@1.0.0;

            interface greet {
                greet: func(name: string) -> string;
            }

            world greeter {
                export greet;
            }
        "#,
        pub_export_macro: true,
        default_bindings_module: "crate::other",
    });
}

struct Greeter;

impl other::exports::example::other::greet::Guest for Greeter {
    fn greet(name: String) -> String {
        format!("Hello, {name}.")
    }
}

other::export!(Greeter);
