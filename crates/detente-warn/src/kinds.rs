//! Which kinds of observable a list speaks of: MISP's `matching_attributes` in our terms.
//!
//! A type of two values, such as `domain|ip`, stands for both: MISP takes such a value apart and
//! looks each part up. Types for which there is no kind (file names, phone numbers) stand for none.

use detente_core::Kind;

/// A set of [`Kind`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct KindSet(u16);

const ADDRESS: &[Kind] = &[Kind::Ipv4, Kind::Ipv6, Kind::Ipv4Cidr, Kind::Ipv6Cidr];

impl KindSet {
    /// No kind.
    pub const NONE: KindSet = KindSet(0);

    /// Every kind: a list that names no types, or `ALL`.
    pub fn all() -> KindSet {
        KindSet::of(&Kind::ALL)
    }

    /// These kinds.
    pub fn of(kinds: &[Kind]) -> KindSet {
        kinds.iter().fold(KindSet::NONE, |set, kind| KindSet(set.0 | bit(*kind)))
    }

    /// Whether the kind is in the set.
    pub fn contains(self, kind: Kind) -> bool {
        self.0 & bit(kind) != 0
    }

    /// Whether any kind of the other set is in this one.
    pub fn intersects(self, other: KindSet) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether no kind is in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Both sets together.
    #[must_use]
    pub fn union(self, other: KindSet) -> KindSet {
        KindSet(self.0 | other.0)
    }

    /// The kinds, in the order of their codes.
    pub fn kinds(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(move |kind| self.contains(*kind))
    }

    /// The kinds that a MISP attribute type holds. Letter case does not matter.
    pub(crate) fn of_attribute(name: &str) -> KindSet {
        if name == "ALL" {
            return KindSet::all();
        }
        let name = name.trim().to_ascii_lowercase();
        if name == "malware-sample" {
            return KindSet::of(&[Kind::Md5]);
        }
        name.split('|').fold(KindSet::NONE, |set, part| set.union(KindSet::of_part(part)))
    }

    fn of_part(name: &str) -> KindSet {
        KindSet::of(match name {
            "domain" | "hostname" => &[Kind::Domain],
            "ip" | "ip-src" | "ip-dst" => ADDRESS,
            "url" | "uri" | "link" => &[Kind::Url],
            "md5" => &[Kind::Md5],
            "sha1" => &[Kind::Sha1],
            "sha256" => &[Kind::Sha256],
            "sha512" => &[Kind::Sha512],
            "x509-fingerprint-sha1" => &[Kind::CertSha1],
            "x509-fingerprint-sha256" => &[Kind::CertSha256],
            "email"
            | "email-src"
            | "email-dst"
            | "email-reply-to"
            | "target-email"
            | "whois-registrant-email"
            | "dns-soa-email" => &[Kind::Email],
            "as" => &[Kind::Asn],
            _ => &[],
        })
    }
}

fn bit(kind: Kind) -> u16 {
    1_u16.checked_shl(u32::from(kind.code())).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_bit_of_its_own() {
        for kind in Kind::ALL {
            let set = KindSet::of(&[kind]);
            assert_eq!(set.kinds().collect::<Vec<_>>(), [kind]);
        }
        assert_eq!(KindSet::all().kinds().count(), Kind::ALL.len());
    }

    #[test]
    fn attributes_become_kinds() {
        let kinds = |name| KindSet::of_attribute(name).kinds().collect::<Vec<_>>();
        assert_eq!(kinds("hostname|port"), [Kind::Domain]);
        assert_eq!(kinds("domain|ip")[..3], [Kind::Domain, Kind::Ipv4, Kind::Ipv6]);
        assert_eq!(kinds("ip-src|port").len(), 4);
        assert_eq!(kinds("filename|sha256"), [Kind::Sha256]);
        assert_eq!(kinds("malware-sample"), [Kind::Md5]);
        assert_eq!(kinds("AS"), [Kind::Asn]);
        assert_eq!(kinds("ALL").len(), Kind::ALL.len());
        assert_eq!(kinds("phone-number"), []);
        assert_eq!(kinds("filename"), []);
    }
}
