//! Any bytes as what follows in a file of AsyncFlow 0.1: those are YAML, and begin with
//! `rqs_input`.
//!
//! What comes before is put there, so that no input is wasted on a native scenario, which the
//! target `yaml` has.
#![no_main]

use asyncflow::scenario::Format;
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/it/hostile/judge.rs"]
mod judge;

fuzz_target!(|bytes: &[u8]| {
    let head: &[u8] = if bytes.windows(9).any(|window| window == b"rqs_input") { b"" } else { b"rqs_input:" };
    judge::judge(&[head, bytes].concat(), Format::Yaml);
});
