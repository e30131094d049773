//! Any bytes as a scenario in YAML.
#![no_main]

use asyncflow::scenario::Format;
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/it/hostile/judge.rs"]
mod judge;

fuzz_target!(|bytes: &[u8]| {
    judge::judge(bytes, Format::Yaml);
});
