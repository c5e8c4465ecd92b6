//! The protocol `dns_tcp`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wm_tests::fuzz::protocol("dns_tcp", data));
