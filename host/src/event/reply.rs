//! What a plugin may give in the assistant's place: the body of a `/message` response.

use super::members::members;

/// Says why a text is not a message response, if it is none: an object whose `output`
/// is an object whose `generic` is an array. What is in the array is the guard's matter.
///
/// # Errors
/// What is wrong, without any of the text.
pub fn check_reply(text: &str) -> Result<(), String> {
    match retort_json::check(text) {
        Ok(retort_json::Kind::Object) => {}
        Ok(kind) => return Err(format!("it is {kind}, not an object")),
        Err(error) => return Err(format!("it is not JSON: {error}")),
    }
    let [output] = members(text, ["output"]).map_err(|error| error.to_string())?;
    let output = output.ok_or("it has no `output`")?.get();
    if !output.starts_with('{') {
        return Err("its `output` is not an object".to_owned());
    }
    let [generic] = members(output, ["generic"]).map_err(|error| error.to_string())?;
    let generic = generic.ok_or("it has no `output.generic`")?.get();
    if !generic.starts_with('[') {
        return Err("its `output.generic` is not an array".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_has_a_list_of_items() {
        assert_eq!(check_reply(r#" {"output":{"generic":[]},"x":1} "#), Ok(()));
        for (text, reason) in [
            ("", "it is not JSON"),
            ("[]", "it is an array"),
            ("{}", "no `output`"),
            (r#"{"output":[]}"#, "`output` is not an object"),
            (r#"{"output":{}}"#, "no `output.generic`"),
            (
                r#"{"output":{"generic":{}}}"#,
                "`output.generic` is not an array",
            ),
            (
                r#"{"output":{"generic":[]},"output":{}}"#,
                "duplicate field",
            ),
        ] {
            let error = check_reply(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
