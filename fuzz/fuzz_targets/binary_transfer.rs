//! The protocol `binary_transfer`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wm_tests::fuzz::protocol("binary_transfer", data));
