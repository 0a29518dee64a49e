//! Digests of files and fingerprints of certificates: lower-case hexadecimal of the exact length.

use detente_core::Kind;

use super::NormalFault;

/// The length in hexadecimal characters, or none if the kind is no digest.
fn length(kind: Kind) -> Option<usize> {
    match kind {
        Kind::Md5 => Some(32),
        Kind::CertSha1 | Kind::Sha1 => Some(40),
        Kind::CertSha256 | Kind::Sha256 => Some(64),
        Kind::Sha512 => Some(128),
        _ => None,
    }
}

/// The file digest that a hexadecimal text of this length is taken for.
pub(super) fn kind_of(text: &str) -> Option<Kind> {
    let kind = match text.len() {
        32 => Kind::Md5,
        40 => Kind::Sha1,
        64 => Kind::Sha256,
        128 => Kind::Sha512,
        _ => return None,
    };
    text.bytes().all(|b| b.is_ascii_hexdigit()).then_some(kind)
}

pub(super) fn normalise(kind: Kind, text: &str) -> Result<String, NormalFault> {
    if let Some(bad) = text.chars().find(|c| !c.is_ascii_hexdigit()) {
        return Err(NormalFault::Character(bad));
    }
    if length(kind) != Some(text.len()) {
        return Err(NormalFault::DigestLength { got: text.len() });
    }
    Ok(text.to_ascii_lowercase())
}

/// As [`normalise`], but `AB:CD:EF` as certificate viewers show it is accepted too: a colon after
/// every pair or none at all.
pub(super) fn normalise_fingerprint(kind: Kind, text: &str) -> Result<String, NormalFault> {
    if !text.contains(':') {
        return normalise(kind, text);
    }
    if text.split(':').any(|pair| pair.len() != 2) {
        return Err(NormalFault::Character(':'));
    }
    normalise(kind, &text.replace(':', ""))
}
