//! Runs that are killed or interrupted at any moment, and two at a time.

use super::{ENDLESS, Place, parts, seed_in, stderr};
use crate::support::{signal, wait_until};
use std::fs;
use std::time::{Duration, Instant};

/// Random moments from a fixed seed (SplitMix64).
struct Moments(u64);

impl Moments {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

#[test]
fn a_run_killed_at_any_moment_leaves_a_complete_result_or_none() {
    // Half of the moments are anywhere in the run, half at its end, while a given number of files
    // still have temporary names.
    let (place, mut moments) = (Place::new(), Moments(6));
    #[allow(
        clippy::disallowed_methods,
        reason = "the duration of a run only determines the moments; nothing is asserted about it"
    )]
    let begun = Instant::now();
    place.complete(0);
    let run = begun.elapsed();
    let mut before = Some(0);
    for trial in 1..=24 {
        let mut child = place.run(trial, &["-q", "--plots", "-j", "2"]).spawn().unwrap();
        if trial % 2 == 0 {
            std::thread::sleep(run * moments.below(1000) as u32 / 1000);
        } else {
            let unnamed = moments.below(9) as usize;
            let mut all = false;
            while child.try_wait().unwrap().is_none() {
                let count = parts(&place.out());
                all |= count >= 8;
                if all && count <= unnamed {
                    break;
                }
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let seed = seed_in(&place.out());
        assert!(
            seed.is_none() || seed == before || seed == Some(trial),
            "trial {trial}: {seed:?} after {before:?}"
        );
        before = seed;
    }
    // Whatever is left, the next run writes a complete result and removes the temporary files.
    place.complete(99);
    assert_eq!(parts(&place.out()), 0);
}

#[test]
fn a_run_interrupted_at_any_moment_leaves_the_earlier_complete_result() {
    // Exit code 2 for an incomplete run; 130 after a second signal; none if the signal came before
    // its handler was installed. The complete result stays.
    let (place, mut moments) = (Place::new(), Moments(7));
    place.complete(0);
    for trial in 1..=12 {
        let mut child = place.run(trial, &ENDLESS).spawn().unwrap();
        let wait = |moments: &mut Moments, ms: u64| {
            std::thread::sleep(Duration::from_micros(moments.below(ms * 1000)))
        };
        wait(&mut moments, 250);
        let name = ["-INT", "-TERM", "-HUP"][moments.below(3) as usize];
        signal(&child, name);
        if trial % 3 == 0 {
            wait(&mut moments, 10);
            signal(&child, name);
        }
        let code = child.wait().unwrap().code();
        let seed = seed_in(&place.out());
        match code {
            Some(2) | Some(130) | None => assert_eq!(seed, Some(0), "trial {trial}, {code:?}"),
            code => panic!("trial {trial}: {code:?}"),
        }
    }
    place.complete(99);
    assert_eq!(parts(&place.out()), 0);
}

#[test]
fn a_scenario_that_was_not_run_because_of_an_interrupt_is_named() {
    let place = Place::new();
    fs::copy(place.path("it.yaml"), place.path("second.yaml")).unwrap();
    let child = place.command(&["run", "it.yaml", "second.yaml", "-r", "500000"]).spawn().unwrap();
    wait_until("the files are created", || parts(&place.out()) >= 6);
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("interrupted: second.yaml was not run"),
        "{}",
        stderr(&output)
    );
    assert!(!place.path("out/second").exists());
}

#[test]
fn two_simultaneous_runs_do_not_mix_their_files() {
    let place = Place::new();
    let first = place.endless(1, &[]);
    let second = place.run(2, &["--force"]).output().unwrap();
    assert_eq!(second.status.code(), Some(2));
    assert!(
        stderr(&second).contains("another run is writing into `out/it`"),
        "{}",
        stderr(&second)
    );
    std::thread::sleep(Duration::from_millis(200));
    signal(&first, "-INT");
    let first = first.wait_with_output().unwrap();
    assert_eq!(
        (first.status.code(), seed_in(&place.out())),
        (Some(2), Some(1)),
        "{}",
        stderr(&first)
    );
}
