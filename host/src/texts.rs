//! The strings of a payload that a plugin gets and returns without any JSON: cut
//! out here, and put back with everything around them as it was.

use crate::outcome::{Fault, OutcomeKind};
use crate::view::View;
use retort_json::Found;
use std::borrow::Cow;
use std::mem;
use std::ops::Range;

/// A string of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<'p> {
    /// Its characters. Half a surrogate pair is U+FFFD.
    pub value: Cow<'p, str>,
    /// Its place, as a JSON pointer.
    pub pointer: String,
    /// The `response_type` of the item of `output.generic` that it belongs to, where
    /// there is one of at most [`LONGEST_TYPE`] bytes and the view shows it.
    pub response_type: Option<Cow<'p, str>>,
    /// The same place as bytes of the payload, the quotes included.
    place: Range<usize>,
}

impl Text<'_> {
    /// The same without anything of the payload's.
    #[must_use]
    pub fn to_owned(&self) -> Text<'static> {
        let owned = |text: &Cow<'_, str>| Cow::Owned(text.as_ref().to_owned());
        Text {
            value: owned(&self.value),
            pointer: self.pointer.clone(),
            response_type: self.response_type.as_ref().map(owned),
            place: self.place.clone(),
        }
    }
}

/// How many strings one call may have. An answer has some tens, and each costs a call
/// more than its characters.
pub const MOST: usize = 10_000;

/// The longest response type that is handed over, in bytes of JSON. It is handed over
/// with every text of its item; the vendor's have some twenty.
pub const LONGEST_TYPE: usize = 64;

/// The strings that a view selects, in their order.
///
/// # Errors
/// More strings than [`MOST`], or than can be told apart by pointers of a sane length.
pub fn cut<'p>(view: &View, payload: &'p str) -> Result<Vec<Text<'p>>, Fault> {
    let selected = view.texts();
    let types = selected.response_types.unwrap_or_default();
    let mut found = selected
        .places
        // Each may have a response type beside it.
        .strings(payload, 2 * MOST)
        .map_err(|_| Fault::TooManyTexts { limit: MOST })?;
    let mut texts = Vec::with_capacity(found.len());
    for item in found.chunk_by_mut(|one, next| are_of_one_item(&one.pointer, &next.pointer)) {
        let is_type = |found: &&Found<'_>| {
            // Not a string somewhere inside of it.
            let depth = found.pointer.matches('/').count();
            found.patterns & types != 0 && depth == 4 && found.quoted.len() <= LONGEST_TYPE
        };
        let response_type = item.iter().rev().find(is_type).map(Found::string);
        let selected = item.iter_mut().filter(|found| found.patterns & !types != 0);
        texts.extend(selected.map(|found| Text {
            value: found.string(),
            pointer: mem::take(&mut found.pointer),
            response_type: response_type.clone(),
            place: found.place.clone(),
        }));
    }
    if texts.len() > MOST {
        return Err(Fault::TooManyTexts { limit: MOST });
    }
    Ok(texts)
}

/// Whether two strings belong to the same item of `output.generic`.
fn are_of_one_item(one: &str, other: &str) -> bool {
    item(one).is_some_and(|number| item(other) == Some(number))
}

/// The number of the item that a place is in.
fn item(pointer: &str) -> Option<&str> {
    pointer.strip_prefix("/output/generic/")?.split('/').next()
}

/// The payload with the new strings in the place of those that were cut out of it;
/// no payload if all stay.
///
/// # Errors
/// Another number of strings than were cut out, and a payload of more than `limit` bytes.
pub fn put_back(
    payload: &str,
    texts: &[Text<'_>],
    made: &[Option<String>],
    limit: usize,
) -> Result<(OutcomeKind, Option<String>), Fault> {
    if made.len() != texts.len() {
        return Err(Fault::TextsMismatch {
            given: texts.len(),
            returned: made.len(),
        });
    }
    let edits: Vec<_> = texts
        .iter()
        .zip(made)
        .filter_map(|(text, made)| {
            let made = made.as_deref().filter(|made| *made != text.value)?;
            Some((text.place.clone(), made))
        })
        .collect();
    if edits.is_empty() {
        return Ok((OutcomeKind::Unchanged, None));
    }
    let payload = retort_json::splice(payload, edits);
    if payload.len() > limit {
        return Err(Fault::OutputTooLarge { limit });
    }
    Ok((OutcomeKind::Texts, Some(payload)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use retort_json::{Pattern, Places};

    fn places(patterns: &[&str]) -> Places {
        let patterns = patterns.iter().map(|text| Pattern::parse(text).unwrap());
        Places::new(patterns.collect()).unwrap()
    }

    const PAYLOAD: &str = r#"{"output": {"generic": [
        {"text": "one", "response_type": "text", "title": "t"},
        {"response_type": "pause", "time": 1},
        {"text": "tw\u006f"}, {"text": 3}, {"response_type": "text", "text": "\ud83d"}
    ]}, "text": "not this"}"#;

    fn cut_out(view: &View) -> Vec<(String, String, Option<String>)> {
        let texts = cut(view, PAYLOAD).unwrap().into_iter();
        texts
            .map(|text| {
                let kind = text.response_type.map(Cow::into_owned);
                (text.pointer, text.value.into_owned(), kind)
            })
            .collect()
    }

    fn text(pointer: &str, value: &str, kind: Option<&str>) -> (String, String, Option<String>) {
        (
            pointer.to_owned(),
            value.to_owned(),
            kind.map(str::to_owned),
        )
    }

    #[test]
    fn without_a_view_they_are_those_of_the_answer() {
        let expected = [
            text("/output/generic/0/text", "one", Some("text")),
            text("/output/generic/2/text", "two", None),
            text("/output/generic/4/text", "\u{FFFD}", Some("text")),
        ];
        assert_eq!(cut_out(&View::default()), expected);
    }

    #[test]
    fn a_view_selects_them_by_what_may_be_written() {
        let writes = places(&["/output/generic/0/title", "/text", "/output/generic/1"]);
        let view = View::new(None, Some(writes)).unwrap();
        let expected = [
            text("/output/generic/0/title", "t", Some("text")),
            text("/output/generic/1/response_type", "pause", Some("pause")),
            text("/text", "not this", None),
        ];
        assert_eq!(cut_out(&view), expected);
        let view = View::new(Some(places(&["/output/generic/*/title"])), None).unwrap();
        let expected = [text("/output/generic/0/title", "t", None)];
        assert_eq!(
            cut_out(&view),
            expected,
            "the response type may not be read"
        );
        let reads = places(&["/output/generic/*/response_type"]);
        let view = View::new(Some(reads), None).unwrap();
        let types = cut_out(&view);
        assert_eq!(types.len(), 3, "a response type may be a text as well");
        assert_eq!(types[0].2.as_deref(), Some("text"));
    }

    fn made(texts: &[Option<&str>]) -> Vec<Option<String>> {
        texts.iter().map(|text| text.map(str::to_owned)).collect()
    }

    #[test]
    fn only_what_is_new_is_put_back() {
        let texts = cut(&View::default(), PAYLOAD).unwrap();
        let put = |list: &[Option<&str>]| put_back(PAYLOAD, &texts, &made(list), 10_000);
        let unchanged = Ok((OutcomeKind::Unchanged, None));
        assert_eq!(put(&[None, None, None]), unchanged);
        assert_eq!(put(&[Some("one"), Some("two"), None]), unchanged);
        let expected = PAYLOAD.replace(r#""tw\u006f""#, r#""2\n""#);
        assert_eq!(
            put(&[None, Some("2\n"), None]),
            Ok((OutcomeKind::Texts, Some(expected)))
        );
    }

    #[test]
    fn there_are_as_many_as_there_were_and_not_too_large() {
        let texts = cut(&View::default(), PAYLOAD).unwrap();
        let mismatch = |returned| Err(Fault::TextsMismatch { given: 3, returned });
        for count in [0, 2, 4] {
            let list = vec![None; count];
            assert_eq!(put_back(PAYLOAD, &texts, &list, 10_000), mismatch(count));
        }
        let list = made(&[Some("longer than one"), None, None]);
        let limit = PAYLOAD.len();
        let too_large = Err(Fault::OutputTooLarge { limit });
        assert_eq!(put_back(PAYLOAD, &texts, &list, limit), too_large);
        assert!(put_back(PAYLOAD, &texts, &list, limit + 12).is_ok());
    }

    #[test]
    fn too_many_are_a_fault() {
        let payload = |item: &str, count| {
            let items = vec![item; count].join(",");
            format!(r#"{{"output":{{"generic":[{items}]}}}}"#)
        };
        let count = |payload: &str| cut(&View::default(), payload).map(|texts| texts.len());
        let too_many = Err(Fault::TooManyTexts { limit: MOST });
        for item in [r#"{"text":""}"#, r#"{"response_type":"text","text":""}"#] {
            assert_eq!(count(&payload(item, MOST)), Ok(MOST));
            assert_eq!(count(&payload(item, MOST + 1)), too_many);
        }
        let pause = r#"{"response_type":"pause"}"#;
        assert_eq!(count(&payload(pause, MOST + 1)), Ok(0));
    }

    #[test]
    fn a_response_type_is_not_handed_over_at_any_length() {
        // It would be, with each of the texts that stand beside it.
        let payload = |length: usize| {
            let kind = "x".repeat(length - 2);
            let texts = r#","text":"""#.repeat(3);
            format!(r#"{{"output":{{"generic":[{{"response_type":"{kind}"{texts}}}]}}}}"#)
        };
        let (longest, longer) = (payload(LONGEST_TYPE), payload(LONGEST_TYPE + 1));
        let has_type = |payload| {
            let texts = cut(&View::default(), payload).unwrap();
            assert_eq!(texts.len(), 3);
            texts.iter().all(|text| text.response_type.is_some())
        };
        assert!(has_type(&longest));
        assert!(!has_type(&longer));
    }
}
