//! The types of the cyber observable objects (STIX 2.1 §6).

/// All of them, in the standard's order.
pub const OBSERVABLE_TYPES: [&str; 18] = [
    "artifact",
    "autonomous-system",
    "directory",
    "domain-name",
    "email-addr",
    "email-message",
    "file",
    "ipv4-addr",
    "ipv6-addr",
    "mac-addr",
    "mutex",
    "network-traffic",
    "process",
    "software",
    "url",
    "user-account",
    "windows-registry-key",
    "x509-certificate",
];

/// Whether the type is one of the standard's cyber observables.
pub fn is_observable(kind: &str) -> bool {
    OBSERVABLE_TYPES.contains(&kind)
}
