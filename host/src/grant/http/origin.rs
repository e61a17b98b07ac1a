//! Origins that are granted, and the site that a request goes to.

use std::fmt;
use std::net::IpAddr;
use url::{Host, Url};

/// A granted origin: a scheme, a host or all names below it, and one port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    site: Site,
    /// One or more labels stand before the site's host, which itself is not meant.
    wildcard: bool,
}

/// Why a text is not an [`Origin`], and what to write. It repeats nothing of the text,
/// in which a password may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAnOrigin {
    /// It begins with neither `http://` nor `https://`.
    #[error("an origin begins with https:// or http://")]
    Scheme,
    /// `user:password@`
    #[error("an origin has no user name or password; put them into `headers`, as secrets")]
    UserInfo,
    /// Something with a slash, if only the slash.
    #[error("an origin has no path, not even a slash at its end; name paths in `paths`")]
    Path,
    /// A question mark.
    #[error("an origin has no query")]
    Query,
    /// A number sign.
    #[error("an origin has no fragment")]
    Fragment,
    /// A `*` that is not the host's whole first label, or one before an IP address.
    #[error("a `*` stands for the names below a host, and only as in https://*.example.com")]
    Wildcard,
    /// The host ends with a dot.
    #[error("an origin's host does not end with a dot")]
    TrailingDot,
    /// No host, or no port.
    #[error(
        "the host is not a name or an IP address (IPv6 within brackets), or the port is not a \
         number from 1 to 65535"
    )]
    Host,
}

impl Origin {
    /// Reads an origin such as `https://api.example.com`, `https://*.example.com:8443`,
    /// `http://127.0.0.1:8080` or `https://[2001:db8::1]`. International names and odd
    /// forms of IPv4 addresses become what they mean.
    ///
    /// # Errors
    /// [`NotAnOrigin`] says what to write.
    pub fn parse(text: &str) -> Result<Self, NotAnOrigin> {
        let (scheme, rest) = text.split_once("://").ok_or(NotAnOrigin::Scheme)?;
        let https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(NotAnOrigin::Scheme),
        };
        // Behind the first of these the others mean nothing special, but for an `@`,
        // which somebody who writes a password with a slash in it may mean otherwise.
        if rest.contains('@') {
            return Err(NotAnOrigin::UserInfo);
        }
        match rest.find(['/', '\\', '?', '#']).map(|at| &rest[at..=at]) {
            None => {}
            Some("?") => return Err(NotAnOrigin::Query),
            Some("#") => return Err(NotAnOrigin::Fragment),
            Some(_) => return Err(NotAnOrigin::Path),
        }
        let (wildcard, authority) = match rest.strip_prefix("*.") {
            Some(host) => (true, host),
            None => (false, rest),
        };
        if authority.contains('*') {
            return Err(NotAnOrigin::Wildcard);
        }
        let site = Site::read(https, authority)?;
        if wildcard && site.address().is_some() {
            return Err(NotAnOrigin::Wildcard);
        }
        Ok(Self { site, wildcard })
    }

    /// Whether requests to this site are meant.
    #[must_use]
    pub fn covers(&self, site: &Site) -> bool {
        if (self.site.https, self.site.port) != (site.https, site.port) {
            return false;
        }
        if !self.wildcard {
            return self.site.host == site.host;
        }
        let below = site.host.strip_suffix(&self.site.host);
        let below = below.and_then(|labels| labels.strip_suffix('.'));
        below.is_some_and(|labels| !labels.is_empty())
    }

    /// Whether connections are encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.site.https
    }

    /// Whether it is all names below a host.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.wildcard
    }

    /// Its host, if that is an IP address.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.site.address()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wildcard = if self.wildcard { "*." } else { "" };
        let site = &self.site;
        write!(f, "{}://{wildcard}{}", site.scheme(), site.authority())
    }
}

/// Where a request goes: a scheme, a host and a port, in their one normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    https: bool,
    /// In ASCII and lower case; IPv6 in brackets.
    host: String,
    port: u16,
}

impl Site {
    /// The longest host with a port that is read, in bytes; names have 253 at most.
    const LONGEST: usize = 300;

    /// Reads a host and port as browsers do (the WHATWG's URL standard), and nothing else
    /// of a URL: no user name either.
    ///
    /// # Errors
    /// What of [`NotAnOrigin`] an authority can be. A name with a dot at its end is
    /// refused rather than taken for the one without: names are compared as texts here,
    /// and by others on the way.
    pub fn read(https: bool, authority: &str) -> Result<Self, NotAnOrigin> {
        if authority.contains('@') {
            return Err(NotAnOrigin::UserInfo);
        }
        // The URL standard skips some of these and ends the host at others.
        let odd = |c: char| c.is_whitespace() || c.is_control() || "/\\?#*".contains(c);
        if authority.len() > Self::LONGEST || authority.contains(odd) {
            return Err(NotAnOrigin::Host);
        }
        let scheme = if https { "https" } else { "http" };
        let url = Url::parse(&format!("{scheme}://{authority}")).map_err(|_| NotAnOrigin::Host)?;
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(NotAnOrigin::Host);
        };
        if host.ends_with('.') {
            return Err(NotAnOrigin::TrailingDot);
        }
        if host.is_empty() || port == 0 {
            return Err(NotAnOrigin::Host);
        }
        Ok(Self {
            https,
            host: host.to_owned(),
            port,
        })
    }

    /// `https` or `http`
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }

    /// The host, and the port where it is not the scheme's own.
    #[must_use]
    pub fn authority(&self) -> String {
        match (self.https, self.port) {
            (true, 443) | (false, 80) => self.host.clone(),
            (_, port) => format!("{}:{port}", self.host),
        }
    }

    /// The host, if that is an IP address.
    fn address(&self) -> Option<IpAddr> {
        match Host::parse(&self.host).ok()? {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
        }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme(), self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_a_host_and_a_port() {
        for (text, normal) in [
            ("https://api.example.com", "https://api.example.com"),
            ("HTTPS://API.Example.COM:443", "https://api.example.com"),
            ("https://*.example.com:8443", "https://*.example.com:8443"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://0x7f.1", "http://127.0.0.1"),
            ("https://[2001:DB8:0::1]", "https://[2001:db8::1]"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
        ] {
            assert_eq!(Origin::parse(text).unwrap().to_string(), normal, "{text}");
        }
    }

    #[test]
    fn everything_else_has_an_error_of_its_own() {
        use NotAnOrigin as No;
        for (text, error) in [
            ("api.example.com", No::Scheme),
            ("ftp://api.example.com", No::Scheme),
            ("//api.example.com", No::Scheme),
            ("https://me:secret@api.example.com", No::UserInfo),
            ("https://me:sec/ret@api.example.com", No::UserInfo),
            ("https://api.example.com/", No::Path),
            ("https://api.example.com/v3?x", No::Path),
            ("https://api.example.com\\v3", No::Path),
            ("https://api.example.com?x=1", No::Query),
            ("https://api.example.com#x", No::Fragment),
            ("https://*", No::Wildcard),
            ("https://a*.example.com", No::Wildcard),
            ("https://a.*.example.com", No::Wildcard),
            ("https://*.*.example.com", No::Wildcard),
            ("https://*.127.0.0.1", No::Wildcard),
            ("https://*.0x7f000001", No::Wildcard),
            ("https://api.example.com.", No::TrailingDot),
            ("https://", No::Host),
            ("https://*.", No::Host),
            ("https://:80", No::Host),
            ("https://a.example:0", No::Host),
            ("https://a.example:65536", No::Host),
            ("https://a.example:x", No::Host),
            ("https://a b.example", No::Host),
            ("https://a\tb.example", No::Host),
            ("https://::1", No::Host),
            ("https://1.2.3.256", No::Host),
        ] {
            assert_eq!(Origin::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn an_origin_covers_itself_and_a_wildcard_what_is_below() {
        let covers = |origin: &str, https, authority: &str| {
            let origin = Origin::parse(origin).unwrap();
            Site::read(https, authority).is_ok_and(|site| origin.covers(&site))
        };
        let one = "https://api.example.com";
        for authority in [
            "api.example.com",
            "api.example.com:443",
            "API.EXAMPLE.com:0443",
        ] {
            assert!(covers(one, true, authority), "{authority}");
        }
        for authority in [
            "api.example.com:8443",
            "api.example.com.",
            "x.api.example.com",
            "example.com",
            "evil.test",
            "api.example.com@evil.test",
            "evil.test@api.example.com",
            "api.example.com\\@evil.test",
            "api.example.com#.evil.test",
            "api.example.com%2eevil.test",
            "api.example.com.evil.test",
            "",
        ] {
            assert!(!covers(one, true, authority), "{authority}");
        }
        assert!(!covers(one, false, "api.example.com:443"));
        let below = "https://*.example.com";
        assert!(covers(below, true, "a.example.com") && covers(below, true, "a.b.example.com"));
        for authority in [
            "example.com",
            ".example.com",
            "badexample.com",
            "a.example.com.evil.test",
        ] {
            assert!(!covers(below, true, authority), "{authority}");
        }
        // All of these are one address, and only its own origin covers it.
        let loopback = "http://127.0.0.1:8080";
        for authority in [
            "127.0.0.1:8080",
            "2130706433:8080",
            "0x7f.1:8080",
            "0177.0.0.01:8080",
        ] {
            assert!(covers(loopback, false, authority), "{authority}");
            assert!(
                !covers("http://localhost:8080", false, authority),
                "{authority}"
            );
        }
        assert!(!covers(loopback, false, "[::ffff:127.0.0.1]:8080"));
        assert!(!covers(loopback, false, "localhost:8080"));
    }
}
