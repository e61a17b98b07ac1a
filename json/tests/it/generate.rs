//! Arbitrary JSON texts and patches that mostly hit something.

use proptest::{prelude::*, sample::Index};
use retort_json::{Pattern, Places};
use serde_json::{Value, json};

/// A JSON value as it may be written: duplicate keys, numbers of any form.
#[derive(Clone, Debug)]
pub(crate) enum Json {
    Scalar(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// Keys of an alphabet so small that duplicates and hits are frequent.
fn key() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        r#""a""#,
        r#""b""#,
        r#""c""#,
        r#""\u0061""#,
        r#""""#,
        r#""~""#,
        r#""a/b""#,
        r#""0""#,
        r#""é\n""#,
        r#""-""#,
    ])
    .prop_map(str::to_owned)
}

fn json_of(scalar: BoxedStrategy<String>) -> impl Strategy<Value = Json> {
    let leaf = scalar.prop_map(Json::Scalar);
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::Array),
            prop::collection::vec((key(), inner), 0..6).prop_map(Json::Object),
        ]
    })
}

/// Any JSON, also what serde_json's `Value` cannot hold.
pub(crate) fn any_json() -> impl Strategy<Value = Json> {
    let scalars = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,6})?",
        any::<String>().prop_map(|text| json!(text).to_string()),
        Just(r#""\ud800 \/ \udfff""#.to_owned()),
    ];
    json_of(scalars.boxed())
}

/// JSON that the reference implementation holds without loss.
pub(crate) fn plain_json() -> impl Strategy<Value = Json> {
    let scalars = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        (-3..4_i64).prop_map(|value| value.to_string()),
        "[a-z\"\\\\é]{0,3}".prop_map(|text| json!(text).to_string()),
    ];
    json_of(scalars.boxed())
}

/// A payload for views: scalars and keys in many spellings, also such that
/// serde_json's `Value` cannot hold.
pub(crate) fn payload() -> impl Strategy<Value = Json> {
    let scalars = vec![
        "null",
        "true",
        "0",
        "1",
        "1.0",
        "1.50",
        "15e-1",
        "123456789012345678901234567890",
        "\"text\"",
        "\"te\\u0078t\"",
        "\"\"",
        "\"ü \\\" \\\\ } ] é\"",
        "\"\\ud800\"",
    ];
    let scalar = prop::sample::select(scalars).prop_map(str::to_owned);
    let member = || (view_key(), json_of(scalar.clone().boxed()));
    prop::collection::vec(member(), 0..6).prop_map(Json::Object)
}

/// Keys that patterns name, duplicates in other spellings, half surrogate pairs.
fn view_key() -> impl Strategy<Value = String> {
    let half = Just(r#""\ud800""#.to_owned());
    prop_oneof![9 => key(), 1 => half]
}

/// Patterns that often match something in a payload.
pub(crate) fn patterns() -> impl Strategy<Value = Vec<String>> {
    let token = prop::sample::select(vec![
        "/*", "/*", "/*", "/a", "/a", "/b", "/c", "/", "/~0", "/a~1b", "/0", "/1", "/-", "/é\n",
    ]);
    let pattern = prop::collection::vec(token, 1..5).prop_map(|tokens| tokens.concat());
    let some = prop::collection::vec(pattern, 1..5);
    prop_oneof![15 => some, 1 => Just(vec![String::new()])]
}

/// The places that some patterns name.
pub(crate) fn places(patterns: &[String]) -> Places {
    let parse = |text: &String| Pattern::parse(text).unwrap();
    Places::new(patterns.iter().map(parse).collect()).unwrap()
}

/// What may be read, and as a part of that what may be written: whole patterns and
/// such as lead deeper.
pub(crate) fn views() -> impl Strategy<Value = (Vec<String>, Vec<String>)> {
    let deeper = prop::sample::select(vec!["", "", "/*", "/a", "/a/*", "/0"]);
    let picks = prop::collection::vec((any::<Index>(), deeper), 1..4);
    (patterns(), picks).prop_map(|(reads, picks)| {
        let write = |(pick, deeper): (Index, &str)| pick.get(&reads).clone() + deeper;
        let writes = picks.into_iter().map(write).collect();
        (reads, writes)
    })
}

impl Json {
    /// Writes the value with white space from `spaces`, again and again.
    pub(crate) fn write(&self, spaces: &[String]) -> String {
        let mut out = String::new();
        let mut spaces = spaces.iter().map(String::as_str).cycle();
        let mut space = move || spaces.next().unwrap_or_default();
        self.write_to(&mut out, &mut space);
        out
    }

    fn write_to<'s>(&self, out: &mut String, space: &mut dyn FnMut() -> &'s str) {
        out.push_str(space());
        match self {
            Self::Scalar(text) => out.push_str(text),
            Self::Array(elements) => {
                out.push('[');
                for (index, element) in elements.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { "," });
                    element.write_to(out, space);
                }
                out.push_str(space());
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { "," });
                    out.push_str(space());
                    out.push_str(key);
                    out.push_str(space());
                    out.push(':');
                    value.write_to(out, space);
                }
                out.push_str(space());
                out.push('}');
            }
        }
        out.push_str(space());
    }
}

pub(crate) fn spaces() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[ \t\r\n]{0,3}", 0..8)
}

/// An operation whose places are picked when it is known what is there.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    verb: &'static str,
    path: Index,
    from: Index,
    last: Option<&'static str>,
    value: Value,
}

pub(crate) fn drafts() -> impl Strategy<Value = Vec<Draft>> {
    let verbs = vec!["add", "add", "remove", "replace", "move", "copy", "test"];
    let last = vec!["new", "-", "0", "1", "a", "x/~y"];
    let value = plain_json().prop_map(|json| serde_json::from_str(&json.write(&[])).unwrap());
    let draft = (
        prop::sample::select(verbs),
        any::<Index>(),
        any::<Index>(),
        prop::option::of(prop::sample::select(last)),
        value,
    );
    let draft = draft.prop_map(|(verb, path, from, last, value)| Draft {
        verb,
        path,
        from,
        last,
        value,
    });
    prop::collection::vec(draft, 0..12)
}

impl Draft {
    /// The operation, for a document as it is before it.
    pub(crate) fn operation(&self, document: &Value) -> Value {
        let places = pointers(document);
        let mut path = places[self.path.index(places.len())].clone();
        let from = &places[self.from.index(places.len())];
        if let (Some(last), "add" | "copy" | "move") = (self.last, self.verb) {
            path = format!("{path}/{}", last.replace('~', "~0").replace('/', "~1"));
        }
        // Half of the tests expect what is there.
        let there = document.pointer(&path).filter(|_| self.last.is_some());
        let value = there.filter(|_| self.verb == "test").unwrap_or(&self.value);
        json!({"op": self.verb, "path": path, "from": from, "value": value})
    }
}

/// The pointers to all values.
fn pointers(document: &Value) -> Vec<String> {
    let mut places = vec![String::new()];
    let mut next = 0;
    while let Some(place) = places.get(next).cloned() {
        match document.pointer(&place) {
            Some(Value::Array(elements)) => {
                places.extend((0..elements.len()).map(|index| format!("{place}/{index}")));
            }
            Some(Value::Object(members)) => places.extend(members.keys().map(|key| {
                let key = key.replace('~', "~0").replace('/', "~1");
                format!("{place}/{key}")
            })),
            _ => {}
        }
        next += 1;
    }
    places
}
