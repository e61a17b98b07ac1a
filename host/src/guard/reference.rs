//! A string that as a whole is a URL or the address of something near by.

use super::origin::Site;

/// Where a URL leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// To a host, by http or https.
    Site(Site),
    /// To a host, by http or https as it happens: both origins.
    EitherSite([Site; 2]),
    /// By another scheme, here in lower case.
    Scheme(String),
    /// Programs differ in where it leads: it has a user name, or something after the host
    /// that may be a part of it.
    Unclear,
    /// It has a host that is none, or is longer than any.
    Unreadable,
}

/// Of a scheme only its beginning is kept, in bytes. Those that are known are shorter.
const LONGEST_SCHEME: usize = 32;

/// Reads a whole string as a browser reads the URL of an image or a link (the WHATWG's
/// URL standard): without white space and control characters around it, without tabs
/// and line ends anywhere, `\` as `/`, any number of slashes after `https:`, and
/// `//host` with the scheme of the page. Nothing for a relative URL.
pub(super) fn whole(text: &str) -> Option<Target> {
    let text = text.trim_matches(|c: char| c <= ' ');
    let mut rest = text
        .chars()
        .filter(|c| !matches!(c, '\t' | '\n' | '\r'))
        .peekable();
    let slash = |c: &char| matches!(c, '/' | '\\');
    let mut scheme = None;
    if rest.next_if(slash).is_some() {
        rest.next_if(slash)?;
    } else {
        let name = scheme.insert(read_scheme(&mut rest)?);
        if !matches!(name.as_str(), "http" | "https") {
            return Some(Target::Scheme(name.clone()));
        }
    }
    while rest.next_if(slash).is_some() {}
    let authority: String = rest
        .take_while(|c| !matches!(c, '/' | '\\' | '?' | '#'))
        .collect();
    Some(match scheme {
        Some(scheme) => Target::of(scheme == "https", &authority),
        None => Target::of_either(&authority),
    })
}

/// Takes a scheme and its colon.
fn read_scheme(rest: &mut impl Iterator<Item = char>) -> Option<String> {
    let first = rest.next().filter(char::is_ascii_alphabetic)?;
    let mut scheme = String::from(first.to_ascii_lowercase());
    for c in rest {
        match c {
            ':' => return Some(scheme),
            _ if !in_scheme(c) => return None,
            _ if scheme.len() < LONGEST_SCHEME => scheme.push(c.to_ascii_lowercase()),
            _ => {}
        }
    }
    None
}

/// Whether a scheme may have this character after its first.
pub(super) fn in_scheme(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')
}

impl Target {
    /// Where an authority, which is what stands between the slashes, leads.
    pub(super) fn of(https: bool, authority: &str) -> Self {
        if authority.contains('@') {
            return Self::Unclear;
        }
        Site::read(https, authority).map_or(Self::Unreadable, Self::Site)
    }

    /// The same where the scheme is not known.
    pub(super) fn of_either(authority: &str) -> Self {
        let https = match Self::of(true, authority) {
            Self::Site(https) => https,
            other => return other,
        };
        let http = https.clone().with_http(authority);
        http.map_or(Self::Unreadable, |http| Self::EitherSite([https, http]))
    }

    /// By a scheme that is not http or https, given as it was written.
    pub(super) fn scheme(name: &str) -> Self {
        let name = name.chars().take(LONGEST_SCHEME);
        Self::Scheme(name.map(|c| c.to_ascii_lowercase()).collect())
    }

    /// Whether it does not lead anywhere but is a document or a program itself.
    pub(super) fn is_content(&self) -> bool {
        const CONTENT: [&str; 6] = [
            "javascript",
            "vbscript",
            "data",
            "blob",
            "file",
            "filesystem",
        ];
        matches!(self, Self::Scheme(name) if CONTENT.contains(&name.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_read_as_browsers_do() {
        for (text, expected) in [
            ("https://www.example.com/a?b#c", "https://www.example.com"),
            (
                "  \u{1}https://www.example.com\u{0} ",
                "https://www.example.com",
            ),
            ("ht\ntp\ts:\r//www.exa\nmple.com", "https://www.example.com"),
            ("HTTPS:www.example.com", "https://www.example.com"),
            ("https:/www.example.com", "https://www.example.com"),
            ("https:\\\\www.example.com\\x", "https://www.example.com"),
            ("https:////www.example.com", "https://www.example.com"),
            ("http://0x7f000001:8080/", "http://127.0.0.1:8080"),
            (
                "https://www.example.com?@other.example",
                "https://www.example.com",
            ),
            ("https://ＷＷＷ。example．com", "https://www.example.com"),
        ] {
            let Some(Target::Site(site)) = whole(text) else {
                panic!("{text:?}")
            };
            assert_eq!(site.to_string(), expected, "{text:?}");
        }
        for text in [
            "//evil.example",
            "\\\\evil.example/x",
            " /\t\\evil.example",
            "///evil.example",
        ] {
            let Some(Target::EitherSite([site, _])) = whole(text) else {
                panic!("{text:?}")
            };
            assert_eq!(site.to_string(), "https://evil.example", "{text:?}");
        }
    }

    #[test]
    fn other_schemes_are_named() {
        for (text, expected) in [
            ("data:text/html,x", "data"),
            (" java\nscript:x", "javascript"),
            ("JavaScript:", "javascript"),
            ("blob:https://www.example.com/x", "blob"),
            ("file:///etc", "file"),
            ("ftp://www.example.com", "ftp"),
            ("wss://www.example.com", "wss"),
            ("mailto:x", "mailto"),
        ] {
            assert_eq!(
                whole(text),
                Some(Target::Scheme(expected.to_owned())),
                "{text:?}"
            );
        }
        let long = whole(&format!("{}:", "a".repeat(1000)));
        assert_eq!(long, Some(Target::Scheme("a".repeat(32))));
    }

    #[test]
    fn hosts_that_are_none_are_told() {
        for text in [
            "https://u@www.example.com",
            "//u:p@x",
            "https://www.example.com @evil.example",
        ] {
            assert_eq!(whole(text), Some(Target::Unclear), "{text:?}");
        }
        let long = format!("https://{}", "a".repeat(1000));
        for text in [
            "https:",
            "https://",
            "https:///",
            "//",
            "https://a b",
            "https://[1",
            "https://a:x",
            &long,
        ] {
            assert_eq!(whole(text), Some(Target::Unreadable), "{text:?}");
        }
    }

    #[test]
    fn relative_urls_lead_nowhere() {
        for text in [
            "", " ", "a", "/a", "/", "\\a", "./a:b", "?a:b", "#a:b", "a b:c", "1:2", ":", "ä:b",
            "-a:b",
        ] {
            assert_eq!(whole(text), None, "{text:?}");
        }
    }
}
