//! Systems from public reports, questions, exams and measurements, each with the correct answer;
//! and systems that were once answered wrongly.
//!
//! A case is data (`practice/systems.rs`, `practice/answers.rs`): source, system, reason for the
//! answer, and claims. Random values must agree within 4 standard errors, deterministic ones to the
//! last digit.
//!
//! Not yet expressible, and therefore missing: a time limit on waiting for a place (30 connections
//! of 5 ms under 7,500/s, whose waiters leave after 30 s, lose 20 % in the long run; here, a caller
//! that gives up leaves its call in the queue), users with think times, CPU quotas, autoscaling.

mod answers;
mod formulas;
mod systems;

use crate::support::{Answer, Room, run};
use asyncflow::experiment::Outlook;

/// A system and its correct answers.
pub struct Case {
    /// The name in the list below.
    id: &'static str,
    /// The source of the description.
    source: &'static str,
    /// Why the answer is correct.
    origin: &'static str,
    /// The scenario, without version and name.
    yaml: String,
    claims: Vec<Claim>,
}

/// A correct answer. The first two texts are kind and entity, metric and statistic.
pub enum Claim {
    /// A deterministic value.
    Is(&'static str, &'static str, f64),
    /// A deterministic value, up to a relative error: the width of a histogram bucket, or an
    /// approximation in the formula.
    About(&'static str, &'static str, f64, f64),
    /// A random value within 4 standard errors; the last number is the largest standard error, as a
    /// share of the value.
    Agrees(&'static str, &'static str, f64, f64),
    /// The outlook of the first workload.
    Outlook(&'static str, fn(&Outlook) -> bool),
    /// Every objective is conclusively met.
    Met,
}
use Claim::*;

impl Case {
    fn hold(&self) {
        let a = run(&self.yaml);
        let what = format!("{} ({}): {}", self.id, self.source, self.origin);
        for claim in &self.claims {
            claim.hold(&a, &what);
        }
    }
}

impl Claim {
    fn hold(&self, a: &Answer, what: &str) {
        match *self {
            Is(of, number, exact) => {
                let value = a.value(of, number);
                assert!(
                    (value - exact).abs() <= 1e-9 * exact.abs().max(1e-9),
                    "{what}: {number} of {of} is {value}, not {exact}"
                );
            }
            About(of, number, exact, share) => {
                let value = a.value(of, number);
                assert!(
                    (value - exact).abs() <= share * exact.abs(),
                    "{what}: {number} of {of} is {value}, not {exact}"
                );
            }
            Agrees(of, number, exact, precision) => {
                let e = &a.row(of, number).estimate;
                assert!(
                    e.std_error <= precision * exact,
                    "{what}: {number} of {of} has a standard error of {}",
                    e.std_error
                );
                let z = (e.estimate - exact) / e.std_error;
                assert!(
                    z.abs() < 4.0,
                    "{what}: {number} of {of} is {} ± {}, not {exact}: z = {z:.2}",
                    e.estimate,
                    e.std_error
                );
            }
            Outlook(expected, holds) => {
                let outlook = &a.results.verdicts[0].outlook;
                assert!(holds(outlook), "{what}: expected `{expected}`, not {outlook:?}");
            }
            Met => {
                let slos = &a.results.slos;
                assert!(
                    !slos.is_empty() && slos.iter().all(|slo| slo.pass && slo.certain),
                    "{what}: {slos:?}"
                );
            }
        }
    }
}

fn cases() -> Vec<Case> {
    let mut all = systems::cases();
    all.extend(answers::cases());
    all
}

/// Tests named after their claims.
macro_rules! claims {
    ($($name:ident: $id:literal;)+) => {
        /// The cases that have a test.
        const TESTED: &[&str] = &[$($id),+];
        $(
            #[test]
            fn $name() {
                // The origin of the numbers is in the case.
                let of_this: Vec<Case> = cases().into_iter().filter(|case| case.id == $id).collect();
                assert!(!of_this.is_empty());
                of_this.iter().for_each(Case::hold);
            }
        )+
    };
}

claims! {
    one_request_a_second_of_one_and_a_half_seconds: "half too much";
    a_pool_that_is_slow_for_a_while_seen_by_an_open_loop: "slow pool";
    a_pause_of_two_seconds_in_every_ten: "stops";
    a_distributor_before_two_servers: "distributor";
    one_request_a_second_with_uniform_service: "uniform service";
    the_first_two_minutes_of_an_empty_system: "first minutes";
    a_thousand_simultaneous_requests_on_forty_threads_and_on_an_event_loop: "thousand";
    thirty_simultaneous_requests_on_threads_and_on_one_loop: "thirty";
    four_simultaneous_requests_and_few_places_to_wait: "four";
    a_ramp_to_two_fifths_of_a_user_a_second: "ramp";
    ramping_arrivals_with_at_most_fifty_in_flight: "doorbuster";
    a_pool_of_connections_needs_thirty_eight: "connections";
    a_line_at_the_edge_is_too_short_to_tell: "edge";
    counters_with_one_line: "counters";
    the_number_of_open_connections_is_rate_times_time: "open connections";
    requests_do_not_overtake_each_other_for_memory: "units";
    two_counters_and_three_chairs: "chairs";
    a_hundred_places_without_a_queue: "places";
    constants_are_their_own_quantiles_and_meet_their_bounds: "constants";
    a_spread_of_a_microsecond_about_an_hour: "spread";
    a_filling_or_changing_system_is_not_overloaded: "not overloaded";
    a_system_that_has_answered_nothing_does_not_keep_up: "not answered";
    coinciding_moments_that_once_ended_the_run: "coinciding";
}

#[test]
fn every_case_has_a_test() {
    // Every case is run by a test.
    let mut ids: Vec<&str> = cases().iter().map(|case| case.id).collect();
    let mut tested = TESTED.to_vec();
    ids.sort_unstable();
    ids.dedup();
    tested.sort_unstable();
    assert_eq!(ids, tested);
}

#[test]
fn the_formulas_agree_with_published_values() {
    // Lq of 120/min on 4 servers of 35/min, 60/min on 3 of 25/min, 220/min on 5 of 50/min; 100
    // Erlang on 100 places, and the fewest places for 0.1 %; means of M/U/1 from an exam and an
    // exercise.
    let near = |value: f64, published: f64, digit: f64| {
        assert!((value - published).abs() <= digit / 2.0, "{value} is not {published}")
    };
    near(formulas::erlang_c_queue(4, 120.0 / 35.0), 4.2183, 1e-4);
    near(formulas::erlang_c_queue(3, 60.0 / 25.0), 2.5888, 1e-4);
    near(formulas::erlang_c_queue(5, 220.0 / 50.0), 5.2682, 1e-4);
    near(formulas::erlang_b(100, 100.0), 0.0757, 1e-4);
    assert!(formulas::erlang_b(127, 100.0) > 0.001 && formulas::erlang_b(128, 100.0) <= 0.001);
    near(formulas::pollaczek_khinchine(1.0, 0.9, 1.0 / 12.0), 5.367, 1e-3);
    near(formulas::pollaczek_khinchine(1.0, 0.7, 0.64 / 12.0), 1.606, 1e-3);
    // The first two minutes, and a pool of 32 that is seven times as slow for 1.4 s, against 40
    // seeds of an independent simulation, within its errors.
    near(formulas::mean_at_first(1.0, (0.4, 1.4), 120.0, 50_000), 3.777, 0.1);
    near(formulas::mean_at_first(1.0, (0.3, 1.1), 120.0, 50_000), 1.542, 0.02);
}

#[test]
fn large_small_and_nearly_whole_numbers_are_printed_correctly() {
    // 9,998/s is below a boundary of units, 0.002 % of errors are more than 0.001 %, and one job a
    // day is 0.04 an hour: 265 in 3 times 100 days are 0.0368.
    let printed = |run: &str, rate: &str, steps: &str, goal: &str| {
        let yaml = format!(
            "version: 1
run: {{ {run}, replications: 3 }}
workload: {{ users: {{ to: api.x, open: {{ rate: {rate} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ {steps} ] }} }} }}
slos: {{ {goal} }}"
        );
        String::from_utf8(Room::new("s.yaml", &yaml).run("run s.yaml --no-files").stdout).unwrap()
    };
    let large = printed("duration: 11s, warmup: 1s", "9998/s, arrivals: regular", "cpu: 1us", "");
    assert!(large.contains("users: 9998/s offered, 9998/s answered"), "{large}");
    let small = printed(
        "duration: 60s",
        "5k/s",
        "cpu: 1us, fail: { p: 0.002% }",
        "five_nines: { of: users, errors: 0.001% }",
    );
    assert!(
        small.contains("five_nines: users errors < 0.001% (measured 0.00")
            && !small.contains("(measured 0.00 %)"),
        "{small}"
    );
    assert!(small.contains("! 0.00") && !small.contains(" 0.00 %"), "{small}");
    let rare = printed("duration: 100d", "0.04/h", "cpu: 10m", "");
    assert!(rare.contains("users: 0.0368/h offered, 0.0368/h answered"), "{rare}");
}

#[test]
fn overloaded_or_never_settling_systems_are_warned_about_by_check() {
    // 300/s of 4 ms on one loop of 64 cores: 120 %, and more cores would change nothing; 120/s of
    // 100 ms through ten places: 120 %; Pareto with α = 1.1 has no variance; the relative noise of
    // a zero is NaN, and is not printed as a number.
    let warned = |rate: &str, service: &str, expected: &[&str]| {
        let yaml = format!(
            "version: 1
run: {{ duration: 10s, replications: {{ until: {{ metric: users.latency.p99, half_width: 5% }}, min: 2, max: 5 }} }}
workload: {{ users: {{ to: api.x, open: {{ rate: {rate} }} }} }}
services: {{ api: {{ {service} }} }}"
        );
        let room = Room::new("s.yaml", &yaml);
        let stderr = room.ends("check s.yaml", 0);
        assert!(expected.iter().all(|expected| stderr.contains(expected)), "{stderr}");
        room
    };
    warned(
        "300/s",
        "instance: { cpu: 64 }, endpoints: { x: [ cpu: 4ms ] }",
        &[
            "120 % of `api`'s CPU",
            "63 of `api`'s 64 cores stay idle",
            "more `workers` for its idle cores",
        ],
    );
    warned(
        "120/s",
        "max_in_flight: 10, endpoints: { x: [ wait: 100ms ] }",
        &["120 % of `api`'s admission slots (`max_in_flight: 10`)"],
    );
    warned(
        "50/s",
        "endpoints: { x: [ cpu: { pareto: { min: 1ms, alpha: 1.1 } } ] }",
        &["infinite variance", "use quantiles"],
    );
    let nothing = warned("0.000001/s", "endpoints: { x: [ cpu: 1ms ] }", &[]);
    let stderr = String::from_utf8(nothing.run("run s.yaml --no-files").stdout).unwrap();
    assert!(
        stderr.contains("no requests")
            && stderr.contains("`until` is not met")
            && !stderr.contains("NaN")
            && !stderr.contains("inf"),
        "{stderr}"
    );
}
