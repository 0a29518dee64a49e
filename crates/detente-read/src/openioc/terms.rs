//! What the search terms of OpenIOC look at.
//!
//! Source: the terms of OpenIOC 1.1 (`current.iocterms` and `eventitem.iocterms`, which hold those
//! of 1.0), in any case, as writers spell them differently. Left out on purpose: terms about the
//! own machine and its network (`PortItem/localIP`, `SystemInfoItem`, `ArpEntryItem` ...) and about
//! victims (`Email/To` ...).

use detente_core::Kind;

use crate::kinds::Hint;

/// What the values of a term are, if they are observables.
pub(super) fn hint_of(term: &str) -> Option<Hint> {
    let term = term.trim().to_ascii_lowercase();
    let (_, last) = term.rsplit_once('/')?;
    if let Some(kind) = digest_of(last) {
        return Some(Hint::Kind(kind));
    }
    match term.as_str() {
        "cookiehistoryitem/hostname"
        | "dnsentryitem/host"
        | "dnsentryitem/recorddata/host"
        | "dnsentryitem/recorddata/mxhost"
        | "dnsentryitem/recorddata/nexthost"
        | "dnsentryitem/recorddata/primaryservername"
        | "dnsentryitem/recorddata/targethost"
        | "dnsentryitem/recordname"
        | "dnslookupevent/hostname"
        | "email/receivedfromhost"
        | "formhistoryitem/hostname"
        | "network/dns"
        | "routeentryitem/destination"
        | "urlhistoryitem/hostname"
        | "urlmonitorevent/hostname" => Some(Hint::Host),
        "dnsentryitem/recorddata/ipv4address"
        | "dnsentryitem/recorddata/ipv6address"
        | "email/receivedfromip"
        | "ipv4networkevent/remoteip"
        | "portitem/remoteip"
        | "processitem/handlelist/handle/socketremoteaddress"
        | "processitem/portlist/portitem/remoteip"
        | "routeentryitem/gateway"
        | "urlmonitorevent/remoteipaddress" => Some(Hint::Address),
        "filedownloadhistoryitem/referrer"
        | "filedownloadhistoryitem/sourceurl"
        | "formhistoryitem/formsubmiturl"
        | "network/http_referrer"
        | "network/uri"
        | "quarantineeventitem/dataurlstring"
        | "quarantineeventitem/originurlstring"
        | "urlhistoryitem/url"
        | "urlhistoryitem/visitfrom"
        | "urlmonitorevent/requesturl" => Some(Hint::Kind(Kind::Url)),
        "email/from"
        | "email/reply-to"
        | "email/return-path"
        | "quarantineeventitem/senderaddress"
        | "taskitem/actionlist/action/emailfrom"
        | "taskitem/actionlist/action/emailreplyto" => Some(Hint::Kind(Kind::Email)),
        _ => None,
    }
}

/// The digest that a term ends in: `Md5sum`, `serviceDLLsha256sum`, `FileSHA1` ... `MemD5`, of a
/// process in memory, is none of a file.
fn digest_of(last: &str) -> Option<Kind> {
    [("md5", Kind::Md5), ("sha1", Kind::Sha1), ("sha256", Kind::Sha256), ("sha512", Kind::Sha512)]
        .into_iter()
        .find(|(name, _)| {
            let rest = last.strip_suffix("sum").unwrap_or(last).strip_suffix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest == "file" || last.ends_with("sum"))
        })
        .map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_known_in_any_case() {
        for (term, hint) in [
            ("FileItem/Md5sum", Some(Hint::Kind(Kind::Md5))),
            ("FileItem/MD5Sum", Some(Hint::Kind(Kind::Md5))),
            ("FileItem/StreamList/Stream/Sha256sum", Some(Hint::Kind(Kind::Sha256))),
            ("ServiceItem/serviceDLLsha1sum", Some(Hint::Kind(Kind::Sha1))),
            ("QuarantineListItem/FileSHA1", Some(Hint::Kind(Kind::Sha1))),
            ("fileWriteEvent/md5", Some(Hint::Kind(Kind::Md5))),
            ("DnsEntryItem/HOST", Some(Hint::Host)),
            (" Network/DNS ", Some(Hint::Host)),
            ("PortItem/remoteIP", Some(Hint::Address)),
            ("Network/URI", Some(Hint::Kind(Kind::Url))),
            ("Email/From", Some(Hint::Kind(Kind::Email))),
            ("PortItem/localIP", None),
            ("Email/To", None),
            ("ProcessItem/SectionList/MemorySection/MemD5", None),
            ("AgentInfo/intelHash", None),
            ("FileItem/FileName", None),
            ("Md5sum", None),
            ("", None),
        ] {
            assert_eq!(hint_of(term), hint, "{term}");
        }
    }
}
