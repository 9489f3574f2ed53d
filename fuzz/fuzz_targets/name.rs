#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| avalaches_fuzz::name(data));
