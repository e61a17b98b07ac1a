//! Origins: those that an operator allows, and that of a URL.

use std::fmt;
use url::{Host, Url};

/// An origin that URLs may have: a scheme, a host or all its subdomains, a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    site: Site,
    /// Any depth of subdomains of the site's host, instead of that host.
    subdomains: bool,
}

/// Why a text is not an [`Origin`], and what to write. It repeats nothing of the text,
/// in which a password may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAnOrigin {
    /// It begins with neither `http://` nor `https://`.
    #[error(
        "an origin begins with https:// or http://; write for instance https://www.example.com"
    )]
    Scheme,
    /// Something follows the host and port, if only a slash, or a user name precedes them.
    #[error(
        "an origin is a scheme, a host and perhaps a port: leave out the user name, the \
         path and what follows, slash included; write for instance https://www.example.com:8443"
    )]
    NotOnlyOrigin,
    /// A `*` that is not the host's whole first label, or one before an IP address.
    #[error("a `*` stands for subdomains and only as in https://*.example.com")]
    Wildcard,
    /// The host is no host, or the port is no port.
    #[error(
        "the host is not a name or IP address (IPv6 within brackets), or the port is not \
         a number from 1 to 65535"
    )]
    Host,
}

impl Origin {
    /// Reads an origin such as `https://www.example.com`, `https://*.example.com`,
    /// which is every subdomain at any depth but not `example.com` itself, or
    /// `http://[::1]:8080`. International names are compared in their ASCII form.
    ///
    /// # Errors
    /// [`NotAnOrigin`] says what to write.
    pub fn parse(text: &str) -> Result<Self, NotAnOrigin> {
        let (scheme, rest) = text.split_once("://").ok_or(NotAnOrigin::Scheme)?;
        let https = scheme.eq_ignore_ascii_case("https");
        if !https && !scheme.eq_ignore_ascii_case("http") {
            return Err(NotAnOrigin::Scheme);
        }
        if rest.contains(['/', '\\', '?', '#', '@']) {
            return Err(NotAnOrigin::NotOnlyOrigin);
        }
        let (subdomains, host) = match rest.strip_prefix("*.") {
            Some(host) => (true, host),
            None => (false, rest),
        };
        if host.contains('*') {
            return Err(NotAnOrigin::Wildcard);
        }
        if host.contains(|c: char| c.is_whitespace() || c.is_control()) || host.ends_with(":0") {
            return Err(NotAnOrigin::Host);
        }
        let site = Site::read(https, host).ok_or(NotAnOrigin::Host)?;
        if subdomains && !matches!(Host::parse(&site.host), Ok(Host::Domain(_))) {
            return Err(NotAnOrigin::Wildcard);
        }
        Ok(Self { site, subdomains })
    }

    /// Whether a URL of this site is allowed.
    pub(super) fn allows(&self, site: &Site) -> bool {
        if self.site.https != site.https || self.site.port != site.port {
            return false;
        }
        if !self.subdomains {
            return self.site.host == site.host;
        }
        let rest = site.host.strip_suffix(&self.site.host);
        let below = rest.and_then(|rest| rest.strip_suffix('.'));
        below.is_some_and(|below| !below.is_empty())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wildcard = if self.subdomains { "*." } else { "" };
        self.site.write(f, wildcard)
    }
}

/// The origin of one URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Site {
    https: bool,
    /// In ASCII and lower case, IPv6 in brackets, without a dot at its end, which makes
    /// no other host of it.
    host: String,
    /// Nothing for the scheme's own.
    port: Option<u16>,
}

impl Site {
    /// The longest host with a port that is read, in bytes. Names have 253 at most; what
    /// is longer is disguised, and would take time.
    const LONGEST: usize = 255;

    /// Reads a host and port as browsers do (the WHATWG's URL standard).
    pub(super) fn read(https: bool, authority: &str) -> Option<Self> {
        if authority.len() > Self::LONGEST || authority.contains(['/', '\\', '?', '#', '@']) {
            return None;
        }
        let scheme = if https { "https" } else { "http" };
        let url = Url::parse(&format!("{scheme}://{authority}")).ok()?;
        let host = url.host_str()?;
        let host = host.strip_suffix('.').unwrap_or(host);
        (!host.is_empty()).then(|| Self {
            https,
            host: host.to_owned(),
            port: url.port(),
        })
    }

    /// Whether its host is neither an address nor a name with a dot.
    pub(super) fn is_dotless(&self) -> bool {
        !self.host.contains(['.', '['])
    }

    /// The same with http, read from the same authority.
    pub(super) fn with_http(self, authority: &str) -> Option<Self> {
        // Without a port there is nothing else to read.
        if authority.contains(':') {
            return Self::read(false, authority);
        }
        let https = false;
        Some(Self { https, ..self })
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, wildcard: &str) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{wildcard}{}", self.host.escape_debug())?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

/// In full: a host has 253 bytes at most, or is none that leads anywhere.
impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Of a long host its end, since that says whose it is.
        const SHOWN: usize = 80;
        let hidden = self.host.len().saturating_sub(SHOWN);
        match self.host.get(hidden..) {
            Some(end) if hidden > 0 => {
                let host = end.to_owned();
                Self { host, ..*self }.write(f, "…")
            }
            _ => self.write(f, ""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(url: &str) -> Site {
        let (scheme, authority) = url.split_once("://").unwrap();
        Site::read(scheme == "https", authority).unwrap()
    }

    #[test]
    fn origins_are_read() {
        for (text, shown) in [
            ("https://www.example.com", "https://www.example.com"),
            ("HTTPS://WWW.Example.COM:443", "https://www.example.com"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("https://*.example.org", "https://*.example.org"),
            ("https://*.example.org:8443", "https://*.example.org:8443"),
            ("https://bücher.example.", "https://xn--bcher-kva.example"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://127.1", "http://127.0.0.1"),
        ] {
            assert_eq!(Origin::parse(text).unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        use NotAnOrigin::{Host, NotOnlyOrigin, Scheme, Wildcard};
        for (text, error) in [
            ("", Scheme),
            ("www.example.com", Scheme),
            ("//www.example.com", Scheme),
            ("ftp://www.example.com", Scheme),
            ("https:www.example.com", Scheme),
            (" https://www.example.com", Scheme),
            ("*://www.example.com", Scheme),
            ("https://www.example.com/", NotOnlyOrigin),
            ("https://www.example.com/path", NotOnlyOrigin),
            ("https://www.example.com\\", NotOnlyOrigin),
            ("https://www.example.com?q", NotOnlyOrigin),
            ("https://www.example.com#f", NotOnlyOrigin),
            ("https://user@www.example.com", NotOnlyOrigin),
            ("https://user:secret@www.example.com", NotOnlyOrigin),
            ("https://*", Wildcard),
            ("https://www.*.com", Wildcard),
            ("https://*.*.com", Wildcard),
            ("https://w*.example.com", Wildcard),
            ("https://*.127.0.0.1", Wildcard),
            ("https://*.0.0.1", Wildcard),
            ("https://*.[::1]", Wildcard),
            ("https://", Host),
            ("https://*.", Host),
            ("https://.", Host),
            ("https://:80", Host),
            ("https://www.example.com:0", Host),
            ("https://www.example.com:65536", Host),
            ("https://www.example.com:x", Host),
            ("https://www.exa mple.com", Host),
            ("https://www.example.com\n", Host),
            ("https://exam<ple.com", Host),
            ("https://[::1", Host),
            ("https://1.2.3.256", Host),
        ] {
            assert_eq!(Origin::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for (origin, allowed, refused) in [
            (
                "https://www.example.com",
                &[
                    "https://www.example.com",
                    "https://WWW.EXAMPLE.COM.:443",
                    "https://www%2eexample.com",
                ][..],
                &[
                    "http://www.example.com",
                    "https://example.com",
                    "https://a.www.example.com",
                    "https://www.example.com:444",
                    "https://www.example.com.evil.example",
                    "https://wwwxexample.com",
                ][..],
            ),
            (
                "https://*.example.org",
                &[
                    "https://a.example.org",
                    "https://a.b.example.org",
                    "https://A.EXAMPLE.org.",
                ],
                &[
                    "https://example.org",
                    "https://.example.org",
                    "http://a.example.org",
                    "https://a.example.org:8443",
                    "https://aexample.org",
                    "https://a.example.org.evil.example",
                ],
            ),
            (
                "http://127.0.0.1:8080",
                &["http://2130706433:8080", "http://0x7f.1:8080"],
                &["http://127.0.0.1"],
            ),
            (
                "https://bücher.example",
                &["https://xn--bcher-kva.example", "https://BÜCHER.example"],
                &[],
            ),
        ] {
            let origin = Origin::parse(origin).unwrap();
            for url in allowed {
                assert!(origin.allows(&site(url)), "{origin} {url}");
            }
            for url in refused {
                assert!(!origin.allows(&site(url)), "{origin} {url}");
            }
        }
    }

    #[test]
    fn what_is_shown_is_short() {
        let long = format!(
            "https://{}.evil.example:81",
            "a.".repeat(60).trim_end_matches('.')
        );
        let shown = site(&long).to_string();
        assert!(shown.starts_with("https://…"), "{shown}");
        assert!(shown.ends_with(".evil.example:81"), "{shown}");
        assert!(shown.len() < 110);
        assert!(Site::read(true, &"a".repeat(256)).is_none());
    }
}
