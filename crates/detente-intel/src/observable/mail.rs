//! E-mail addresses: the domain by the rules of domains, the mailbox in lower case.
//!
//! RFC 5321 section 2.4 lets a host tell `Bob` from `bob`. No large provider does, feeds write
//! both, and a match is what we are after: so the mailbox is lower-cased. Only dot-atoms (RFC 5322
//! section 3.2.3) in ASCII are taken: quoted mailboxes, address literals and SMTPUTF8 mailboxes
//! have no single spelling and do not occur in feeds.

use super::{NormalFault, domain};

/// The longest mailbox name, in bytes (RFC 5321 section 4.5.3.1.1).
const MAX_LOCAL: usize = 64;

pub(super) fn normalise(text: &str) -> Result<String, NormalFault> {
    let (local, host) = text.rsplit_once('@').ok_or(NormalFault::MailNoAt)?;
    let atoms_fit = local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atext));
    if local.len() > MAX_LOCAL || !atoms_fit {
        return Err(NormalFault::MailLocal);
    }
    let mut value = local.to_ascii_lowercase();
    value.push('@');
    value.push_str(&domain::normalise(host)?);
    Ok(value)
}

/// `atext` of RFC 5322 section 3.2.3.
fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}
