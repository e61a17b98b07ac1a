//! Prefixes of paths, compared so that nobody behind the host can read a path otherwise.

/// The beginning of a path that is granted, up to a border of segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPrefix(String);

/// Why a text is not a [`PathPrefix`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAPath {
    /// It begins with something else than a slash.
    #[error("a path begins with a slash")]
    Relative,
    /// It has a query or a fragment.
    #[error("a path has neither a query nor a fragment")]
    QueryOrFragment,
    /// What a request's path may not have either.
    #[error(
        "a path has no `.` or `..` segments, no backslashes, spaces or control characters, \
         nothing but ASCII, and no encoded dots, slashes, backslashes or percent signs"
    )]
    Ambiguous,
}

impl PathPrefix {
    /// Reads a prefix such as `/v3` or `/v3/`.
    ///
    /// # Errors
    /// [`NotAPath`] says what to write.
    pub fn parse(text: &str) -> Result<Self, NotAPath> {
        if !text.starts_with('/') {
            Err(NotAPath::Relative)
        } else if text.contains(['?', '#']) {
            Err(NotAPath::QueryOrFragment)
        } else if is_plain(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAPath::Ambiguous)
        }
    }

    /// Whether a request's path is this one or below it: `/v3` covers `/v3` and `/v3/x`
    /// and not `/v30`; `/v3/` does not cover `/v3`. A path that is not plain is not
    /// covered by anything, because what is behind might read it otherwise.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        let Some(rest) = path.strip_prefix(&self.0) else {
            return false;
        };
        let border = rest.is_empty() || rest.starts_with('/') || self.0.ends_with('/');
        border && is_plain(path)
    }

    /// As the configuration has it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a path can be read in one way only.
fn is_plain(path: &str) -> bool {
    let odd = |byte: u8| !byte.is_ascii_graphic() || byte == b'\\';
    !path.bytes().any(odd) && path.split('/').all(is_plain_segment)
}

fn is_plain_segment(segment: &str) -> bool {
    // Some servers cut `;` and what follows off a segment before they look at it.
    let name = segment.split(';').next().unwrap_or(segment);
    if matches!(name, "." | "..") {
        return false;
    }
    segment.split('%').skip(1).all(|rest| {
        let Some(byte) = rest
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
        else {
            return false;
        };
        // The last would be the beginning of another, for who decodes twice.
        !byte.is_ascii_control() && !matches!(byte, b'.' | b'/' | b'\\' | b'%')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_at_a_border() {
        let covers = |prefix, path| PathPrefix::parse(prefix).unwrap().covers(path);
        for path in [
            "/v3",
            "/v3/",
            "/v3/translate",
            "/v3//x",
            "/v3/a.b",
            "/v3/..x",
            "/v3/%C3%BC",
        ] {
            assert!(covers("/v3", path), "{path}");
        }
        for path in ["/v30", "/v", "/", "/V3", "/%763", "/x/v3", "v3", "", "//v3"] {
            assert!(!covers("/v3", path), "{path}");
        }
        assert!(covers("/v3/", "/v3/") && covers("/v3/", "/v3/x") && !covers("/v3/", "/v3"));
        assert!(covers("/", "/") && covers("/", "/x"));
    }

    #[test]
    fn what_can_be_read_otherwise_is_not_covered() {
        for path in [
            "/v3/../admin",
            "/v3/./x",
            "/v3/..",
            "/v3/.",
            "/v3/..;/admin",
            "/v3/..;x=1/admin",
            "/v3/.;/x",
            "/v3/%2e%2e/admin",
            "/v3/%2E./admin",
            "/v3/..%2fadmin",
            "/v3/a%2Fb",
            "/v3/a%5cb",
            "/v3/..\\admin",
            "/v3/a\\b",
            "/v3/%252e%252e/admin",
            "/v3/a%00",
            "/v3/a%0d%0ax",
            "/v3/a%7f",
            "/v3/a b",
            "/v3/a\tb",
            "/v3/ü",
            "/v3/a%2",
            "/v3/a%",
            "/v3/%zz",
            "/v3/%+2x",
        ] {
            assert!(!PathPrefix("/v3".into()).covers(path), "{path}");
            let wrong = PathPrefix::parse(path);
            assert_eq!(wrong, Err(NotAPath::Ambiguous), "{path}");
        }
        assert_eq!(PathPrefix::parse("v3"), Err(NotAPath::Relative));
        assert_eq!(PathPrefix::parse(""), Err(NotAPath::Relative));
        assert_eq!(PathPrefix::parse("/v3?x"), Err(NotAPath::QueryOrFragment));
        assert_eq!(PathPrefix::parse("/v3#x"), Err(NotAPath::QueryOrFragment));
    }
}
