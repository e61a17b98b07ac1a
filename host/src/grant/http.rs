//! HTTP out: which requests a plugin may send, and what the host adds to them.
//!
//! A request that no [`Rule`] lets through is refused; the first that does is the one
//! whose networks, headers and roots hold for it.

pub mod address;
mod origin;
mod path;

pub use address::{Network, Networks, NotANetwork};
pub use origin::{NotAnOrigin, Origin, Site};
pub use path::{NotAPath, PathPrefix};

use http::{HeaderName, HeaderValue, Method};
use rustls::ClientConfig;
use std::sync::Arc;

/// What a plugin's grant of HTTP says.
#[derive(Debug, PartialEq, Eq)]
pub struct Http {
    /// In the configuration's order. None: nothing is let through.
    pub rules: Vec<Arc<Rule>>,
}

/// One origin, or all subdomains of one, and what may be sent there.
#[derive(Debug)]
pub struct Rule {
    /// Where requests may go.
    pub origin: Origin,
    /// Never CONNECT or TRACE: the one is no request to an origin, the other gives back
    /// what the host has put in.
    pub methods: Vec<Method>,
    /// One of these has to be the beginning of a request's path. None: every path.
    pub paths: Vec<PathPrefix>,
    /// Networks that may be reached although they are not public.
    pub networks: Networks,
    /// Put in by the host in the place of what the plugin says, and marked as sensitive,
    /// so that nothing prints them.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Who may certify the origin, and how it is spoken with; nothing for http.
    pub tls: Option<Arc<ClientConfig>>,
}

/// Two rules are equal if they grant the same, with the same secrets. The certificates
/// that they trust are not compared, because each configuration reads them again.
impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        let Self {
            origin,
            methods,
            paths,
            networks,
            headers,
            tls,
        } = self;
        *origin == other.origin
            && *methods == other.methods
            && *paths == other.paths
            && *networks == other.networks
            && *headers == other.headers
            && tls.is_some() == other.tls.is_some()
    }
}

impl Eq for Rule {}

impl Rule {
    /// What may be sent where the configuration says nothing.
    pub const METHODS: [Method; 7] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ];

    /// Whether requests carry something that only its owner may see, over a connection
    /// that anybody on the way can read. Such a connection goes to granted networks only.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        !self.headers.is_empty() && !self.origin.is_https()
    }

    fn admit(&self, site: &Site, method: &Method, path: &str) -> Result<(), NotGranted> {
        if !self.origin.covers(site) {
            Err(NotGranted::Origin)
        } else if !self.methods.contains(method) {
            Err(NotGranted::Method)
        } else if self.paths.is_empty() || self.paths.iter().any(|prefix| prefix.covers(path)) {
            Ok(())
        } else {
            Err(NotGranted::Path)
        }
    }
}

/// The first of these whose rule lets a request through.
///
/// # Errors
/// What of the request is not granted, by the rule that comes nearest.
pub fn choose<'a, T>(
    granted: &'a [T],
    rule: impl Fn(&T) -> &Rule,
    (site, method, path): (&Site, &Method, &str),
) -> Result<&'a T, NotGranted> {
    let mut nearest = NotGranted::Origin;
    for candidate in granted {
        match rule(candidate).admit(site, method, path) {
            Ok(()) => return Ok(candidate),
            Err(refusal) => nearest = nearest.max(refusal),
        }
    }
    Err(nearest)
}

/// What of a request no rule lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum NotGranted {
    /// Its scheme, host and port.
    #[error("its origin is not granted")]
    Origin,
    /// The origin is granted, and not with this method.
    #[error("its method is not granted for this origin")]
    Method,
    /// Origin and method are granted, and not for this path.
    #[error("its path is not granted for this origin")]
    Path,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(origin: &str, methods: &[Method], paths: &[&str]) -> Rule {
        Rule {
            origin: Origin::parse(origin).unwrap(),
            methods: methods.to_vec(),
            paths: paths
                .iter()
                .map(|p| PathPrefix::parse(p).unwrap())
                .collect(),
            networks: Networks::default(),
            headers: Vec::new(),
            tls: None,
        }
    }

    #[test]
    fn the_first_rule_that_lets_a_request_through_holds() {
        let rules = [
            rule("https://a.example", &[Method::POST], &["/v3"]),
            rule("https://a.example", &Rule::METHODS, &["/v3", "/v4"]),
            rule("https://*.example", &[Method::GET], &[]),
        ];
        let find = |site: &str, method: Method, path: &str| {
            let site = Site::read(true, site).unwrap();
            let chosen = choose(&rules, |rule| rule, (&site, &method, path))?;
            Ok(rules
                .iter()
                .position(|rule| std::ptr::eq(rule, chosen))
                .unwrap())
        };
        assert_eq!(find("a.example", Method::POST, "/v3/x"), Ok(0));
        assert_eq!(find("a.example", Method::POST, "/v4"), Ok(1));
        assert_eq!(find("a.example", Method::GET, "/v3"), Ok(1));
        assert_eq!(find("a.example", Method::GET, "/v5"), Ok(2));
        assert_eq!(
            find("a.example", Method::POST, "/v5"),
            Err(NotGranted::Path)
        );
        assert_eq!(find("b.example", Method::PUT, "/"), Err(NotGranted::Method));
        assert_eq!(find("c.test", Method::GET, "/"), Err(NotGranted::Origin));
    }
}
