//! The protocol `attributes`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wm_tests::fuzz::protocol("attributes", data));
