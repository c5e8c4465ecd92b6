//! The protocol `beacon`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wm_tests::fuzz::protocol("beacon", data));
