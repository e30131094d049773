//! Exact results of queueing theory: every case that can be expressed today, each within 4 standard
//! errors. `docs/validation.md` shows the numbers.
//!
//! A case is data (`theory/cases/`): scenario, exact values, formula, source. Each claim must hold
//! within 4 standard errors, with a standard error of at most 1 % of the value (2 % for the 99th
//! percentile; other exceptions are stated at the claim). With 40 replications a correct simulator
//! fails one claim in 3,600, with thousands one in 16,000; the seeds are fixed, so a claim fails
//! always or never.

#[allow(dead_code, reason = "the descriptions of a case are for `examples/validate/main.rs`")]
#[path = "theory/cases/mod.rs"]
mod cases;
#[allow(dead_code, reason = "the moments of the scores are for `examples/validate/main.rs`")]
#[path = "theory/judge.rs"]
mod judge;

use cases::{Case, LATER, THEIRS};
use judge::{disagreement, normal_score, read, scenario, uniformity, z};

/// Asserts all claims of a case, with its first seed.
fn holds(id: &str) {
    let case = case(id);
    let mut failures = Vec::new();
    for run in &case.runs {
        let results =
            asyncflow::run(&scenario(case.id, run, 0)).unwrap_or_else(|error| panic!("{error}"));
        let disagreements =
            run.claims.iter().filter_map(|claim| disagreement(claim, &read(&results, claim)));
        failures.extend(disagreements.map(|what| format!("{} {}: {what}", case.id, run.label)));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn case(id: &str) -> Case {
    cases::all()
        .into_iter()
        .find(|case| case.id == id)
        .unwrap_or_else(|| panic!("there is no case {id}"))
}

/// Tests named after their claims; the numbers come from the case's formula and source.
macro_rules! claims {
    ($($name:ident: $id:literal, $origin:literal;)+) => {
        /// The cases that have a test.
        const TESTED: &[&str] = &[$($id),+];
        $(
            #[test]
            #[doc = $origin]
            fn $name() {
                holds($id);
            }
        )+
    };
}

claims! {
    m_m_1_at_rho_50_has_an_exponential_sojourn: "mm1_rho50", "T ~ Exp(50/s): K1 (3.26)";
    m_m_1_at_rho_80_has_an_exponential_sojourn: "mm1_rho80", "T ~ Exp(20/s): K1 (3.26)";
    m_m_2_waits_as_erlang_c_predicts: "mmc_c2", "C(2, 1.6)/(cμ − λ): K1 (3.40)";
    m_m_4_waits_as_erlang_c_predicts: "mmc_c4", "C(4, 3.2)/(cμ − λ): K1 (3.40)";
    m_m_4_at_rho_75_waits_as_erlang_c_predicts: "mm4_rho75", "C(4, 3)/(cμ − λ): K1 (3.40)";
    m_m_10_waits_as_erlang_c_predicts: "mmc_c10", "C(10, 8)/(cμ − λ): K1 (3.40)";
    m_d_1_waits_half_as_long_as_m_m_1: "md1_rho80", "Pollaczek–Khinchine without variance: K1 (5.63)";
    m_g_1_with_a_squared_cv_of_4_waits_as_pollaczek_khinchine_predicts: "mg1_scv4", "K1 (5.63)";
    m_g_1_with_lognormal_service_waits_as_pollaczek_khinchine_predicts: "mg1_lognormal_cv2", "K1 (5.63)";
    m_g_1_with_erlang_service_waits_as_pollaczek_khinchine_predicts: "mg1_erlang3", "K1 (5.63)";
    d_m_1_waits_less_than_m_m_1: "dm1_rho80", "D/M/1: K1 §6.4";
    gamma_interarrival_times_wait_as_gi_m_1_predicts: "gim1_gamma", "root of the interarrival transform: K1 §6.4";
    weibull_interarrival_times_wait_as_gi_m_1_predicts: "gim1_weibull", "root of the interarrival transform: K1 §6.4";
    batch_arrivals_wait_as_m_x_m_1_predicts: "batch_fixed8", "M^X/M/1: K1 §4.5";
    m_m_4_10_rejects_and_delays_as_its_birth_death_chain_predicts: "mmck_4_10", "K1 §3.8";
    an_overloaded_m_m_1_20_loses_a_sixth: "mm1_20", "p(20) of the birth-death chain: K1 §3.6";
    a_pool_without_a_queue_rejects_as_erlang_b_predicts_for_any_distribution: "mgcc_pool20", "B(20, 15): K1 (3.45)";
    ten_places_reject_as_erlang_b_predicts: "erlang_b_10", "B(10, 7): K1 (3.45)";
    random_choice_splits_a_poisson_process: "lb_random_2", "two M/M/1: K1 §3.2";
    round_robin_makes_the_arrivals_of_each_server_erlang_2: "lb_roundrobin_2", "E2/M/1: K1 §6.4";
    least_connections_without_delay_is_join_the_shortest_queue: "jsq_n2", "a Markov chain: Kingman 1961";
    a_tandem_of_two_m_m_1_is_two_independent_sojourns: "tandem_mm1_mm1", "Burke 1956";
    feedback_keeps_the_product_form: "mm1_feedback_p20", "Jackson 1957";
    an_event_loop_with_io_between_two_bursts_is_a_product_form_network: "eventloop_fifo", "Baskett et al. 1975";
    four_permits_of_memory_before_an_event_loop: "permits4_eventloop", "a Markov chain, solved numerically";
    two_queues_joined_answer_as_flatto_and_hahn_predict: "forkjoin2", "Flatto, Hahn 1984";
    a_fan_out_lasts_as_long_as_its_longest_branch: "fanout10_all", "order statistics";
    the_first_of_several_branches_call_off_the_others: "first_of_exponentials", "order statistics";
    a_fan_out_makes_rare_slow_answers_common: "tail_at_scale", "Dean, Barroso 2013";
    a_lock_is_m_g_1_on_its_holding_time: "lock_mg1", "K1 (5.63)";
    those_who_wait_too_long_for_a_core_leave_as_predicted: "mm1_queue_timeout", "Barrer 1957";
    what_is_done_for_users_who_have_left_is_wasted_as_predicted: "mm1_wasted", "K1 §3.2";
    each_key_of_a_lock_is_a_queue_of_its_own: "lock_keys", "K1 (3.24)";
    those_who_wait_too_long_by_chance_leave_as_erlang_a_predicts: "erlang_a", "Palm 1957";
    promises_about_latencies_and_waiting_are_kept_as_often_as_m_m_1_predicts: "mm1_promises", "K1 (3.26)";
    memory_that_all_hold_alike_is_m_m_3: "hold_mm3", "K1 (3.40)";
    threads_beside_an_event_loop_are_m_m_3: "offload_mm3", "K1 (3.40)";
    a_core_that_gets_slower_in_a_crowd_is_the_queue_of_harris: "harris_load", "Harris 1967";
    customers_who_go_round_by_chance_are_a_jackson_network: "jackson_loop", "Jackson 1957";
    a_tool_that_waits_for_answers_tells_too_little_of_m_m_1: "mm1_tool", "an embedded chain";
    hyperexponential_gaps_make_an_h2_m_1_queue: "h2m1", "K1 §6.4";
    closed_users_slow_down_as_a_finite_source_predicts: "closed_users_mmcN", "K1 §3.9";
    closed_users_obey_mean_value_analysis: "closed_mva", "Reiser, Lavenberg 1980";
    m_m_1_with_processor_sharing_answers_as_predicted: "mm1_ps", "K2 §4.4";
    processor_sharing_depends_on_the_demand_by_its_mean_alone: "mg1_ps", "K2 §4.4";
    processor_sharing_keeps_the_product_form: "eventloop_ps", "Baskett et al. 1975";
    links_keep_a_poisson_process_poisson: "w2_random_lb", "Mirasol 1963, K1 (5.63)";
    a_database_is_not_affected_by_callers_that_give_up: "mm1_client_timeout", "Exp(20/s) cut at 50 ms";
    a_thinned_poisson_process_is_poisson: "mm1_thinned", "M/M/1 at 80/s: K1 §3.2";
    an_infinite_server_has_a_poisson_number_of_requests: "mminf", "K1 §3.4";
    m_m_1_fills_from_empty_as_kolmogorovs_equations_predict: "mm1_transient", "K1 §2.6";
    an_overloaded_m_m_1_grows_as_kolmogorovs_equations_predict: "mm1_transient_overload", "K1 §2.6";
    an_infinite_server_follows_a_rate_that_rises_and_falls: "mt_minf_sine", "Eick, Massey, Whitt 1993";
    counts_of_user_windows_follow_the_law_of_total_variance: "users_poisson_windows", "mean and variance of a mixed Poisson distribution";
    an_overload_of_regular_requests_is_exact: "dd1_overload", "by hand: Lindley's recursion";
    the_published_m_m_1_waits_as_theory_predicts: "mm1_published", "W = 1/(μ − λ): K1 (3.24)";
    the_published_pair_behind_a_random_balancer_is_two_m_m_1: "random2_published", "W = 1/(μ − λ/2): K1 (3.24)";
    one_queue_before_three_servers_waits_as_erlang_c_predicts: "mm3_published", "C(3, 2.7)/(3μ − λ): K1 (3.40)";
    five_simultaneous_requests_on_an_event_loop_are_exact: "eventloop_deterministic", "by hand";
}

#[test]
fn every_case_has_a_test_or_awaits_a_named_feature_and_is_in_the_document() {
    // By count: 43 published systems; the others are ours.
    let ids: Vec<&str> = cases::all().iter().map(|case| case.id).collect();
    let (mut sorted, mut tested) = (ids.clone(), TESTED.to_vec());
    sorted.sort_unstable();
    tested.sort_unstable();
    assert_eq!(sorted, tested);
    let document = std::fs::read_to_string("docs/validation.md").expect("docs/validation.md");
    for id in ids.iter().chain(LATER.iter().map(|(id, _)| id)) {
        assert!(
            document.contains(&format!("`{id}`")),
            "{id} is not in docs/validation.md: run the example `validate`"
        );
    }
    let ours = [
        "mm4_rho75",
        "mmc_c10",
        "md1_rho80",
        "mg1_scv4",
        "gim1_gamma",
        "gim1_weibull",
        "mm1_20",
        "erlang_b_10",
    ];
    let ours = [
        &ours[..],
        &[
            "mm1_client_timeout",
            "mm1_thinned",
            "mm1_published",
            "random2_published",
            "mm3_published",
            "first_of_exponentials",
            "mg1_ps",
            "closed_mva",
            "lock_mg1",
            "tail_at_scale",
            "mm1_wasted",
            "lock_keys",
            "h2m1",
            "erlang_a",
            "mm1_promises",
            "hold_mm3",
            "offload_mm3",
            "harris_load",
            "jackson_loop",
            "mm1_tool",
        ],
    ]
    .concat();
    assert_eq!(ids.iter().filter(|id| !ours.contains(id)).count() + LATER.len(), 43);
}

#[test]
fn intervals_of_the_published_systems_hold_theory() {
    // The number of misses of a 95 % interval in 40 seeds is Binomial(40, 0.05): 9 or more with
    // probability 1.3e-4. A correct simulator fails any of the ten numbers with a probability of at
    // most 0.13 %; the seeds are fixed, and all of them count.
    for (id, duration_s) in
        [("mm1_published", 120.0), ("random2_published", 120.0), ("mm3_published", 60.0)]
    {
        let case = case(id);
        let claims: Vec<_> = case.runs[0]
            .claims
            .iter()
            .filter(|claim| THEIRS.iter().any(|theirs| (theirs.0, theirs.1) == (id, claim.number)))
            .collect();
        let mut missed = vec![0; claims.len()];
        for nth in 0..40 {
            let mut scenario = scenario(id, &case.runs[0], 2000 + nth);
            scenario.run.replications = asyncflow::scenario::Replications::Fixed(12);
            scenario.run.duration =
                scenario.run.warmup.span() + asyncflow::units::Span::from_seconds(duration_s);
            let results = asyncflow::run(&scenario).unwrap_or_else(|error| panic!("{error}"));
            for (missed, claim) in missed.iter_mut().zip(&claims) {
                let estimate = read(&results, claim);
                *missed += i32::from(!(estimate.low..=estimate.high).contains(&claim.exact));
            }
        }
        assert!(
            missed.len() >= 3 && missed.iter().all(|missed| *missed < 9),
            "{id}: {missed:?} of 40 intervals miss"
        );
    }
}

#[test]
fn scores_of_independent_runs_are_standard_normal() {
    // A correct simulator fails with a probability of at most 0.3 % (three tests at 0.1 %); the
    // seeds are fixed. Short runs of six cases, each with 20 seeds; one number per run, cycling
    // through the claims: 120 independent scores.
    let mut scores = Vec::new();
    for id in
        ["mm1_rho50", "mm4_rho75", "mmck_4_10", "erlang_b_10", "w2_random_lb", "mm1_client_timeout"]
    {
        let case = case(id);
        for nth in 0..20 {
            let mut scenario = scenario(id, &case.runs[0], 1000 + nth);
            scenario.run.replications = asyncflow::scenario::Replications::Fixed(16);
            scenario.run.duration =
                scenario.run.warmup.span() + asyncflow::units::Span::from_seconds(50.0);
            let results = asyncflow::run(&scenario).unwrap_or_else(|error| panic!("{error}"));
            let claim = &case.runs[0].claims[nth as usize % case.runs[0].claims.len()];
            let estimate = read(&results, claim);
            scores.push(normal_score(z(&estimate, claim.exact), estimate.n));
        }
    }
    let judged = uniformity(&scores);
    assert!(judged.is_right(), "{judged:?}");
}
