//! What people really asked: systems of public reports, questions, exams and measurements, with the
//! right answer of each; and what was once answered wrongly, with the right answer.
//!
//! A case is data (`practice/systems.rs`, `practice/answers.rs`): who described it, the system, why
//! the answer is what it is, and what is claimed. What is a matter of chance is claimed within 4
//! standard errors; what is not, to the last digit.
//!
//! Not yet expressible, and so not here: waiting for a place with a limit of time (30 connections
//! of 5 ms under 7,500/s, whose waiters leave after 30 s, lose 20 % in the long run: a caller that
//! gives up leaves its call in the queue), users who think between requests, CPU quotas,
//! autoscaling.

mod answers;
mod formulas;
mod systems;

use crate::support::{Answer, Room, run};
use asyncflow::experiment::Outlook;

/// A system and what is right of it.
pub struct Case {
    /// Its name in the list below.
    id: &'static str,
    /// Who describes it.
    source: &'static str,
    /// Why the answer is right.
    origin: &'static str,
    /// The scenario, without version and name.
    yaml: String,
    claims: Vec<Claim>,
}

/// A right answer. The first two words are who and what, as in the vocabulary.
pub enum Claim {
    /// Not a matter of chance.
    Is(&'static str, &'static str, f64),
    /// Not a matter of chance, but as exact as a bucket of a histogram or what the formula leaves
    /// out: a share.
    About(&'static str, &'static str, f64, f64),
    /// Within 4 standard errors, of which one is at most such a share.
    Agrees(&'static str, &'static str, f64, f64),
    /// What is said of the first workload.
    Outlook(&'static str, fn(&Outlook) -> bool),
    /// That every objective is met, and surely.
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
            Outlook(words, holds) => {
                let found = &a.results.verdicts[0].outlook;
                assert!(holds(found), "{what}: it is not `{words}` but {found:?}");
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

/// Names of tests are claims.
macro_rules! claims {
    ($($name:ident: $id:literal;)+) => {
        /// The cases that are tests.
        const TESTED: &[&str] = &[$($id),+];
        $(
            #[test]
            fn $name() {
                // The number's origin stands in the case.
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
    a_stop_of_two_seconds_in_every_ten: "stops";
    a_distributor_before_two_servers: "distributor";
    one_a_second_with_uniform_service: "uniform service";
    the_first_two_minutes_of_an_empty_system: "first minutes";
    a_thousand_at_once_on_forty_threads_and_on_an_event_loop: "thousand";
    thirty_at_once_on_threads_and_on_one_loop: "thirty";
    four_at_once_and_few_places_to_wait: "four";
    a_ramp_to_two_fifths_of_a_user_a_second: "ramp";
    ramping_arrivals_with_at_most_fifty_in_flight: "doorbuster";
    a_pool_of_connections_needs_thirty_eight: "connections";
    a_line_at_the_edge_is_too_short_to_tell: "edge";
    counters_with_one_line: "counters";
    open_connections_are_rate_times_time: "open connections";
    nobody_overtakes_for_memory: "units";
    two_counters_and_three_chairs: "chairs";
    a_hundred_places_without_a_queue: "places";
    constants_are_their_own_quantiles_and_meet_their_bounds: "constants";
    a_spread_of_a_microsecond_about_an_hour: "spread";
    what_fills_or_changes_is_not_overloaded: "not overloaded";
    what_has_answered_nothing_does_not_keep_up: "not answered";
    coinciding_moments_that_once_ended_the_run: "coinciding";
}

#[test]
fn every_case_is_a_test() {
    // No case is left over that no test runs.
    let mut ids: Vec<&str> = cases().iter().map(|case| case.id).collect();
    let mut tested = TESTED.to_vec();
    ids.sort_unstable();
    ids.dedup();
    tested.sort_unstable();
    assert_eq!(ids, tested);
}

#[test]
fn the_formulas_give_what_is_published() {
    // Lq of 120/min by 4 of 35/min, 60/min by 3 of 25, 220/min by 5 of 50; 100 Erlang on 100
    // places, and the fewest for 0.1 %; exam and exercise means of M/U/1.
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
    // The first two minutes, and a pool of 32 that is seven times as slow for 1.4 s, from 40 seeds
    // elsewhere: within their errors.
    near(formulas::mean_at_first(1.0, (0.4, 1.4), 120.0, 50_000), 3.777, 0.1);
    near(formulas::mean_at_first(1.0, (0.3, 1.1), 120.0, 50_000), 1.542, 0.02);
}

#[test]
fn what_is_printed_of_large_small_and_nearly_whole_numbers_is_the_number() {
    // 9,998/s is below a boundary of units, 0.002 % of errors are more than 0.001 %, and one job a
    // day is 0.04 an hour: 265 in 3 times 100 days are 0.0368.
    let said = |run: &str, rate: &str, steps: &str, goal: &str| {
        let yaml = format!(
            "version: 1
run: {{ {run}, replications: 3 }}
workload: {{ users: {{ to: api.x, open: {{ rate: {rate} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ {steps} ] }} }} }}
slos: {{ {goal} }}"
        );
        String::from_utf8(Room::new("s.yaml", &yaml).run("run s.yaml --no-files").stdout).unwrap()
    };
    let large = said("duration: 11s, warmup: 1s", "9998/s, arrivals: regular", "cpu: 1us", "");
    assert!(large.contains("users: 9998/s asked, 9998/s answered"), "{large}");
    let small = said(
        "duration: 60s",
        "5k/s",
        "cpu: 1us, fail: { p: 0.002% }",
        "five_nines: { of: users, errors: 0.001% }",
    );
    assert!(
        small.contains("five_nines: users errors < 0.001% (is 0.00")
            && !small.contains("(is 0.00 %)"),
        "{small}"
    );
    assert!(small.contains("but 0.00") && !small.contains(" 0.00 %"), "{small}");
    let rare = said("duration: 100d", "0.04/h", "cpu: 10m", "");
    assert!(rare.contains("users: 0.0368/h asked, 0.0368/h answered"), "{rare}");
}

#[test]
fn what_cannot_hold_or_never_settles_is_warned_of_before_it_is_run() {
    // 300/s of 4 ms on one loop of 64 cores: 120 %, and more cores would change nothing; 120/s of
    // 100 ms through ten places: 120 %; Pareto with α = 1.1 has no variance; the noise of nothing
    // is not a number, and is not said to be one.
    let warned = |rate: &str, service: &str, words: &[&str]| {
        let yaml = format!(
            "version: 1
run: {{ duration: 10s, replications: {{ until: {{ metric: users.latency.p99, half_width: 5% }}, min: 2, max: 5 }} }}
workload: {{ users: {{ to: api.x, open: {{ rate: {rate} }} }} }}
services: {{ api: {{ {service} }} }}"
        );
        let room = Room::new("s.yaml", &yaml);
        let said = room.ends("check s.yaml", 0);
        assert!(words.iter().all(|words| said.contains(words)), "{said}");
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
    let said = String::from_utf8(nothing.run("run s.yaml --no-files").stdout).unwrap();
    assert!(
        said.contains("no requests")
            && said.contains("`until` is not met")
            && !said.contains("NaN")
            && !said.contains("inf"),
        "{said}"
    );
}
