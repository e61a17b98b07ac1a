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
    let folder = repository().join("tests/guests/text");
    let read = |name: &str| std::fs::read_to_string(folder.join(format!("{name}.wat"))).unwrap();
    let text = read("component").replace(
        "(core module $main MODULE_FIELDS)",
        &format!("(core module $main {})", read(name)),
    );
    wat::parse_str(text).unwrap()
}
