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

/// Tokens with what they stand for, the one used least lately first.
pub type Kept = Vec<(String, String)>;

/// The key of what is kept for a session. Sessions are an assistant's own.
pub fn key(assistant: &str, session: &str) -> String {
    format!("session {assistant} {session}")
}
