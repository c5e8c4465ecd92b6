//! The protocol `externs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wm_tests::fuzz::protocol("externs", data));
