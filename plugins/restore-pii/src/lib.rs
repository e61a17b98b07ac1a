//! Puts personal data back in the place of the tokens that `vault-pii` has put there.

use std::collections::BTreeMap;

use pii::vault::{MOST, SESSION, session, token_key};
use retort_sdk::{Failure, Invocation, Payload, Result, keyvalue};
use serde::Deserialize;

/// What the operator may set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where the session's id stands: JSON pointers, the first with a value counts.
    pub session: Vec<String>,
    /// Where texts stand: JSON pointers with `*` for any element or member.
    pub texts: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            session: SESSION.map(str::to_owned).into(),
            texts: vec!["/output/generic".to_owned()],
        }
    }
}

/// Replaces the tokens of the answer's session by what they stand for. Others stay.
///
/// # Errors
/// [`Failure::NotForMe`] if there are tokens and no session; [`Failure::ServiceFailed`] if
/// the store does not answer.
pub fn transform(invocation: &Invocation<Settings>, answer: &mut Payload<'_>) -> Result<()> {
    let mut texts = Vec::new();
    let mut originals = BTreeMap::new();
    for (pointer, text) in answer.strings(&invocation.settings.texts)? {
        let places = pii::token::find(&text);
        for place in &places {
            // A session has no more of them; what is beyond is none of its tokens.
            if originals.len() < MOST {
                let token = text.get(place.clone()).unwrap_or_default();
                originals.entry(token.to_owned()).or_insert(None);
            }
        }
        if !places.is_empty() {
            texts.push((pointer, text, places));
        }
    }
    if texts.is_empty() {
        return Ok(());
    }
    look_up(&mut originals, invocation, answer)?;
    for (pointer, text, places) in texts {
        let restored = pii::replace(&text, &places, |token| {
            let original = originals.get(token).and_then(Option::as_deref);
            original.unwrap_or(token).to_owned()
        });
        if restored != text {
            answer.write(&pointer, &restored)?;
        }
    }
    Ok(())
}

retort_sdk::export!(transform);

/// Finds out what tokens stand for in the answer's session.
fn look_up(
    originals: &mut BTreeMap<String, Option<String>>,
    invocation: &Invocation<Settings>,
    answer: &Payload<'_>,
) -> Result<()> {
    let read = |place: &str| answer.read(place).map(Option::flatten);
    let Some(session) = session(&invocation.settings.session, read)? else {
        return Err(Failure::not_for_me(
            "the answer has tokens of vault-pii and no id of a session",
        ));
    };
    let store = keyvalue::open()?;
    for (token, original) in originals {
        let kept = store.get(&token_key(&invocation.assistant, &session, token))?;
        *original = kept.and_then(|kept| String::from_utf8(kept).ok());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use retort_sdk::{
        Outcome,
        testing::{Call, Store, example},
    };

    const EMAIL: &str = "[email-1f3a5c7e9b2d4f60718293a4b5c6d7e8]";
    const CARD: &str = "[card-00000000000000000000000000000001]";

    fn store() -> Store {
        let store = Store::new();
        for (token, original) in [(EMAIL, "jane@example.com"), (CARD, "4111 1111 1111 1111")] {
            let key = token_key("assistant", "sxxx", token);
            store.set(&key, original.as_bytes());
        }
        store
    }

    fn answer(items: &str) -> String {
        format!(
            r#"{{"output":{{"generic":[{items}]}},"context":{{"global":{{"session_id":"sxxx"}}}}}}"#
        )
    }

    #[test]
    fn tokens_become_what_they_stand_for() {
        let items = r#"{"text":"I write to E, E.","n":1.0},{"response_type":"option","options":[{"label":"Pay with C","value":{"input":{"text":"C"}}}]}"#;
        let fill = |email: &str, card: &str| answer(&items.replace('E', email).replace("C", card));
        let made = Call::new()
            .keyvalue(&store())
            .result(transform, &fill(EMAIL, CARD));
        assert_eq!(made, Ok(fill("jane@example.com", "4111 1111 1111 1111")));
    }

    #[test]
    fn only_the_tokens_of_this_session_do() {
        let store = store();
        let strange = answer(&format!(
            r#"{{"text":"{}"}}"#,
            EMAIL.replace("1f3a", "1f3b")
        ));
        let outcome = Call::new().keyvalue(&store).outcome(transform, &strange);
        assert_eq!(outcome, Ok(Outcome::Unchanged));
        let text = answer(&format!(r#"{{"text":"{EMAIL}"}}"#));
        let other = text.replace("sxxx", "other");
        let outcome = Call::new().keyvalue(&store).outcome(transform, &other);
        assert_eq!(outcome, Ok(Outcome::Unchanged));
        let assistant = Call::new().keyvalue(&store).assistant("other");
        let outcome = assistant.outcome(transform, &text);
        assert_eq!(outcome, Ok(Outcome::Unchanged));
    }

    #[test]
    fn an_answer_without_tokens_needs_neither_session_nor_store() {
        for answer in [
            "{}",
            r#"{"output":{"generic":[{"text":"[email] hi"}]}}"#,
            &format!(r#"{{"output":{{"generic":[]}},"context":{{"original_input":"{EMAIL}"}}}}"#),
        ] {
            let outcome = Call::new().outcome(transform, answer);
            assert_eq!(outcome, Ok(Outcome::Unchanged), "{answer}");
        }
    }

    #[test]
    fn tokens_without_a_session_or_a_store_are_a_failure() {
        let store = store();
        let call = Call::new().keyvalue(&store);
        let text = answer(&format!(r#"{{"text":"{EMAIL}"}}"#));
        let lost = text.replace("session_id", "other_id");
        let failure = call.result(transform, &lost).unwrap_err();
        assert!(matches!(failure, Failure::NotForMe(_)), "{failure:?}");
        store.set_down(true);
        let failure = call.result(transform, &text).unwrap_err();
        assert!(matches!(failure, Failure::ServiceFailed(_)), "{failure:?}");
    }

    #[test]
    fn the_example_in_the_readme_is_true() {
        let [before, after] = example(include_str!("../README.md")).unwrap();
        let made = Call::new().keyvalue(&store()).result(transform, before);
        assert_eq!(made.as_deref(), Ok(after.trim_end()));
    }
}
