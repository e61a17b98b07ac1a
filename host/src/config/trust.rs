//! Who is trusted to certify the services that the configuration names.

use super::Context;
use super::reader::Item;
use crate::tls;
use rustls::RootCertStore;
use std::sync::Arc;

/// The roots in the file of the key `ca`, or without one those that the system trusts,
/// which are looked up once for a configuration. `place` is what needs them.
pub(super) fn roots(
    ca: Option<&Item<'_>>,
    place: &Item<'_>,
    context: &Context<'_>,
) -> Option<Arc<RootCertStore>> {
    if let Some(ca) = ca {
        return ca.roots(context).map(Arc::new);
    }
    let roots = context
        .system_roots
        .get_or_init(|| tls::system_roots().map(Arc::new));
    match roots {
        Ok(roots) => Some(Arc::clone(roots)),
        Err(error) => place.refuse(
            error.to_string(),
            "install them (`ca-certificates`), name them in SSL_CERT_FILE, or set `ca`",
        ),
    }
}
