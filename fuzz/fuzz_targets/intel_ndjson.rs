#![no_main]
//! See the tables in `fuzz/src/targets/`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| detente_fuzz::run("intel_ndjson", bytes));
