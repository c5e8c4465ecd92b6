//! The protocol `socks5`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wm_tests::fuzz::protocol("socks5", data));
