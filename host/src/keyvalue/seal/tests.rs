use super::*;

fn keys(secrets: &[&str]) -> Keys {
    let secrets: Vec<_> = secrets.iter().map(|it| SecretString::from(*it)).collect();
    Keys::new(&secrets).unwrap()
}

fn scope() -> Scope {
    Scope::new("acme", Owner::Plugin("vault"))
}

#[test]
fn opens_what_it_sealed() {
    let keys = keys(&["a"]);
    for (key, value) in [("", &b""[..]), ("clé", &[0, 255]), ("k", &[7; 70_000])] {
        let name = keys.names(scope(), key)[0];
        let record = keys.seal(scope(), key, value, 42).unwrap();
        assert_eq!(record.len(), OVERHEAD + key.len() + value.len());
        assert_eq!(expiry(&record), Some(42));
        assert_eq!(keys.value(scope(), &name, &record).unwrap(), value);
        let head = &record[..head(key.len())];
        let listed = keys.key(scope(), &name, head).unwrap();
        assert_eq!(listed.as_deref(), Some(key));
    }
}

#[test]
fn a_record_shows_neither_key_nor_value_and_no_two_are_alike() {
    let keys = keys(&["a"]);
    let seal = || keys.seal(scope(), "jo@example.com", b"07 123", 42).unwrap();
    let (one, other) = (seal(), seal());
    assert_ne!(one[13..], other[13..]);
    for text in [&b"jo@example.com"[..], b"07 123", b"acme"] {
        assert!(!one.windows(text.len()).any(|window| window == text));
    }
    let name = keys.names(scope(), "jo@example.com")[0];
    assert!(!name.windows(2).any(|window| window == b"jo"));
}

#[test]
fn a_byte_that_is_changed_or_missing_is_damage() {
    let keys = keys(&["a"]);
    let name = keys.names(scope(), "k")[0];
    let record = keys.seal(scope(), "k", b"value", 42).unwrap();
    let key_part = HEADER..HEADER + 1 + MAX_TAG_LEN;
    for at in 0..record.len() {
        let mut changed = record.clone();
        changed[at] ^= 1;
        // The value's seal does not cover the sealed key, which has one of its own.
        let seen = if key_part.contains(&at) {
            keys.key(scope(), &name, &changed).map(drop)
        } else {
            keys.value(scope(), &name, &changed).map(drop)
        };
        assert_eq!(seen, Err(Error::Damaged), "byte {at}");
        let cut = keys.value(scope(), &name, &record[..at]);
        assert_eq!(cut, Err(Error::Damaged), "cut at {at}");
    }
}

#[test]
fn what_is_moved_does_not_open() {
    let keys = keys(&["a"]);
    let record = keys.seal(scope(), "k", b"value", 42).unwrap();
    let other_name = keys.names(scope(), "l")[0];
    let moved = keys.value(scope(), &other_name, &record);
    assert_eq!(moved, Err(Error::Damaged));
    for other in [
        Scope::new("acme", Owner::Plugin("other")),
        Scope::new("other", Owner::Plugin("vault")),
    ] {
        let name = keys.names(scope(), "k")[0];
        assert_eq!(keys.value(other, &name, &record), Err(Error::Damaged));
        let name = keys.names(other, "k")[0];
        assert_eq!(keys.value(other, &name, &record), Err(Error::Damaged));
    }
    // A bucket that is named as a plugin is another than the plugin's own.
    assert_ne!(scope(), Scope::new("acme", Owner::Named("vault")));
    // Names are told apart by more than their characters one after the other.
    assert_ne!(
        Scope::new("ab", Owner::Plugin("c")),
        Scope::new("a", Owner::Plugin("bc"))
    );
}

#[test]
fn an_older_secret_opens_and_a_foreign_one_does_not() {
    let old = keys(&["old"]);
    let record = old.seal(scope(), "k", b"value", 42).unwrap();
    let both = keys(&["new", "old"]);
    let names = both.names(scope(), "k");
    assert_eq!(names[1], old.names(scope(), "k")[0]);
    assert_ne!(names[0], names[1]);
    assert_eq!(both.value(scope(), &names[1], &record).unwrap(), b"value");
    let new = keys(&["new"]);
    let opened = new.value(scope(), &names[1], &record);
    assert_eq!(opened, Err(Error::Damaged));
    assert_eq!(new.key(scope(), &names[1], &record), Ok(None));
}
