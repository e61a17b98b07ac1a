//! Imports `wasi:keyvalue/store`: it does the operations that the payload names, one
//! after the other, and answers what each came to.
//!
//! `{"do": [["set", "k", "v"], ["get", "k"]]}` becomes
//! `{"did": [null, "v"]}`; an operation that failed is `{"error": "..."}`. Beside `set`,
//! `get`, `delete` and `exists` there are `["fill", "k", 100]`, which sets a value of so
//! many bytes; `["list"]`, which lists all keys and how many pages there were;
//! `["page", 7]`, which lists from a cursor; `["open", "name"]`; `["hoard"]`, which opens
//! buckets until it gets no more; and `["linger"]`, which sets `k` without end.

wit_bindgen::generate!({
    inline: "
        package tests:keeps;
        world keeps {
            import wasi:keyvalue/store@0.2.0-draft;
        }
    ",
    path: "../../../wit/wasi/keyvalue",
    generate_all,
});

use bare::{Answer, Invocation, Outcome};
use serde_json::{Value, json};
use wasi::keyvalue::store::{self, Bucket, Error};

bare::guest!(transform);

fn transform(_: Invocation, payload: String) -> Answer {
    let payload: Value = serde_json::from_str(&payload).unwrap();
    let did: Vec<_> = payload["do"]
        .as_array()
        .unwrap()
        .iter()
        .map(|operation| run(operation).unwrap_or_else(|error| json!({ "error": words(error) })))
        .collect();
    Ok(Outcome::Replaced(json!({ "did": did }).to_string()))
}

fn run(operation: &Value) -> Result<Value, Error> {
    let text = |at: usize| operation[at].as_str().unwrap_or_default();
    if text(0) == "open" {
        return store::open(text(1)).map(|_| Value::Null);
    }
    let bucket = store::open("default")?;
    Ok(match text(0) {
        "set" => {
            bucket.set(text(1), text(2).as_bytes())?;
            Value::Null
        }
        "fill" => {
            let bytes = usize::try_from(operation[2].as_u64().unwrap()).unwrap();
            bucket.set(text(1), &vec![b'x'; bytes])?;
            Value::Null
        }
        "get" => match bucket.get(text(1))? {
            Some(value) => String::from_utf8_lossy(&value).into(),
            None => Value::Null,
        },
        "delete" => {
            bucket.delete(text(1))?;
            Value::Null
        }
        "exists" => bucket.exists(text(1))?.into(),
        "list" => list(&bucket)?,
        "page" => bucket.list_keys(operation[1].as_u64())?.keys.into(),
        "hoard" => hoard(),
        "linger" => loop {
            bucket.set("k", b"v")?;
        },
        other => panic!("there is no operation {other}"),
    })
}

fn list(bucket: &Bucket) -> Result<Value, Error> {
    let (mut keys, mut pages, mut cursor) = (Vec::new(), 0, None);
    loop {
        let page = bucket.list_keys(cursor)?;
        keys.extend(page.keys);
        pages += 1;
        cursor = page.cursor;
        if cursor.is_none() {
            keys.sort();
            return Ok(json!({ "keys": keys, "pages": pages }));
        }
    }
}

fn hoard() -> Value {
    let mut buckets = Vec::new();
    loop {
        match store::open("") {
            Ok(bucket) => buckets.push(bucket),
            Err(error) => return json!({ "opened": buckets.len(), "error": words(error) }),
        }
    }
}

fn words(error: Error) -> String {
    match error {
        Error::NoSuchStore => "no such store".to_owned(),
        Error::AccessDenied => "access denied".to_owned(),
        Error::Other(words) => words,
    }
}
