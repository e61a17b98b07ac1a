//! Certificates and keys in PEM files. What the reader of PEM does not know it passes
//! over without a word, so everything in a file that looks like a certificate or a key is
//! compared with what was read: a chain that is half of itself is an error.

use super::TlsError;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// What a certificate or key file can have at most, in bytes. A long chain has 10,000,
/// and all roots of a system 300,000.
const MOST_BYTES: u64 = 1 << 20;

/// How every section begins.
const BEGIN: &str = "-----BEGIN ";

/// Every certificate of a file, in its order.
///
/// # Errors
/// A file that cannot be read, has none, or has one that cannot be read.
pub(super) fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = read(path)?;
    let text = String::from_utf8_lossy(&bytes);
    whole_lines(&text, path)?;
    let begun = sections(&text)
        .filter(|it| it.ends_with("CERTIFICATE"))
        .count();
    if begun == 0 {
        return Err(TlsError::NoCertificate(path.to_owned()));
    }
    let chain = CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>();
    let Some(chain) = chain.ok().filter(|chain| chain.len() == begun) else {
        return Err(TlsError::Incomplete(path.to_owned()));
    };
    for (certificate, number) in chain.iter().zip(1..) {
        if is_damaged(certificate) {
            let path = path.to_owned();
            return Err(TlsError::Damaged { path, number });
        }
    }
    Ok(chain)
}

/// The first private key of a file.
///
/// # Errors
/// A file that cannot be read, has no key, or one that is encrypted.
pub(super) fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let bytes = read(path)?;
    let text = String::from_utf8_lossy(&bytes);
    // Both ways of PEM to say so: PKCS#8, and OpenSSL's older one.
    if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(TlsError::EncryptedKey(path.to_owned()));
    }
    whole_lines(&text, path)?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| TlsError::NoKey(path.to_owned()))
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let unreadable = |reason: String| TlsError::Unreadable {
        path: path.to_owned(),
        reason,
    };
    let mut bytes = Vec::new();
    let read = File::open(path)
        .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(error.to_string()))?;
    if u64::try_from(read).is_ok_and(|read| read > MOST_BYTES) {
        return Err(unreadable(format!("it is larger than {MOST_BYTES} bytes")));
    }
    Ok(bytes)
}

/// Refuses a section that begins in the middle of a line, because it is passed over. Files
/// without a line end at their end become such a line when they are joined.
fn whole_lines(text: &str, path: &Path) -> Result<(), TlsError> {
    let inside = |part: &str| part.match_indices(BEGIN).any(|(at, _)| at > 0);
    for (line, number) in text.lines().zip(1..) {
        // A carriage return alone ends a line of PEM too.
        if line.split('\r').any(inside) {
            let path = path.to_owned();
            return Err(TlsError::Glued { path, number });
        }
    }
    Ok(())
}

/// What each section is, as its first line says.
fn sections(text: &str) -> impl Iterator<Item = &str> {
    let begun = text.split(BEGIN).skip(1);
    begun.filter_map(|rest| rest.split_once("-----").map(|(what, _)| what))
}

/// Whether a certificate is not one whole structure of DER. That it is of a form that no
/// verifier takes, as old roots are, does not make it damaged.
fn is_damaged(certificate: &CertificateDer<'_>) -> bool {
    let parsed = ParsedCertificate::try_from(certificate);
    let bad = CertificateError::BadEncoding;
    matches!(parsed, Err(Error::InvalidCertificate(error)) if error == bad)
}
