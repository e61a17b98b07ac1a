//! The key `http` of a table `grants`: an array of origins.

mod headers;

use super::super::reader::Item;
use super::super::{Context, optional, trust};
use crate::grant::http::{Http, Network, Networks, Origin, PathPrefix, Rule};
use crate::tls;
use http::Method;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

pub(super) fn read(item: &Item<'_>, context: &Context<'_>) -> Option<Arc<Http>> {
    let rules: Vec<_> = item
        .array()?
        .into_iter()
        .map(|item| read_rule(item, context))
        .collect();
    let rules = rules.into_iter().collect::<Option<_>>()?;
    Some(Arc::new(Http { rules }))
}

fn read_rule(item: Item<'_>, context: &Context<'_>) -> Option<Arc<Rule>> {
    let table = item.table("this origin of `http`".to_owned())?;
    let origin_item = table.required(
        "origin",
        "a scheme, a host and perhaps a port: origin = \"https://api.example.com\"",
    );
    let origin = origin_item.as_ref().and_then(|item| {
        item.parsed(
            Origin::parse,
            "write for instance https://api.example.com, https://*.example.com or http://127.0.0.1:8080",
        )
    });
    let methods = optional(&table, "methods", |item| each(item, read_method));
    let paths = optional(&table, "paths", |item| {
        let hint = "write for instance \"/v3\", which is /v3 and all below";
        each(item, |item| item.parsed(PathPrefix::parse, hint))
    });
    let networks = optional(&table, "networks", |item| {
        let hint = "write for instance \"10.1.0.0/16\" or \"fd00::/8\"";
        each(item, |item| item.parsed(Network::parse, hint))
    });
    let headers = optional(&table, "headers", |item| headers::read(item, context));
    let ca = table.optional("ca");
    table.refuse_unknown_keys();
    let (networks, origin) = (networks?.unwrap_or_default(), origin?);
    if ca.is_some() && !origin.is_https() {
        return origin_item?.refuse("`ca` is for https", "write https://, or leave out `ca`");
    }
    let tls = if origin.is_https() {
        let item = origin_item.as_ref()?;
        let roots = trust::roots(ca.as_ref(), item, context)?;
        Some(client(roots, item)?)
    } else {
        None
    };
    let rule = Rule {
        origin,
        methods: methods?.unwrap_or_else(|| Rule::METHODS.to_vec()),
        paths: paths?.unwrap_or_default(),
        networks: networks.into_iter().collect::<Networks>(),
        headers: headers?.unwrap_or_default(),
        tls,
    };
    check(&rule, &origin_item?)?;
    Some(Arc::new(rule))
}

/// What only the whole of a rule shows.
fn check(rule: &Rule, origin: &Item<'_>) -> Option<()> {
    if let Some(address) = rule.origin.address()
        && let Err(special) = rule.networks.admit(address)
    {
        let hint = "grant it, if it is meant, with `networks`, such as [\"10.1.0.0/16\"]";
        return origin.refuse(special.to_string(), hint);
    }
    if rule.is_exposed() && rule.origin.is_wildcard() {
        return origin.refuse(
            "secret headers go to a wildcard only over https",
            "write https://, or name each host",
        );
    }
    if rule.is_exposed() && rule.networks.is_empty() {
        return origin.refuse(
            "secret headers go over http only to networks that are granted",
            "write https://, or name in `networks` where the host is",
        );
    }
    Some(())
}

/// All elements of an array that is not empty, or nothing once each was looked at.
fn each<T>(item: &Item<'_>, read: impl Fn(&Item<'_>) -> Option<T>) -> Option<Vec<T>> {
    let elements: Vec<_> = item.array()?.iter().map(read).collect();
    if elements.is_empty() {
        return item.refuse("the array is empty", "leave the key out, or name one");
    }
    elements.into_iter().collect()
}

fn read_method(item: &Item<'_>) -> Option<Method> {
    let text = item.string()?;
    let method = Method::from_bytes(text.as_bytes()).ok();
    match method.filter(|_| !text.bytes().any(|byte| byte.is_ascii_lowercase())) {
        Some(Method::CONNECT | Method::TRACE) => item.refuse(
            "CONNECT and TRACE cannot be granted",
            "the one makes a tunnel, the other gives back what was sent, secrets included",
        ),
        Some(method) => Some(method),
        None => item.refuse(
            "this is not a method",
            "methods are words in capitals, such as \"GET\" or \"POST\"",
        ),
    }
}

fn client(roots: Arc<RootCertStore>, item: &Item<'_>) -> Option<Arc<ClientConfig>> {
    match tls::client(roots) {
        Ok(config) => Some(Arc::new(config)),
        Err(error) => item.refuse(error.to_string(), "report this; it is not your mistake"),
    }
}

#[cfg(test)]
mod tests;
