//! What `vault-pii` and `restore-pii` have to agree on: where a session's personal data
//! is kept, and how.

use alloc::{format, string::String, vec::Vec};

/// Where a message or an answer may have the id of its session: JSON pointers, of which
/// the first one with a value counts.
pub const SESSION: [&str; 2] = ["/context/global/session_id", "/session_id"];

/// The id of a session: the first of these places where one is read that is not empty.
///
/// # Errors
/// Those of reading.
pub fn session<E>(
    places: &[String],
    read: impl Fn(&str) -> Result<Option<String>, E>,
) -> Result<Option<String>, E> {
    for place in places {
        if let Some(session) = read(place)?.filter(|session| !session.is_empty()) {
            return Ok(Some(session));
        }
    }
    Ok(None)
}

/// How many tokens a session may have at once.
pub const MOST: usize = 256;

/// Tokens with what they stand for, the one used least lately first.
pub type Known = Vec<(String, String)>;

/// The key of the tokens that are known for a session, from which `vault-pii` takes the
/// token of something that comes again. Sessions are an assistant's own. Two messages at
/// once may each write it, and the later one counts: nothing is restored from it.
pub fn session_key(assistant: &str, session: &str) -> String {
    format!("session {assistant} {session}")
}

/// The key of what a token of a session stands for. Each has an entry of its own, so
/// that messages at the same moment cannot lose one another's.
pub fn token_key(assistant: &str, session: &str, token: &str) -> String {
    format!("token {assistant} {session} {token}")
}
