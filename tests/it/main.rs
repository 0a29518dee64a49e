//! Whole stories, told to the real binary as users do, with a module per noun.
//!
//! Is: `detente` run as a process, on homes in temporary folders, over real TLS on loopback; its
//! results checked here or by programs that are not ours. Is not: a test of what a crate does
//! inside.
//!
//! | variable | what |
//! | --- | --- |
//! | `DETENTE_BIN` | the binary; without it, cargo builds one |
//! | `DETENTE_PY` | a Python with the packages that `tests/foreign/*.py` name |
//! | `DETENTE_GO_CHECKER` | `tests/foreign/go-sumdb`, built |
//! | `DETENTE_IT_WITHOUT_FOREIGN` | `1` leaves out the checks that need the two above, and says so
//! | | `DETENTE_IT_SEED` | repeats a run's random choices |
#![forbid(unsafe_code)]
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "the whole binary is tests, helpers included"
)]

mod accord;
mod adversary;
mod alert;
mod cli;
mod consent;
mod desk;
mod duty;
mod feed;
mod import;
mod interop;
mod keys;
mod log;
mod lookup;
mod matching;
mod paper;
mod party;
mod payload;
mod provisional;
mod release;
mod retraction;
mod scenario;
mod serve;
mod support;
mod table;
mod taxii;
mod three;
mod verify;
