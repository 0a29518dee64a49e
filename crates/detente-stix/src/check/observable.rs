//! The tables of the cyber observable objects (STIX 2.1 §6).

use super::extension as x;
use super::format as f;
use super::kind::{
    Dictionary, Extension, INTEGER, Kind, NATURAL, Record, Rule, STRINGS, TIME, Target, may, must,
};
use super::report::Level;
use super::rules;
use super::vocabulary as v;

const HASHES: Kind = Kind::Hashes(Level::Should);
const ADDRESS: Kind =
    Kind::Reference(Target::Types(&["ipv4-addr", "ipv6-addr", "mac-addr", "domain-name"]));
const ARTIFACT_REF: Kind = Kind::Reference(Target::Types(&["artifact"]));
const AS_REF: Kind = Kind::Reference(Target::Types(&["autonomous-system"]));
const EMAIL_REF: Kind = Kind::Reference(Target::Types(&["email-addr"]));
const FILE_REF: Kind = Kind::Reference(Target::Types(&["file"]));
const MAC_REF: Kind = Kind::Reference(Target::Types(&["mac-addr"]));
const PROCESS_REF: Kind = Kind::Reference(Target::Types(&["process"]));
const TRAFFIC_REF: Kind = Kind::Reference(Target::Types(&["network-traffic"]));
const USER_REF: Kind = Kind::Reference(Target::Types(&["user-account"]));
const PORT: Kind = Kind::Integer(0, 65_535);

/// The table of a type, or nothing for a type the standard does not define as an observable.
pub(super) fn record(kind: &str) -> Option<&'static Record> {
    Some(match kind {
        "artifact" => &ARTIFACT,
        "autonomous-system" => &AUTONOMOUS_SYSTEM,
        "directory" => &DIRECTORY,
        "domain-name" => &DOMAIN_NAME,
        "email-addr" => &EMAIL_ADDR,
        "email-message" => &EMAIL_MESSAGE,
        "file" => &FILE,
        "ipv4-addr" => &IPV4_ADDR,
        "ipv6-addr" => &IPV6_ADDR,
        "mac-addr" => &MAC_ADDR,
        "mutex" => &MUTEX,
        "network-traffic" => &NETWORK_TRAFFIC,
        "process" => &PROCESS,
        "software" => &SOFTWARE,
        "url" => &URL,
        "user-account" => &USER_ACCOUNT,
        "windows-registry-key" => &WINDOWS_REGISTRY_KEY,
        "x509-certificate" => &X509_CERTIFICATE,
        _ => return None,
    })
}

static ARTIFACT: Record = Record {
    section: "6.1.1",
    properties: &[
        may("mime_type", Kind::Text(&f::MIME)),
        may("payload_bin", Kind::Text(&f::BINARY)),
        may("url", Kind::Text(&f::URL)),
        may("hashes", HASHES),
        may("encryption_algorithm", Kind::Enum(&v::ENCRYPTION_ALGORITHM)),
        may("decryption_key", Kind::String),
    ],
    rules: &[
        Rule::AnyOf(&["payload_bin", "url"]),
        Rule::NotBoth("payload_bin", "url"),
        Rule::Needs("url", "hashes"),
        Rule::Needs("decryption_key", "encryption_algorithm"),
    ],
};

static AUTONOMOUS_SYSTEM: Record = Record {
    section: "6.2.1",
    properties: &[must("number", INTEGER), may("name", Kind::String), may("rir", Kind::String)],
    rules: &[],
};

static DIRECTORY: Record = Record {
    section: "6.3.1",
    properties: &[
        must("path", Kind::String),
        may("path_enc", Kind::Text(&f::CHARACTER_SET)),
        may("ctime", TIME),
        may("mtime", TIME),
        may("atime", TIME),
        may("contains_refs", Kind::List(&Kind::Reference(Target::Types(&["file", "directory"])))),
    ],
    rules: &[],
};

static DOMAIN_NAME: Record = Record {
    section: "6.4.1",
    properties: &[
        must("value", Kind::Text(&f::DOMAIN)),
        may(
            "resolves_to_refs",
            Kind::List(&Kind::Reference(Target::Types(&["ipv4-addr", "ipv6-addr", "domain-name"]))),
        ),
    ],
    rules: &[],
};

static EMAIL_ADDR: Record = Record {
    section: "6.5.1",
    properties: &[
        must("value", Kind::Text(&f::EMAIL)),
        may("display_name", Kind::String),
        may("belongs_to_ref", USER_REF),
    ],
    rules: &[],
};

static HEADER_FIELDS: Dictionary = Dictionary { value: STRINGS, key: None, keeps_case: true };

static EMAIL_MESSAGE: Record = Record {
    section: "6.6.1",
    properties: &[
        must("is_multipart", Kind::Boolean),
        may("date", TIME),
        may("content_type", Kind::String),
        may("from_ref", EMAIL_REF),
        may("sender_ref", EMAIL_REF),
        may("to_refs", Kind::List(&EMAIL_REF)),
        may("cc_refs", Kind::List(&EMAIL_REF)),
        may("bcc_refs", Kind::List(&EMAIL_REF)),
        may("message_id", Kind::String),
        may("subject", Kind::String),
        may("received_lines", STRINGS),
        may("additional_header_fields", Kind::Dictionary(&HEADER_FIELDS)),
        may("body", Kind::String),
        may("body_multipart", Kind::List(&Kind::Part(&MIME_PART))),
        may("raw_email_ref", ARTIFACT_REF),
    ],
    rules: &[Rule::Special(rules::email_message)],
};

static MIME_PART: Record = Record {
    section: "6.6.2",
    properties: &[
        may("body", Kind::String),
        may("body_raw_ref", Kind::Reference(Target::Types(&["artifact", "file"]))),
        may("content_type", Kind::String),
        may("content_disposition", Kind::String),
    ],
    rules: &[Rule::AnyOf(&["body", "body_raw_ref"]), Rule::NotBoth("body", "body_raw_ref")],
};

static FILE: Record = Record {
    section: "6.7.1",
    properties: &[
        may(
            "extensions",
            Kind::Extensions(&[
                Extension { name: "archive-ext", record: &x::ARCHIVE },
                Extension { name: "ntfs-ext", record: &x::NTFS },
                Extension { name: "pdf-ext", record: &x::PDF },
                Extension { name: "raster-image-ext", record: &x::RASTER_IMAGE },
                Extension { name: "windows-pebinary-ext", record: &x::PE_BINARY },
            ]),
        ),
        may("hashes", HASHES),
        may("size", NATURAL),
        may("name", Kind::String),
        may("name_enc", Kind::Text(&f::CHARACTER_SET)),
        may("magic_number_hex", Kind::Text(&f::HEX)),
        may("mime_type", Kind::Text(&f::MIME)),
        may("ctime", TIME),
        may("mtime", TIME),
        may("atime", TIME),
        may("parent_directory_ref", Kind::Reference(Target::Types(&["directory"]))),
        may("contains_refs", Kind::List(&Kind::Reference(Target::Observable))),
        may("content_ref", ARTIFACT_REF),
    ],
    rules: &[Rule::AnyOf(&["hashes", "name"]), Rule::Needs("name_enc", "name")],
};

static IPV4_ADDR: Record = Record {
    section: "6.8.1",
    properties: &[
        must("value", Kind::Text(&f::IPV4)),
        may("resolves_to_refs", Kind::List(&MAC_REF)),
        may("belongs_to_refs", Kind::List(&AS_REF)),
    ],
    rules: &[],
};

static IPV6_ADDR: Record = Record {
    section: "6.9.1",
    properties: &[
        must("value", Kind::Text(&f::IPV6)),
        may("resolves_to_refs", Kind::List(&MAC_REF)),
        may("belongs_to_refs", Kind::List(&AS_REF)),
    ],
    rules: &[],
};

static MAC_ADDR: Record =
    Record { section: "6.10.1", properties: &[must("value", Kind::Text(&f::MAC))], rules: &[] };

static MUTEX: Record =
    Record { section: "6.11.1", properties: &[must("name", Kind::String)], rules: &[] };

static IPFIX: Dictionary = Dictionary { value: Kind::StringOrInteger, key: None, keeps_case: true };

static NETWORK_TRAFFIC: Record = Record {
    section: "6.12.1",
    properties: &[
        may(
            "extensions",
            Kind::Extensions(&[
                Extension { name: "http-request-ext", record: &x::HTTP_REQUEST },
                Extension { name: "icmp-ext", record: &x::ICMP },
                Extension { name: "socket-ext", record: &x::SOCKET },
                Extension { name: "tcp-ext", record: &x::TCP },
            ]),
        ),
        may("start", TIME),
        may("end", TIME),
        may("is_active", Kind::Boolean),
        may("src_ref", ADDRESS),
        may("dst_ref", ADDRESS),
        may("src_port", PORT),
        may("dst_port", PORT),
        must("protocols", Kind::List(&Kind::Text(&f::PROTOCOL))),
        may("src_byte_count", NATURAL),
        may("dst_byte_count", NATURAL),
        may("src_packets", NATURAL),
        may("dst_packets", NATURAL),
        may("ipfix", Kind::Dictionary(&IPFIX)),
        may("src_payload_ref", ARTIFACT_REF),
        may("dst_payload_ref", ARTIFACT_REF),
        may("encapsulates_refs", Kind::List(&TRAFFIC_REF)),
        may("encapsulated_by_ref", TRAFFIC_REF),
    ],
    rules: &[
        Rule::AnyOf(&["src_ref", "dst_ref"]),
        Rule::NotBefore("end", "start"),
        Rule::Advised("src_port"),
        Rule::Advised("dst_port"),
        Rule::Special(rules::network_traffic),
    ],
};

static ENVIRONMENT: Dictionary = Dictionary { value: Kind::String, key: None, keeps_case: true };

static PROCESS: Record = Record {
    section: "6.13.1",
    properties: &[
        may(
            "extensions",
            Kind::Extensions(&[
                Extension { name: "windows-process-ext", record: &x::WINDOWS_PROCESS },
                Extension { name: "windows-service-ext", record: &x::WINDOWS_SERVICE },
            ]),
        ),
        may("is_hidden", Kind::Boolean),
        may("pid", INTEGER),
        may("created_time", TIME),
        may("cwd", Kind::String),
        may("command_line", Kind::String),
        may("environment_variables", Kind::Dictionary(&ENVIRONMENT)),
        may("opened_connection_refs", Kind::List(&TRAFFIC_REF)),
        may("creator_user_ref", USER_REF),
        may("image_ref", FILE_REF),
        may("parent_ref", PROCESS_REF),
        may("child_refs", Kind::List(&PROCESS_REF)),
    ],
    rules: &[Rule::AnyOf(&[
        "extensions",
        "is_hidden",
        "pid",
        "created_time",
        "cwd",
        "command_line",
        "environment_variables",
        "opened_connection_refs",
        "creator_user_ref",
        "image_ref",
        "parent_ref",
        "child_refs",
    ])],
};

static SOFTWARE: Record = Record {
    section: "6.14.1",
    properties: &[
        must("name", Kind::String),
        may("cpe", Kind::Text(&f::CPE)),
        may("swid", Kind::String),
        may("languages", Kind::List(&Kind::Text(&f::LANGUAGE))),
        may("vendor", Kind::String),
        may("version", Kind::String),
    ],
    rules: &[],
};

static URL: Record =
    Record { section: "6.15.1", properties: &[must("value", Kind::Text(&f::URL))], rules: &[] };

static USER_ACCOUNT: Record = Record {
    section: "6.16.1",
    properties: &[
        may(
            "extensions",
            Kind::Extensions(&[Extension { name: "unix-account-ext", record: &x::UNIX_ACCOUNT }]),
        ),
        may("user_id", Kind::String),
        may("credential", Kind::String),
        may("account_login", Kind::String),
        may("account_type", Kind::Open(&v::ACCOUNT_TYPE)),
        may("display_name", Kind::String),
        may("is_service_account", Kind::Boolean),
        may("is_privileged", Kind::Boolean),
        may("can_escalate_privs", Kind::Boolean),
        may("is_disabled", Kind::Boolean),
        may("account_created", TIME),
        may("account_expires", TIME),
        may("credential_last_changed", TIME),
        may("account_first_login", TIME),
        may("account_last_login", TIME),
    ],
    rules: &[Rule::AnyOf(&[
        "extensions",
        "user_id",
        "credential",
        "account_login",
        "account_type",
        "display_name",
        "is_service_account",
        "is_privileged",
        "can_escalate_privs",
        "is_disabled",
        "account_created",
        "account_expires",
        "credential_last_changed",
        "account_first_login",
        "account_last_login",
    ])],
};

static WINDOWS_REGISTRY_KEY: Record = Record {
    section: "6.17.1",
    properties: &[
        may("key", Kind::Text(&f::REGISTRY_KEY)),
        may("values", Kind::List(&Kind::Part(&REGISTRY_VALUE))),
        may("modified_time", TIME),
        may("creator_user_ref", USER_REF),
        may("number_of_subkeys", INTEGER),
    ],
    rules: &[Rule::AnyOf(&[
        "key",
        "values",
        "modified_time",
        "creator_user_ref",
        "number_of_subkeys",
    ])],
};

static REGISTRY_VALUE: Record = Record {
    section: "6.17.2",
    properties: &[
        may("name", Kind::String),
        may("data", Kind::String),
        may("data_type", Kind::Enum(&v::WINDOWS_REGISTRY_DATATYPE)),
    ],
    rules: &[Rule::AnyOf(&["name", "data", "data_type"])],
};

static X509_CERTIFICATE: Record = Record {
    section: "6.18.1",
    properties: &[
        may("is_self_signed", Kind::Boolean),
        may("hashes", HASHES),
        may("version", Kind::String),
        may("serial_number", Kind::String),
        may("signature_algorithm", Kind::String),
        may("issuer", Kind::String),
        may("validity_not_before", TIME),
        may("validity_not_after", TIME),
        may("subject", Kind::String),
        may("subject_public_key_algorithm", Kind::String),
        may("subject_public_key_modulus", Kind::String),
        may("subject_public_key_exponent", INTEGER),
        may("x509_v3_extensions", Kind::Part(&x::X509_V3)),
    ],
    rules: &[Rule::AnyOf(&[
        "is_self_signed",
        "hashes",
        "version",
        "serial_number",
        "signature_algorithm",
        "issuer",
        "validity_not_before",
        "validity_not_after",
        "subject",
        "subject_public_key_algorithm",
        "subject_public_key_modulus",
        "subject_public_key_exponent",
        "x509_v3_extensions",
    ])],
};
