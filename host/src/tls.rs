//! The certificate and the key of the listener, read from files into what rustls
//! serves with. A reload reads them again with the same function.

mod pem;

use pem::{read_chain, read_key};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, Error, RootCertStore, ServerConfig, version};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The protocols of ALPN that the listener speaks, the best one first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// A time after which no certificate is valid: the end of the year 9999, which is the
/// last that X.509 can write, and a year more.
const AFTER_ALL: Duration = Duration::from_secs(253_402_300_799 + 366 * 24 * 3600);

/// The files of `[server.tls]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and what leads from it to its root, as PEM, the own one first.
    pub certificate: PathBuf,
    /// The certificate's private key, as PEM and not encrypted.
    pub key: PathBuf,
}

/// What the listener speaks TLS with.
#[derive(Clone)]
pub struct Tls {
    /// Where it was read from, for whoever wants to read it again.
    pub files: TlsFiles,
    /// TLS 1.2 and 1.3, with HTTP/2 and HTTP/1.1 in ALPN.
    pub config: Arc<ServerConfig>,
    /// The same without ALPN, for callers that offer other protocols only.
    without_alpn: Arc<ServerConfig>,
    /// When the certificate's time is over, as far as it can be told.
    pub expiry: Option<SystemTime>,
}

impl Tls {
    /// Reads both files.
    ///
    /// # Errors
    /// A file that cannot be read or is not PEM of the right kind, an encrypted key,
    /// a key that is not the certificate's. An expired certificate is none: it is
    /// better than nothing, and callers say what they think of it.
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let chain = read_chain(&files.certificate)?;
        let key = read_key(&files.key)?;
        let expiry = chain.first().and_then(expiry);
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| pair_error(&files, error))?;
        let without_alpn = Arc::new(config.clone());
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(Self {
            files,
            config: Arc::new(config),
            without_alpn,
            expiry,
        })
    }

    /// What to speak TLS with to a caller that offers these protocols. If it offers some
    /// and none that is spoken here, ALPN is left out, and it gets HTTP/1.1: RFC 7301, 3.2,
    /// would have the connection end, which other servers do not do.
    #[must_use]
    pub fn config_for<'a>(
        &self,
        offered: Option<impl IntoIterator<Item = &'a [u8]>>,
    ) -> Arc<ServerConfig> {
        let has_known = offered.is_none_or(|offered| {
            let mut names = offered.into_iter();
            names.any(|name| PROTOCOLS.contains(&name))
        });
        Arc::clone(if has_known {
            &self.config
        } else {
            &self.without_alpn
        })
    }

    /// Whether the certificate's time is over at `now`.
    #[must_use]
    pub fn expired(&self, now: SystemTime) -> bool {
        self.expiry.is_some_and(|expiry| expiry < now)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key stays out of any log.
        let mut tls = f.debug_struct("Tls");
        tls.field("files", &self.files).finish_non_exhaustive()
    }
}

impl PartialEq for Tls {
    /// The same files, read at the same time.
    fn eq(&self, other: &Self) -> bool {
        self.files == other.files && Arc::ptr_eq(&self.config, &other.config)
    }
}

impl Eq for Tls {}

/// The roots in a PEM file, for a client that trusts nobody else.
///
/// # Errors
/// A file that cannot be read or has no certificate that can be a root.
pub fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in read_chain(path)? {
        roots
            .add(certificate)
            .map_err(|error| TlsError::BadCertificate {
                path: path.to_owned(),
                reason: error.to_string(),
            })?;
    }
    Ok(roots)
}

/// The roots that the system trusts, as `SSL_CERT_FILE` and `SSL_CERT_DIR` say or where
/// its distribution has them.
///
/// # Errors
/// There are none.
pub fn system_roots() -> Result<RootCertStore, NoRoots> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // Some systems have certificates that no library takes, and do well without them.
    let (taken, _) = roots.add_parsable_certificates(found.certs);
    match (taken, found.errors.first()) {
        (0, Some(error)) => Err(NoRoots(error.to_string())),
        (0, None) => Err(NoRoots("none was found".to_owned())),
        _ => Ok(roots),
    }
}

/// What a client speaks TLS with that trusts these roots: 1.2 and 1.3. Which versions of
/// HTTP it offers is up to the client.
///
/// # Errors
/// The provider of cryptography does not know these versions, which never happens.
pub fn client(roots: Arc<RootCertStore>) -> Result<ClientConfig, Error> {
    Ok(ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// A certificate with its key, for a client that services ask for one.
#[derive(Debug, PartialEq, Eq)]
pub struct Identity {
    files: TlsFiles,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads both files.
    ///
    /// # Errors
    /// Those of [`Tls::load`], but for a key that is not the certificate's, which
    /// [`client_with`] finds.
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        Ok(Self {
            chain: read_chain(&files.certificate)?,
            key: read_key(&files.key)?,
            files,
        })
    }
}

/// As [`client`], with a certificate for services that ask for one.
///
/// # Errors
/// A key that is not the certificate's or of no known kind.
pub fn client_with(
    roots: Arc<RootCertStore>,
    identity: &Identity,
) -> Result<ClientConfig, TlsError> {
    let Identity { files, chain, key } = identity;
    ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .and_then(|builder| {
            let builder = builder.with_root_certificates(roots);
            builder.with_client_auth_cert(chain.clone(), key.clone_key())
        })
        .map_err(|error| pair_error(files, error))
}

/// Nobody is trusted on this machine.
#[derive(Debug, Clone, thiserror::Error)]
#[error("this machine has no root certificates that can be read: {0}")]
pub struct NoRoots(String);

/// The one provider of cryptography, named so that no process-wide default is needed.
#[must_use]
pub fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// What is wrong with a certificate and its key.
fn pair_error(files: &TlsFiles, error: Error) -> TlsError {
    match error {
        Error::InconsistentKeys(_) => TlsError::OtherKey(files.key.clone()),
        Error::General(reason) => TlsError::BadKey {
            path: files.key.clone(),
            reason,
        },
        other => TlsError::BadCertificate {
            path: files.certificate.clone(),
            reason: other.to_string(),
        },
    }
}

/// When a certificate's time is over. The one who knows is the verifier of
/// certificates: at a time after all, it says when that was.
fn expiry(certificate: &CertificateDer<'_>) -> Option<SystemTime> {
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    let verified = verify_server_cert_signed_by_trust_anchor(
        &parsed,
        &RootCertStore::empty(),
        &[],
        UnixTime::since_unix_epoch(AFTER_ALL),
        provider().signature_verification_algorithms.all,
    );
    match verified {
        Err(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
            SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(not_after.as_secs()))
        }
        _ => None,
    }
}

/// Why there is nothing to speak TLS with. No error contains any of a key.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file does not exist or may not be read.
    #[error("cannot read {}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        reason: String,
    },
    /// The file is not PEM or has something else in it.
    #[error("{} has no certificate in PEM", .0.display())]
    NoCertificate(PathBuf),
    /// A section begins in the middle of a line, and would be passed over.
    #[error("line {number} of {} has a -----BEGIN that is not at the beginning of the line", path.display())]
    Glued {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        number: usize,
    },
    /// There are more certificates than can be read.
    #[error("the certificates in {} cannot all be read", .0.display())]
    Incomplete(PathBuf),
    /// The text is whole, and what it encodes is not.
    #[error("certificate {number} in {} is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        number: usize,
    },
    /// The file is not PEM or has something else in it.
    #[error("{} has no private key in PEM", .0.display())]
    NoKey(PathBuf),
    /// A pass phrase would be needed.
    #[error("the key in {} is encrypted", .0.display())]
    EncryptedKey(PathBuf),
    /// The key and the certificate are not a pair.
    #[error("the key in {} is not the certificate's", .0.display())]
    OtherKey(PathBuf),
    /// PEM of the right kind, and no key of a known kind in it.
    #[error("the key in {} cannot be used: {reason}", path.display())]
    BadKey {
        /// The file.
        path: PathBuf,
        /// What the library says of it.
        reason: String,
    },
    /// PEM of the right kind, and no certificate in it that can be used.
    #[error("the certificate in {} cannot be used: {reason}", path.display())]
    BadCertificate {
        /// The file.
        path: PathBuf,
        /// What the library says of it.
        reason: String,
    },
}

impl TlsError {
    /// Whether it can pass without a change of the configuration's files: who may read a
    /// file, and whether the process may open one more, changes too.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unreadable { .. })
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "a relative path starts at the configuration's folder",
            Self::NoCertificate(_) | Self::BadCertificate { .. } => {
                "it has to begin with -----BEGIN CERTIFICATE-----, the own one first, then its issuers"
            }
            Self::Glued { .. } => {
                "each BEGIN and END needs a line of its own; a file that is joined to another by `cat` needs a line end at its end"
            }
            Self::Incomplete(_) => {
                "one is cut off, or of another kind than -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----; write the file again"
            }
            Self::Damaged { .. } => "write the file again, with the whole of each certificate",
            Self::NoKey(_) | Self::BadKey { .. } => {
                "it has to begin with -----BEGIN PRIVATE KEY----- and be RSA, ECDSA or Ed25519"
            }
            Self::EncryptedKey(_) => {
                "decrypt it with `openssl pkey -in KEY -out NEW`, and let only this process read it"
            }
            Self::OtherKey(_) => "name the key that the certificate was made for",
        }
    }

    /// The file that is wrong.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Unreadable { path, .. }
            | Self::NoCertificate(path)
            | Self::NoKey(path)
            | Self::EncryptedKey(path)
            | Self::OtherKey(path)
            | Self::Glued { path, .. }
            | Self::Incomplete(path)
            | Self::Damaged { path, .. }
            | Self::BadKey { path, .. }
            | Self::BadCertificate { path, .. } => path,
        }
    }
}
