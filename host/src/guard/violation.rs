//! How an answer can fail its guard.

/// The first thing in an answer that the guard does not allow. It says where and
/// what, and repeats nothing of the answer but member names and the origin or
/// scheme of a URL, both shortened and escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// The answer is larger than the operator allows.
    #[error("the answer has {bytes} bytes; the guard allows {limit}")]
    TooLarge {
        /// In bytes.
        bytes: usize,
        /// In bytes.
        limit: usize,
    },
    /// Something has not the shape that its place or its response type needs.
    #[error("{at} {misfit}")]
    Shape {
        /// A JSON pointer into the payload.
        at: String,
        /// What it is not.
        misfit: Misfit,
    },
    /// A URL leads to an origin that nobody allowed.
    #[error("{at} leads to {origin}, which is not one of the guard's origins")]
    Origin {
        /// A JSON pointer into the payload.
        at: String,
        /// Scheme, host and port.
        origin: String,
    },
    /// A URL has a scheme other than http and https, which has no origin.
    #[error("{at} has a URL of the scheme {scheme}: where only http and https are allowed")]
    Scheme {
        /// A JSON pointer into the payload.
        at: String,
        /// Without its colon.
        scheme: String,
    },
    /// A URL of which programs understand different hosts, or none.
    #[error(
        "{at} has a URL whose host is unclear: write it as https://HOST/, without user \
         name, and with white space or a slash after the host"
    )]
    Unclear {
        /// A JSON pointer into the payload.
        at: String,
    },
    /// An item is nested too deeply to be judged.
    #[error("{at} is nested too deeply to be judged: it may have {limit} levels")]
    TooDeep {
        /// A JSON pointer into the payload.
        at: String,
        /// How many levels an item may have.
        limit: usize,
    },
}

/// What a part of an answer is not, or has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// It has to be an object.
    #[error("has to be an object")]
    NotAnObject,
    /// It has to be an array.
    #[error("has to be an array")]
    NotAnArray,
    /// An item has to say of which type it is.
    #[error("has no `response_type` that is a string")]
    NoResponseType,
    /// A member that an item's response type needs is absent, or of another kind.
    #[error("needs a member `{member}` that is {kind}, because it is an item of the type {what}")]
    Member {
        /// The member's name.
        member: &'static str,
        /// What it has to be, for instance `a string`.
        kind: &'static str,
        /// The response type.
        what: &'static str,
    },
    /// The same for one of the `options` of an option item.
    #[error("needs a member `{member}` that is {kind}, because it is one of the options")]
    Choice {
        /// The member's name.
        member: &'static str,
        /// What it has to be.
        kind: &'static str,
    },
}
