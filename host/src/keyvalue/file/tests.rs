use super::super::seal::Owner;
use super::super::{Bucket, Error, Keeper, OpenError, Store, Terms, seal};
use super::tables::{ALL, EXPIRIES, USED};
use super::*;
use crate::config::{KeyValue, Place};
use redb::{ReadableDatabase, ReadableTableMetadata};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use tempfile::TempDir;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("state")
    }

    fn config(&self) -> KeyValue {
        KeyValue {
            place: Place::File {
                path: self.path(),
                size_bytes: 1 << 20,
            },
            secrets: vec!["s".repeat(32).into()],
            timeout: Duration::from_secs(10),
        }
    }

    fn open(&self) -> Result<Store, OpenError> {
        Keeper::new().store(&self.config())
    }
}

fn bucket(store: &Store, terms: &Terms) -> Bucket {
    store.bucket("acme", "vault", terms)
}

fn file(store: &Store) -> &File {
    match &store.backend {
        super::super::Backend::File(file) => file,
        super::super::Backend::Server(_) => panic!("it is a file"),
    }
}

/// How many entries and expiries there are, and what all entries count.
fn counts(store: &Store) -> (u64, u64, u64) {
    let database = file(store).shared.database().unwrap();
    let transaction = database.begin_read().unwrap();
    let entries = transaction.open_table(ENTRIES).unwrap().len().unwrap();
    let expiries = transaction.open_table(EXPIRIES).unwrap().len().unwrap();
    let used = transaction.open_table(USED).unwrap();
    let used = used.get(ALL).unwrap().map_or(0, |used| used.value());
    (entries, expiries, used)
}

#[tokio::test]
async fn what_is_set_survives_closing_and_is_for_its_owner_alone() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    bucket(&store, &Terms::default())
        .set("k", b"v")
        .await
        .unwrap();
    drop(store);
    let mode = folder.path().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let store = folder.open().unwrap();
    let kept = bucket(&store, &Terms::default()).get("k").await.unwrap();
    assert_eq!(kept.as_deref(), Some(&b"v"[..]));
}

#[tokio::test]
async fn the_file_shows_neither_keys_nor_values_nor_tenants() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    let vault = store.bucket("tenant-in-clear", "plugin-in-clear", &Terms::default());
    for number in 0..200 {
        let key = format!("key-in-clear-{number}@example.com");
        vault.set(&key, b"value-in-clear").await.unwrap();
    }
    vault.delete("key-in-clear-7@example.com").await.unwrap();
    drop((vault, store));
    // Once more open: it is closed then.
    drop(folder.open().unwrap());
    let bytes = std::fs::read(folder.path()).unwrap();
    let shows = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    for text in [&b"in-clear"[..], b"example.com", &[b's'; 32]] {
        assert!(!shows(text), "{}", String::from_utf8_lossy(text));
    }
    // It would be found.
    assert!(shows(b"entries"));
}

#[tokio::test]
async fn what_has_expired_is_removed_without_being_asked_for() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    let short = Terms {
        ttl: Duration::from_millis(1),
        ..Terms::default()
    };
    // In many scopes, and more than one step removes.
    for tenant in ["a", "b", "c"] {
        let bucket = store.bucket(tenant, "p", &short);
        let sets = (0..400).map(|number| {
            let bucket = bucket.clone();
            tokio::spawn(async move { bucket.set(&number.to_string(), b"v").await })
        });
        for set in sets.collect::<Vec<_>>() {
            set.await.unwrap().unwrap();
        }
    }
    bucket(&store, &Terms::default())
        .set("k", b"v")
        .await
        .unwrap();
    let one = super::super::ENTRY_COST + 2;
    for _ in 0..100 {
        if counts(&store) == (1, 1, one) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{:?} are left", counts(&store));
}

#[tokio::test]
async fn all_plugins_together_have_the_size_of_the_store() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    let terms = Terms::default();
    let one = store.bucket("acme", "one", &terms);
    let value = vec![7; 60_000];
    // 1 MiB has room for 17 of them.
    for number in 0..17 {
        let bucket = store.bucket("acme", &number.to_string(), &terms);
        bucket.set("k", &value).await.unwrap();
    }
    assert_eq!(one.set("k", &value).await, Err(Error::StoreFull));
    assert_eq!(one.get("k").await, Ok(None));
    one.set("k", b"little").await.unwrap();
    let first = store.bucket("acme", "0", &terms);
    first.set("k", b"").await.unwrap();
    one.set("k", &value).await.unwrap();
    // A configuration that is read again changes the size.
    let used = counts(&store).2;
    file(&store).shared.size.store(used, Ordering::Relaxed);
    assert_eq!(first.set("k", b"x").await, Err(Error::StoreFull));
    assert_eq!(counts(&store).2, used);
}

#[test]
fn a_second_process_is_told_who_has_the_file() {
    let folder = Folder::new();
    let _first = folder.open().unwrap();
    let error = folder.open().err().unwrap().to_string();
    assert!(error.contains("in use by another process"), "{error}");
}

#[test]
fn a_file_that_cannot_be_made_is_named() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path()).unwrap();
    let error = folder.open().err().unwrap().to_string();
    assert!(
        error.contains("state: ") && error.contains("[keyvalue]"),
        "{error}"
    );
}

#[tokio::test]
async fn a_damaged_file_is_refused_and_not_begun_anew() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    for number in 0..50 {
        let bucket = bucket(&store, &Terms::default());
        bucket.set(&number.to_string(), &[7; 5_000]).await.unwrap();
    }
    drop(store);
    drop(folder.open().unwrap());
    let good = std::fs::read(folder.path()).unwrap();
    let cut = good[..good.len() / 2].to_vec();
    let mut changed = good.clone();
    for byte in changed.iter_mut().skip(good.len() / 4).take(good.len() / 2) {
        *byte ^= 0x55;
    }
    let garbage = b"not a database at all ".repeat(1_000);
    for bad in [cut, changed, garbage] {
        std::fs::write(folder.path(), &bad).unwrap();
        // It is not good the next time, as an empty one either.
        for _ in 0..2 {
            let error = folder.open().err().unwrap().to_string();
            assert!(
                error.contains("is damaged") && error.contains("backup"),
                "{error}"
            );
            assert!(folder.path().metadata().unwrap().len() >= bad.len() as u64);
        }
    }
    std::fs::write(folder.path(), &good).unwrap();
    let store = folder.open().unwrap();
    let kept = bucket(&store, &Terms::default()).get("7").await.unwrap();
    assert_eq!(kept, Some(vec![7; 5_000]));
}

#[tokio::test]
async fn an_entry_that_was_changed_or_moved_is_damaged_and_not_absent() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    let terms = Terms::default();
    let (one, other) = (
        bucket(&store, &terms),
        store.bucket("other", "vault", &terms),
    );
    one.set("k", b"mine").await.unwrap();
    other.set("k", b"theirs").await.unwrap();
    let key = |tenant: &str| {
        let scope = Scope::new(tenant, Owner::Plugin("vault"));
        entry(scope, &store.keys.names(scope, "k")[0])
    };
    let database = file(&store).shared.database().unwrap();
    let put = |key: &[u8], record: &[u8]| {
        let transaction = database.begin_write().unwrap();
        let mut entries = transaction.open_table(ENTRIES).unwrap();
        entries.insert(key, record).unwrap();
        drop(entries);
        transaction.commit().unwrap();
    };
    let read = |key: &[u8]| {
        let entries = database.begin_read().unwrap().open_table(ENTRIES).unwrap();
        entries.get(key).unwrap().unwrap().value().to_vec()
    };
    let record = read(&key("acme"));
    put(&key("acme"), &read(&key("other")));
    assert_eq!(one.get("k").await, Err(Error::Damaged));
    assert_eq!(one.exists("k").await, Err(Error::Damaged));
    assert_eq!(one.list_keys(None).await, Err(Error::Damaged));
    assert_eq!(other.get("k").await, Ok(Some(b"theirs".to_vec())));
    let mut longer_lived = record.clone();
    longer_lived[1] = 1;
    assert!(seal::expiry(&longer_lived) > seal::expiry(&record));
    for bad in [&longer_lived[..], &record[..20], b"garbage", b""] {
        put(&key("acme"), bad);
        assert_eq!(one.get("k").await, Err(Error::Damaged));
    }
    one.set("k", b"anew").await.unwrap();
    assert_eq!(one.get("k").await, Ok(Some(b"anew".to_vec())));
}

#[tokio::test]
async fn another_secret_is_refused_before_anything_is_lost() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    bucket(&store, &Terms::default())
        .set("k", b"v")
        .await
        .unwrap();
    drop(store);
    let with = |secrets: &[char]| {
        let mut config = folder.config();
        let long = |c: &char| c.to_string().repeat(32).into();
        config.secrets = secrets.iter().map(long).collect();
        config
    };
    let error = Keeper::new()
        .store(&with(&['n']))
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("another secret") && error.contains("`secrets`"),
        "{error}"
    );
    // The same at a reload, where the old secret has to stay for a while.
    let keeper = Keeper::new();
    keeper.store(&folder.config()).unwrap();
    assert!(keeper.store(&with(&['n'])).is_err());
    let store = keeper.store(&with(&['n', 's'])).unwrap();
    let both = bucket(&store, &Terms::default());
    assert_eq!(both.get("k").await, Ok(Some(b"v".to_vec())));
    keeper.store(&with(&['n'])).unwrap();
}

#[tokio::test]
async fn a_store_in_memory_needs_no_file() {
    let folder = Folder::new();
    let keeper = Keeper::in_memory();
    let store = keeper.store(&folder.config()).unwrap();
    bucket(&store, &Terms::default())
        .set("k", b"v")
        .await
        .unwrap();
    let again = keeper.store(&folder.config()).unwrap();
    let kept = bucket(&again, &Terms::default()).get("k").await;
    assert_eq!(kept, Ok(Some(b"v".to_vec())));
    assert!(!folder.path().exists());
}

#[tokio::test]
async fn a_file_that_was_closed_after_an_error_opens_again() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    let bucket = bucket(&store, &Terms::default());
    bucket.set("k", b"v").await.unwrap();
    let shared = &file(&store).shared;
    let open = shared.source();
    assert!(shared.leave(&open));
    // Only once, however many notice.
    assert!(!shared.leave(&open));
    // At once, because the writer opens it again when it next looks. What is committed is
    // read all the time.
    assert!(matches!(shared.database(), Err(Error::Gone { .. })));
    drop(open);
    assert_eq!(bucket.get("k").await, Ok(Some(b"v".to_vec())));
    for _ in 0..100 {
        if bucket.set("k", b"w").await.is_ok() {
            assert_eq!(bucket.get("k").await, Ok(Some(b"w".to_vec())));
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it stays closed");
}
