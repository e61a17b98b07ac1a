//! A guest that no test uses does not get past the compiler: for each folder of
//! `guests/` and each text of `guests/text/`, one of the files in `it/guests/` has to
//! have a test of its name.

use std::fmt::Write;
use std::path::Path;

/// What stands among the guests and is none.
const NOT_GUESTS: [&str; 5] = ["bare", "text", "target", "component", "component-texts"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut names = Vec::new();
    for folder in ["guests", "guests/text"] {
        println!("cargo::rerun-if-changed={folder}");
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() || path.extension().is_some_and(|it| it == "wat") {
                let stem = path.file_stem().unwrap_or_default();
                names.push(stem.to_string_lossy().into_owned());
            }
        }
    }
    names.retain(|name| !NOT_GUESTS.contains(&name.as_str()));
    names.sort();
    let mut code = String::new();
    for name in names {
        writeln!(code, "const _: fn() = {};", name.replace('-', "_"))?;
    }
    let out = std::env::var("OUT_DIR")?;
    std::fs::write(Path::new(&out).join("every_guest_has_a_test.rs"), code)?;
    Ok(())
}
