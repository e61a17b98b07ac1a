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
#[derive(Debug)]
pub struct Http {
    /// In the configuration's order, at least one.
    pub rules: Vec<Rule>,
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
}

impl Http {
    /// The rule for a request to this site, or what none of them lets through.
    ///
    /// # Errors
    /// The part of the request that is not granted, the last that was looked at.
    pub fn rule(&self, site: &Site, method: &Method, path: &str) -> Result<usize, NotGranted> {
        let mut refusal = NotGranted::Origin;
        for (index, rule) in self.rules.iter().enumerate() {
            if !rule.origin.covers(site) {
                continue;
            }
            if !rule.methods.contains(method) {
                refusal = refusal.max(NotGranted::Method);
            } else if rule.paths.is_empty() || rule.paths.iter().any(|prefix| prefix.covers(path)) {
                return Ok(index);
            } else {
                refusal = NotGranted::Path;
            }
        }
        Err(refusal)
    }
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
        let http = Http {
            rules: vec![
                rule("https://a.example", &[Method::POST], &["/v3"]),
                rule("https://a.example", &Rule::METHODS, &["/v3", "/v4"]),
                rule("https://*.example", &[Method::GET], &[]),
            ],
        };
        let find = |site: &str, method: Method, path: &str| {
            http.rule(&Site::read(true, site).unwrap(), &method, path)
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
