//! Where the components are that `cargo xtask test` has built.

use std::path::{Path, PathBuf};

/// The repository's top folder.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .into()
}

/// A bundled plugin or a guest of the tests, by its name.
pub(crate) fn component(name: &str) -> PathBuf {
    ["components", "test-components"]
        .map(|folder| repository().join(format!("target/{folder}/{name}.wasm")))
        .into_iter()
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("{name} is not built: run `cargo xtask test`"))
}

/// A guest that only WebAssembly's own text can express, as a component's bytes.
pub(crate) fn text_guest(name: &str) -> Vec<u8> {
    wat::parse_str(component_text(&text(name))).unwrap()
}

/// The text of a component out of the fields of a core module; `guests/text/component.wat`
/// says which. The comments `string-encoding=utf16` and `interface=transform-texts` choose
/// others than the usual.
pub(crate) fn component_text(fields: &str) -> String {
    let template = match fields.contains("interface=transform-texts") {
        true => "component-texts",
        false => "component",
    };
    let text = text(template).replace(
        "(core module $main MODULE_FIELDS)",
        &format!("(core module $main {fields})"),
    );
    if fields.contains("string-encoding=utf16") {
        text.replace("string-encoding=utf8", "string-encoding=utf16")
    } else {
        text
    }
}

fn text(name: &str) -> String {
    let file = format!("tests/guests/text/{name}.wat");
    std::fs::read_to_string(repository().join(file)).unwrap()
}
