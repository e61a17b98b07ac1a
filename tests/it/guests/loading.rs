//! Guests that do not even load, and others that do although they are monstrous.

use super::does_not_load;
use crate::support::{Host, SAMPLE, component, component_text, text_guest};
use std::borrow::Cow;
use std::fmt::Write;
use std::path::PathBuf;
use tempfile::TempDir;
use wasm_encoder::{Component, ComponentSection, CustomSection, RawSection};

#[test]
pub(super) fn wrong_world() {
    does_not_load(
        &component("wrong-world"),
        &[
            "exports none of retort:transform/transform-response@0.1.0, retort:transform/transform-texts@0.1.0",
            "it exports example:other/greet@1.0.0",
            "hint:",
        ],
    );
}

#[test]
pub(super) fn opens_sockets() {
    does_not_load(
        &component("opens-sockets"),
        &[
            "imports what no plugin can have: wasi:sockets/network@",
            "wasi:sockets/instance-network@",
        ],
    );
}

#[test]
pub(super) fn imports_unknown() {
    does_not_load(
        &component("imports-unknown"),
        &["imports what no plugin can have: example:secrets/vault@1.0.0"],
    );
}

#[test]
pub(super) fn both_interfaces() {
    does_not_load(
        &component("both-interfaces"),
        &[
            "exports both retort:transform/transform-response@0.1.0 and",
            "only one of them",
        ],
    );
}

#[test]
pub(super) fn starts_huge() {
    bytes_do_not_load(&text_guest("starts-huge"), &["memory"]);
}

#[test]
pub(super) fn three_memories() {
    bytes_do_not_load(&text_guest("three-memories"), &["memories"]);
}

/// A component that needs more than a place of the pool has.
#[track_caller]
fn bytes_do_not_load(bytes: &[u8], words: &[&str]) {
    let kept = Kept::new(bytes);
    does_not_load(&kept.file, words);
}

/// A component in a file of its own.
struct Kept {
    _folder: TempDir,
    file: PathBuf,
}

impl Kept {
    fn new(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("guest.wasm");
        std::fs::write(&file, bytes).unwrap();
        Self {
            _folder: folder,
            file,
        }
    }

    /// Serves it, and sees that it is as good as any.
    #[track_caller]
    fn serves(&self) {
        let host = Host::start(&format!(
            "[plugins.kept]\ncomponent = '{}'\n[assistants.a]\ntenant = \"t\"\n\
             auth = {{ kind = \"none\" }}\non_fault = \"fail\"\n\
             pipeline = [{{ plugin = \"kept\" }}, {{ plugin = \"kept\" }}]",
            self.file.display()
        ));
        for _ in 0..2 {
            let answer = host.call("a").send();
            assert_eq!(answer.status, 200, "{}\n{}", answer.text(), host.log());
            assert_eq!(answer.body, SAMPLE.as_bytes());
        }
    }
}

/// The fields of a module that answers `unchanged`, with others beside them.
fn tame_fields(memory: &str) -> String {
    format!(
        r#"{memory}
        (func (export "realloc") (param i32 i32 i32 i32) (result i32)
          (i32.const 4096))
        (func (export "transform")
          (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
          (result i32)
          (i32.const 0))
        (func (export "after") (param i32))"#
    )
}

/// A component that answers `unchanged`, with other definitions in it.
fn tame_with(definitions: &str) -> Vec<u8> {
    let text = component_text(&tame_fields("(memory (export \"memory\") 16)"));
    let inside = text.trim_end().strip_suffix(')').unwrap();
    wat::parse_str(format!("{inside}\n{definitions})")).unwrap()
}

#[test]
fn a_thousand_instances() {
    // Ten components of a hundred.
    let ten = "(instance (instantiate $hundred))".repeat(10);
    let hundred = "(instance (instantiate $empty))".repeat(100);
    let nested = format!("(component $hundred (component $empty) {hundred}) {ten}");
    Kept::new(&tame_with(&nested)).serves();
    let cores = "(core instance (instantiate $module))".repeat(900);
    let wide = format!("(core module $module) {cores}");
    bytes_do_not_load(
        &tame_with(&wide),
        &["core module instances, which exceeds the configured maximum of 16"],
    );
}

#[test]
fn instances_beyond_number() {
    // Each layer instantiates the one before twice: a trillion instances in 40 layers.
    let mut layers = String::from("(component $layer0)");
    for layer in 1..=40 {
        layers = format!(
            "(component $layer{layer} {layers} {0} {0})",
            format_args!("(instance (instantiate $layer{}))", layer - 1)
        );
    }
    bytes_do_not_load(
        &tame_with(&format!("{layers} (instance (instantiate $layer40))")),
        &[
            "has too much inside: it comes to more than 10000 instances",
            "hint:",
        ],
    );
}

#[test]
fn components_in_each_other() {
    let nested = |depth: usize| {
        let mut bytes = Component::new().finish();
        for _ in 0..depth {
            let mut outer = Component::new();
            let inner = std::mem::take(&mut bytes);
            // By hand, because the encoder nests only what it has built itself.
            outer.section(&RawSection {
                id: 4,
                data: &inner,
            });
            bytes = outer.finish();
        }
        bytes
    };
    bytes_do_not_load(&nested(100), &["it exports nothing"]);
    for depth in [101, 20_000] {
        bytes_do_not_load(
            &nested(depth),
            &["has too much inside: its parts lie more than 100 deep in each other"],
        );
    }
}

#[test]
fn fifty_megabytes() {
    const BYTES: usize = 50 << 20;
    // Of what nobody needs.
    let mut padded = tame_with("");
    let filler = vec![b'x'; BYTES];
    let custom = CustomSection {
        name: "filler".into(),
        data: Cow::Borrowed(&filler),
    };
    custom.append_to_component(&mut padded);
    Kept::new(&padded).serves();
    // Of memory: 800 pages that each instance begins with.
    let mut fields = String::with_capacity(BYTES + 1000);
    write!(
        fields,
        "(memory (export \"memory\") 816) (data (i32.const 1048576) \"{}\")",
        "x".repeat(BYTES)
    )
    .unwrap();
    let text = component_text(&tame_fields(&fields));
    Kept::new(&wat::parse_str(text).unwrap()).serves();
}
