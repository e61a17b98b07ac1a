//! Properties of every document and patch, against a reference implementation.

use proptest::prelude::*;
use retort_json::{Document, Node, PatchError, Pointer, check, json_patch, merge_patch};
use serde_json::Value;

use crate::generate::{any_json, drafts, plain_json, spaces};

/// Opens every object and array below.
fn open_all(node: Node<'_, '_>) {
    let mut node = node;
    let members = node.get_mut(&Pointer::root()).unwrap();
    members.members().for_each(|(_, child)| open_all(child));
    node.elements().for_each(open_all);
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_was_only_looked_at_keeps_its_bytes(json in any_json(), spaces in spaces()) {
        let text = json.write(&spaces);
        prop_assert!(check(&text).is_ok());
        let mut document = Document::parse(&text).unwrap();
        open_all(document.root());
        prop_assert!(document.changed().is_none());
        prop_assert_eq!(document.json(), text.as_str());
    }

    #[test]
    fn what_is_beside_an_edit_keeps_its_bytes(json in any_json(), spaces in spaces()) {
        let text = json.write(&spaces);
        let array = format!("[{text},0,{text}]");
        let mut document = Document::parse(&array).unwrap();
        open_all(document.root());
        document.get_mut(&Pointer::parse("/1").unwrap()).unwrap().set(&1).unwrap();
        let text = text.trim();
        prop_assert_eq!(document.json(), format!("[{text},1,{text}]"));
    }

    #[test]
    fn merging_is_what_the_reference_does(
        target in plain_json(),
        patch in plain_json(),
        spaces in spaces(),
    ) {
        let (target, patch) = (target.write(&spaces), patch.write(&spaces));
        let mut expected: Value = serde_json::from_str(&target).unwrap();
        json_patch::merge(&mut expected, &serde_json::from_str(&patch).unwrap());
        let merged = merge_patch(&target, &patch).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&merged).unwrap(), expected);
    }

    #[test]
    fn patching_is_what_the_reference_does(
        target in plain_json(),
        drafts in drafts(),
        spaces in spaces(),
    ) {
        let target = target.write(&spaces);
        let mut expected: Value = serde_json::from_str(&target).unwrap();
        let mut operations = Vec::new();
        let mut failed = None;
        for (index, draft) in drafts.iter().enumerate() {
            let operation = draft.operation(&expected);
            // The reference does not move the whole document onto itself.
            if operation["op"] == "move" && operation["from"] == "" {
                continue;
            }
            let one = Value::Array(vec![operation.clone()]);
            let one: json_patch::Patch = serde_json::from_value(one).unwrap();
            // On a copy: the reference does not undo the first half of a move.
            let mut patched = expected.clone();
            let is_ok = json_patch::patch(&mut patched, &one).is_ok();
            if is_ok {
                expected = patched;
            }
            // Only the last one may fail, so that most patches get far.
            if is_ok || index + 1 == drafts.len() {
                operations.push(operation);
                failed = (!is_ok).then(|| operations.len() - 1);
            }
        }
        let patch = Value::Array(operations).to_string();
        match (json_patch(&target, &patch), failed) {
            (Ok(patched), None) => {
                prop_assert_eq!(serde_json::from_str::<Value>(&patched).unwrap(), expected);
            }
            (Err(PatchError::Inapplicable { index, .. }), Some(failed)) => {
                prop_assert_eq!(index, failed);
            }
            (result, failed) => prop_assert!(false, "{:?} {:?} {}", result, failed, patch),
        }
    }
}
