//! The editing interface.

use std::borrow::Cow;

use retort_json::{Document, EditError, Kind, Obstacle, Pointer};

const TEXT: &str =
    r#" { "id" : 1.0, "items": [ {"text":"a"}, {"text":"b\u00e9"} ], "\ud800": null } "#;

fn at(pointer: &str) -> Pointer {
    Pointer::parse(pointer).unwrap()
}

#[test]
fn looking_changes_nothing() {
    let mut document = Document::parse(TEXT).unwrap();
    for item in document.get_mut(&at("/items")).unwrap().elements() {
        for (key, _) in item.members() {
            assert_eq!(key, "text");
        }
    }
    let keys: Vec<_> = document.root().members().map(|(key, _)| key).collect();
    assert_eq!(keys, ["id", "items", "\u{FFFD}"]);
    assert!(document.get_mut(&at("/items/0/text")).is_some());
    assert!(document.root().member("id").is_some());
    let items = document.root().into_member("items").unwrap();
    assert!(items.into_member("0").is_none());
    assert!(document.changed().is_none());
    assert!(matches!(document.json(), Cow::Borrowed(TEXT)));
}

#[test]
fn a_value_is_read_as_any_type() {
    let mut document = Document::parse(TEXT).unwrap();
    let id = document.get(&at("/id")).unwrap();
    assert_eq!((id.json(), id.kind()), ("1.0", Kind::Number));
    assert!((id.read::<f64>().unwrap() - 1.0).abs() < f64::EPSILON);
    assert!(id.read::<&str>().is_err());
    assert!(id.string().is_none());
    let text = document.get(&at("/items/0/text")).unwrap();
    assert_eq!(text.read::<&str>().unwrap(), "a");
    let text = document.get(&at("/items/1/text")).unwrap();
    assert!(matches!(text.string(), Some(Cow::Owned(text)) if text == "bé"));
    assert!(document.get(&at("/items/2")).is_none());
    assert!(document.get(&at("/id/0")).is_none());
    document
        .get_mut(&at("/items/0/text"))
        .unwrap()
        .set("c")
        .unwrap();
    let items = document.get(&at("/items")).unwrap();
    assert_eq!(items.json(), r#"[{"text":"c"},{"text":"b\u00e9"}]"#);
}

#[test]
fn an_edit_leaves_the_rest_as_it_was() {
    let mut document = Document::parse(TEXT).unwrap();
    let mut second = document.get_mut(&at("/items/1")).unwrap();
    second.insert(&at("/text"), "ü").unwrap();
    second.insert(&at("/new"), &[1, 2]).unwrap();
    second
        .get_mut(&at("/new"))
        .unwrap()
        .insert(&at("/-"), &3)
        .unwrap();
    assert!(document.root().remove(&at("/id")));
    assert!(!document.root().remove(&at("/id")));
    assert!(!document.root().remove(&at("")));
    let expected = r#"{"items":[{"text":"a"},{"text":"ü","new":[1,2,3]}],"\ud800":null}"#;
    assert_eq!(document.to_string(), expected);
    assert_eq!(document.changed().unwrap(), expected);
}

#[test]
fn a_new_value_shows_even_inside_text_that_is_owned() {
    let mut document = Document::parse("[0]").unwrap();
    document.root().set(&serde_json::json!([[1], [2]])).unwrap();
    assert_eq!(document.changed().unwrap(), "[[1],[2]]");
    document.get_mut(&at("/1/0")).unwrap().set(&3).unwrap();
    document.get_mut(&at("/0/0")).unwrap();
    assert_eq!(document.changed().unwrap(), "[[1],[3]]");
}

#[test]
fn an_edit_that_cannot_be_says_why() {
    let mut document = Document::parse(TEXT).unwrap();
    let cases = [
        ("/items/5", Obstacle::NoSuchIndex),
        ("/id/x", Obstacle::NoContainer),
        ("/x/y", Obstacle::NotThere),
    ];
    for (pointer, wanted) in cases {
        match document.root().insert(&at(pointer), &1) {
            Err(EditError::Place { obstacle, .. }) => assert_eq!(obstacle, wanted),
            other => panic!("{pointer}: {other:?}"),
        }
    }
    let unwritable = std::collections::HashMap::from([([1, 2], 3)]);
    let error = document.root().set(&unwritable).unwrap_err();
    assert!(matches!(error, EditError::Value(_)));
    assert!(document.changed().is_none());
}
