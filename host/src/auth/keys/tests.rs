//! The bounds of a set. Which of its keys are used is in the table of access tokens.

use super::*;

#[test]
fn what_is_no_set_is_refused() {
    for text in ["", "[]", "{}", "<html>", "{\"keys\":{}}", "{\"keys\":[]"] {
        let error = KeySet::parse(text.as_bytes()).unwrap_err();
        assert_eq!(error, KeySetError::NotASet, "{text}");
    }
    // In depth, too: nothing recurses with it.
    let deep = format!("{{\"keys\":{}", "[".repeat(100_000));
    assert_eq!(
        KeySet::parse(deep.as_bytes()).unwrap_err(),
        KeySetError::NotASet
    );
}

#[test]
fn a_set_has_a_size_and_a_number_of_keys() {
    let key = r#"{"kty":"oct","k":"AA"}"#;
    let of = |keys: usize| format!("{{\"keys\":[{}]}}", vec![key; keys].join(","));
    let error = |text: &str| KeySet::parse(text.as_bytes()).unwrap_err();
    assert!(matches!(error(&of(MOST_KEYS)), KeySetError::NoUsableKey(_)));
    assert_eq!(error(&of(MOST_KEYS + 1)), KeySetError::TooManyKeys(101));
    let padded = |size: usize| {
        let text = of(1);
        text.replace("[{", &format!("[{}{{", " ".repeat(size - text.len())))
    };
    assert!(matches!(
        error(&padded(KeySet::MOST_BYTES)),
        KeySetError::NoUsableKey(_)
    ));
    let large = error(&padded(KeySet::MOST_BYTES + 1));
    assert_eq!(large, KeySetError::TooLarge(KeySet::MOST_BYTES + 1));
}
