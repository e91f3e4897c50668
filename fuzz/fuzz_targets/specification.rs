#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| atlas_billing_fuzz::fuzzing::specification(input));
