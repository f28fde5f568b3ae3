#![no_main]

#[path = "../../tests/common/mod.rs"]
mod common;

libfuzzer_sys::fuzz_target!(|data: &[u8]| common::hostile::onnx(data));

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    common::mutate::for_fuzzer(common::mutate::onnx, libfuzzer_sys::fuzzer_mutate, data, size, max_size, seed)
});
