//! The tables of the predefined extensions and of the parts of observables (STIX 2.1 §6).

use super::format as f;
use super::kind::{
    Dictionary, INTEGER, Kind, NATURAL, Precision, Record, Rule, STRINGS, TIME, Target, may, must,
};
use super::report::Level;
use super::rules;
use super::vocabulary as v;

const HASHES: Kind = Kind::Hashes(Level::Should);
const HEX: Kind = Kind::Text(&f::HEX);

/// Keys keep the case they have in the format they come from.
const fn as_found(value: Kind) -> Dictionary {
    Dictionary { value, key: None, keeps_case: true }
}

pub(super) static ARCHIVE: Record = Record {
    section: "6.7.2",
    properties: &[
        must("contains_refs", Kind::List(&Kind::Reference(Target::Types(&["file", "directory"])))),
        may("comment", Kind::String),
    ],
    rules: &[],
};

pub(super) static NTFS: Record = Record {
    section: "6.7.3",
    properties: &[
        may("sid", Kind::String),
        may("alternate_data_streams", Kind::List(&Kind::Part(&DATA_STREAM))),
    ],
    rules: &[Rule::AnyOf(&["sid", "alternate_data_streams"])],
};

static DATA_STREAM: Record = Record {
    section: "6.7.3",
    properties: &[must("name", Kind::String), may("hashes", HASHES), may("size", NATURAL)],
    rules: &[],
};

static DOCUMENT_INFO: Dictionary = as_found(Kind::String);

pub(super) static PDF: Record = Record {
    section: "6.7.4",
    properties: &[
        may("version", Kind::String),
        may("is_optimized", Kind::Boolean),
        may("document_info_dict", Kind::Dictionary(&DOCUMENT_INFO)),
        may("pdfid0", Kind::String),
        may("pdfid1", Kind::String),
    ],
    rules: &[Rule::AnyOf(&["version", "is_optimized", "document_info_dict", "pdfid0", "pdfid1"])],
};

static EXIF: Dictionary =
    Dictionary { value: Kind::StringOrInteger, key: Some(&f::EXIF_TAG), keeps_case: true };

pub(super) static RASTER_IMAGE: Record = Record {
    section: "6.7.5",
    properties: &[
        may("image_height", INTEGER),
        may("image_width", INTEGER),
        may("bits_per_pixel", INTEGER),
        may("exif_tags", Kind::Dictionary(&EXIF)),
    ],
    rules: &[Rule::AnyOf(&["image_height", "image_width", "bits_per_pixel", "exif_tags"])],
};

pub(super) static PE_BINARY: Record = Record {
    section: "6.7.6",
    properties: &[
        must("pe_type", Kind::Open(&v::WINDOWS_PEBINARY_TYPE)),
        may("imphash", Kind::String),
        may("machine_hex", HEX),
        may("number_of_sections", NATURAL),
        may("time_date_stamp", Kind::Time(Precision::Second)),
        may("pointer_to_symbol_table_hex", HEX),
        may("number_of_symbols", NATURAL),
        may("size_of_optional_header", NATURAL),
        may("characteristics_hex", HEX),
        may("file_header_hashes", HASHES),
        may("optional_header", Kind::Part(&PE_OPTIONAL_HEADER)),
        may("sections", Kind::List(&Kind::Part(&PE_SECTION))),
    ],
    rules: &[Rule::AnyOf(&[
        "imphash",
        "machine_hex",
        "number_of_sections",
        "time_date_stamp",
        "pointer_to_symbol_table_hex",
        "number_of_symbols",
        "size_of_optional_header",
        "characteristics_hex",
        "file_header_hashes",
        "optional_header",
        "sections",
    ])],
};

static PE_OPTIONAL_HEADER: Record = Record {
    section: "6.7.6",
    properties: &[
        may("magic_hex", HEX),
        may("major_linker_version", INTEGER),
        may("minor_linker_version", INTEGER),
        may("size_of_code", NATURAL),
        may("size_of_initialized_data", NATURAL),
        may("size_of_uninitialized_data", NATURAL),
        may("address_of_entry_point", INTEGER),
        may("base_of_code", INTEGER),
        may("base_of_data", INTEGER),
        may("image_base", INTEGER),
        may("section_alignment", INTEGER),
        may("file_alignment", INTEGER),
        may("major_os_version", INTEGER),
        may("minor_os_version", INTEGER),
        may("major_image_version", INTEGER),
        may("minor_image_version", INTEGER),
        may("major_subsystem_version", INTEGER),
        may("minor_subsystem_version", INTEGER),
        may("win32_version_value_hex", HEX),
        may("size_of_image", NATURAL),
        may("size_of_headers", NATURAL),
        may("checksum_hex", HEX),
        may("subsystem_hex", HEX),
        may("dll_characteristics_hex", HEX),
        may("size_of_stack_reserve", NATURAL),
        may("size_of_stack_commit", NATURAL),
        may("size_of_heap_reserve", NATURAL),
        may("size_of_heap_commit", NATURAL),
        may("loader_flags_hex", HEX),
        may("number_of_rva_and_sizes", INTEGER),
        may("hashes", HASHES),
    ],
    rules: &[],
};

static PE_SECTION: Record = Record {
    section: "6.7.6",
    properties: &[
        must("name", Kind::String),
        may("size", NATURAL),
        may("entropy", Kind::Number(f64::MIN, f64::MAX)),
        may("hashes", HASHES),
    ],
    rules: &[],
};

static REQUEST_HEADER: Dictionary =
    Dictionary { value: STRINGS, key: Some(&f::HEADER_NAME), keeps_case: true };

pub(super) static HTTP_REQUEST: Record = Record {
    section: "6.12.2",
    properties: &[
        must("request_method", Kind::String),
        must("request_value", Kind::String),
        may("request_version", Kind::String),
        may("request_header", Kind::Dictionary(&REQUEST_HEADER)),
        may("message_body_length", INTEGER),
        may("message_body_data_ref", Kind::Reference(Target::Types(&["artifact"]))),
    ],
    rules: &[Rule::Special(rules::http_request)],
};

pub(super) static ICMP: Record = Record {
    section: "6.12.3",
    properties: &[must("icmp_type_hex", HEX), must("icmp_code_hex", HEX)],
    rules: &[],
};

static SOCKET_OPTIONS: Dictionary =
    Dictionary { value: INTEGER, key: Some(&f::SOCKET_OPTION), keeps_case: true };

pub(super) static SOCKET: Record = Record {
    section: "6.12.4",
    properties: &[
        must("address_family", Kind::Enum(&v::NETWORK_SOCKET_ADDRESS_FAMILY)),
        may("is_blocking", Kind::Boolean),
        may("is_listening", Kind::Boolean),
        may("options", Kind::Dictionary(&SOCKET_OPTIONS)),
        may("socket_type", Kind::Enum(&v::NETWORK_SOCKET_TYPE)),
        may("socket_descriptor", NATURAL),
        may("socket_handle", INTEGER),
    ],
    rules: &[],
};

pub(super) static TCP: Record = Record {
    section: "6.12.5",
    properties: &[may("src_flags_hex", HEX), may("dst_flags_hex", HEX)],
    rules: &[Rule::AnyOf(&["src_flags_hex", "dst_flags_hex"])],
};

static STARTUP_INFO: Dictionary =
    Dictionary { value: Kind::StringOrInteger, key: Some(&f::STARTUP_INFO), keeps_case: true };

pub(super) static WINDOWS_PROCESS: Record = Record {
    section: "6.13.2",
    properties: &[
        may("aslr_enabled", Kind::Boolean),
        may("dep_enabled", Kind::Boolean),
        may("priority", Kind::Text(&f::PRIORITY)),
        may("owner_sid", Kind::String),
        may("window_title", Kind::String),
        may("startup_info", Kind::Dictionary(&STARTUP_INFO)),
        may("integrity_level", Kind::Enum(&v::WINDOWS_INTEGRITY_LEVEL)),
    ],
    rules: &[Rule::AnyOf(&[
        "aslr_enabled",
        "dep_enabled",
        "priority",
        "owner_sid",
        "window_title",
        "startup_info",
        "integrity_level",
    ])],
};

pub(super) static WINDOWS_SERVICE: Record = Record {
    section: "6.13.3",
    properties: &[
        may("service_name", Kind::String),
        may("descriptions", STRINGS),
        may("display_name", Kind::String),
        may("group_name", Kind::String),
        may("start_type", Kind::Enum(&v::WINDOWS_SERVICE_START_TYPE)),
        may("service_dll_refs", Kind::List(&Kind::Reference(Target::Types(&["file"])))),
        may("service_type", Kind::Enum(&v::WINDOWS_SERVICE_TYPE)),
        may("service_status", Kind::Enum(&v::WINDOWS_SERVICE_STATUS)),
    ],
    rules: &[Rule::AnyOf(&[
        "service_name",
        "descriptions",
        "display_name",
        "group_name",
        "start_type",
        "service_dll_refs",
        "service_type",
        "service_status",
    ])],
};

pub(super) static UNIX_ACCOUNT: Record = Record {
    section: "6.16.2",
    properties: &[
        may("gid", INTEGER),
        may("groups", STRINGS),
        may("home_dir", Kind::String),
        may("shell", Kind::String),
    ],
    rules: &[Rule::AnyOf(&["gid", "groups", "home_dir", "shell"])],
};

pub(super) static X509_V3: Record = Record {
    section: "6.18.2",
    properties: &[
        may("basic_constraints", Kind::String),
        may("name_constraints", Kind::String),
        may("policy_constraints", Kind::String),
        may("key_usage", Kind::String),
        may("extended_key_usage", Kind::String),
        may("subject_key_identifier", Kind::String),
        may("authority_key_identifier", Kind::String),
        may("subject_alternative_name", Kind::String),
        may("issuer_alternative_name", Kind::String),
        may("subject_directory_attributes", Kind::String),
        may("crl_distribution_points", Kind::String),
        may("inhibit_any_policy", Kind::String),
        may("private_key_usage_period_not_before", TIME),
        may("private_key_usage_period_not_after", TIME),
        may("certificate_policies", Kind::String),
        may("policy_mappings", Kind::String),
    ],
    rules: &[Rule::AnyOf(&[
        "basic_constraints",
        "name_constraints",
        "policy_constraints",
        "key_usage",
        "extended_key_usage",
        "subject_key_identifier",
        "authority_key_identifier",
        "subject_alternative_name",
        "issuer_alternative_name",
        "subject_directory_attributes",
        "crl_distribution_points",
        "inhibit_any_policy",
        "private_key_usage_period_not_before",
        "private_key_usage_period_not_after",
        "certificate_policies",
        "policy_mappings",
    ])],
};
