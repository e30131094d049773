//! Rates that factors multiply: counts against the integral of the rate, and what is said about
//! them before and after a run.

use crate::support::{Answer, run};
use asyncflow::scenario;

fn arrivals(seconds: u64, warmup_s: u64, replications: u32, open: &str) -> Answer {
    run(&format!(
        "run: {{ duration: {seconds}s, warmup: {warmup_s}s, replications: {replications} }}
workload: {{ users: {{ to: api.x, open: {{ {open} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ wait: 1us ] }} }} }}"
    ))
}

fn count(answer: &Answer) -> f64 {
    answer.value("workload users", "arrivals total")
}

#[test]
fn regular_arrivals_count_the_integral_of_every_shape() {
    // Regular arrivals come whenever the integral R(t) is a whole number, from R = 0 on, so between
    // two moments there are ⌈R(b)⌉ − ⌈R(a)⌉ of them. R by hand, for 1000/s and 100 s periods:
    // diurnal: 1000·(t + 0.6·(100/2π)·(sin(2π(t − 30)/100) + sin(2π·30/100))).
    let tau = std::f64::consts::TAU;
    let diurnal = |t: f64| {
        1000.0 * (t + 0.6 * 100.0 / tau * ((tau * (t - 30.0) / 100.0).sin() + (tau * 0.3).sin()))
    };
    // A spike of 4x from 20 s on: 2 s up, 10 s there, then with a time constant of 5 s.
    let spike = |t: f64| {
        let (up, there) = ((t - 20.0).clamp(0.0, 2.0), (t - 22.0).clamp(0.0, 10.0));
        let falls = (t - 32.0).max(0.0);
        1000.0 * (t + 3.0 * (up * up / 4.0 + there + 5.0 * (1.0 - (-falls / 5.0).exp())))
    };
    // Days of which the first is half over: 43,200 s of Tuesday at 2x, then Wednesday at 0.5x.
    let weekly = |t: f64| 0.01 * (2.0 * t.min(43_200.0) + 0.5 * (t - 43_200.0).max(0.0));
    type Integral<'a> = &'a dyn Fn(f64) -> f64;
    let cases: [(&str, u64, Integral); 3] = [
        ("base: 1000/s, diurnal: { period: 100s, amplitude: 60%, peak_at: 30s }", 100, &diurnal),
        (
            "base: 1000/s, spikes: [ { at: 20s, peak: 4x, rise: 2s, hold: 10s, decay: 5s } ]",
            100,
            &spike,
        ),
        (
            "base: 0.01/s, weekly: { days: [ 1x, 2x, 0.5x, 1x, 1x, 1x, 1x ], start_at: 36h }",
            100_000,
            &weekly,
        ),
    ];
    for (rate, seconds, integral) in cases {
        for (from, until) in [(0.0, 0.13), (0.13, 0.37), (0.25, 0.4), (0.31, 0.97)] {
            let [from, until] = [from, until].map(|share| (share * seconds as f64).round() as u64);
            let open = format!("rate: {{ {rate} }}, arrivals: regular");
            let counted = count(&arrivals(until, from, 1, &open));
            let [below, above] = [from, until].map(|moment| integral(moment as f64).ceil());
            assert_eq!(counted, above - below, "{rate} from {from} s to {until} s");
        }
    }
}

#[test]
fn shapes_multiply_each_other_and_stages() {
    // By hand: a ramp from 100/s to 200/s in 10 s, doubled from 5 s on, halved from 8 s on. The
    // integrals: 100·5 + 12.5·10 = 625, then 2·(150·3 + 45) = 990, then 2·0.5·(180·2 + 20) = 380.
    let open = "rate: { from: 100/s, stages: [ { to: 200/s, over: 10s } ],
      spikes: [ { at: 5s, peak: 2x, hold: 1h }, { at: 8s, peak: 0.5x, hold: 1h } ] }, arrivals: regular";
    let counts = [(0, 5, 625.0), (5, 8, 990.0), (8, 10, 380.0)];
    for (from, until, expected) in counts {
        assert_eq!(count(&arrivals(until, from, 1, open)), expected, "from {from} s to {until} s");
    }
}

#[test]
fn poisson_arrivals_of_a_shaped_rate_have_their_mean_as_variance() {
    // A non-homogeneous Poisson process: 400 replications of 20 s around the peak of a period of
    // 40 s. R = 50·(20 + 0.8·(40/2π)·2·sin(2π·10/40)); 4 standard errors, 1 in 16,000 by chance.
    let answer = arrivals(
        30,
        10,
        400,
        "rate: { base: 50/s, diurnal: { period: 40s, amplitude: 80%, peak_at: 20s } }",
    );
    let values = &answer.row("workload users", "arrivals total").values;
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let exact = 50.0 * (20.0 + 0.8 * 40.0 / std::f64::consts::TAU * 2.0);
    assert!((mean - exact).abs() < 4.0 * (exact / n).sqrt(), "{mean}, not {exact}");
    let allowed = 4.0 * exact * (2.0 / (n - 1.0)).sqrt();
    assert!((variance - exact).abs() < allowed, "{variance}, not {exact} ± {allowed}");
}

#[test]
fn noise_makes_counts_a_mixed_poisson_process() {
    // Law: in k stretches with the mean count m each, the mean is k·m and the variance
    // k·(m + cv²m²); m = 200, cv = 0.3, k = 5: 19,000. The first stretch begins at 0. Gamma of mean
    // 1 and a fixed seed; 4 standard errors of a sample variance, widened by the kurtosis of the
    // gamma (excess 6cv²/k = 0.1).
    let answer = arrivals(50, 0, 400, "rate: { base: 20/s, noise: { cv: 0.3, every: 10s } }");
    let values = &answer.row("workload users", "arrivals total").values;
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let exact = 5.0 * (200.0 + 0.09 * 40_000.0);
    assert!((mean - 1000.0).abs() < 4.0 * (exact / n).sqrt(), "{mean}");
    let allowed = 4.0 * exact * (2.1 / (n - 1.0)).sqrt();
    assert!((variance - exact).abs() < allowed, "{variance}, not {exact} ± {allowed}");
}

#[test]
fn a_spike_is_a_phase_of_the_run_that_the_system_recovers_from() {
    // By definition: before, up, at the peak, back (three time constants), after.
    let answer = run(
        "run: { duration: 400s, warmup: 20s, replications: 5 }
workload: { users: { to: api.x, open: { rate: { base: 40/s, spikes: [ { at: 100s, peak: 2x, rise: 10s, hold: 60s, decay: 10s } ] } } } }
services: { api: { endpoints: { x: [ cpu: { exp: 10ms } ] } } }",
    );
    let phases: Vec<&str> = answer.results.phases.iter().map(|phase| phase.name.as_str()).collect();
    assert_eq!(
        phases,
        [
            "before",
            "users up to 2x",
            "users at 2x",
            "users back from 2x",
            "after users back from 2x"
        ]
    );
}

#[test]
fn check_warns_of_the_peak_of_a_shaped_rate() {
    // By hand: 60/s of 10 ms are 60 % of a core; times 1.8, times 3, and times 2 on a Monday.
    for (shape, percent, at) in [
        ("diurnal: { period: 1h, amplitude: 80%, peak_at: 30m }", "108 %", "rate.diurnal"),
        ("spikes: [ { at: 10m, peak: 3x, hold: 1m } ]", "180 %", "rate.spikes"),
        (
            "weekly: { days: [ 2x, 1x, 1x, 1x, 1x, 1x, 0.5x ], start_at: 167h45m }",
            "120 %",
            "rate.weekly",
        ),
    ] {
        let text = format!(
            "version: 1
run: {{ duration: 72h }}
workload: {{ users: {{ to: api.x, open: {{ rate: {{ base: 60/s, {shape} }} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ cpu: {{ exp: 10ms }} ] }} }} }}"
        );
        let scenario = scenario::from_yaml(&text).unwrap_or_else(|problems| panic!("{problems}"));
        let said = scenario::check(&scenario).to_string();
        assert!(said.contains(percent) && said.contains(at), "{shape}: {said}");
    }
}

#[test]
fn a_rate_that_repeats_is_judged_by_its_mean_over_whole_periods() {
    // By hand: 110 % on average over ten periods is an overload, also if the run ends in a trough;
    // 80 % is none, also if it ends at a peak of 104 %. With less than a period nothing is proved.
    use asyncflow::experiment::Outlook;
    let outlook = |base: &str, seconds: u32, peak_s: u32| {
        let answer = run(&format!(
            "run: {{ duration: {seconds}s, replications: 4 }}
workload: {{ users: {{ to: api.x, open: {{ rate: {{ base: {base}, diurnal: {{ amplitude: 30%, period: 60s, peak_at: {peak_s}s }} }} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ cpu: {{ exp: 10ms }} ] }} }} }}"
        ));
        answer.results.verdicts[0].outlook.clone()
    };
    for peak_s in [0, 30] {
        let over = outlook("110/s", 600, peak_s);
        assert!(
            matches!(&over, Outlook::Overloaded(of) if (of.load - 1.1).abs() < 1e-6),
            "{over:?}"
        );
        assert_eq!(outlook("80/s", 600, peak_s), Outlook::KeepsUp);
    }
    assert_ne!(outlook("110/s", 40, 40), Outlook::KeepsUp);
}

#[test]
fn a_spike_that_still_decays_is_no_lasting_overload() {
    // By hand: 10/s of 20 ms are 20 %; three time constants after a spike of 100x the rate is still
    // 5.2 times as high.
    let text = "version: 1
run: { duration: 190s }
workload: { users: { to: api.x, open: { rate: { base: 10/s, spikes: [ { at: 0s, peak: 100x, hold: 1s, decay: 60s } ] } } } }
services: { api: { endpoints: { x: [ cpu: 20ms ] } } }";
    let scenario = scenario::from_yaml(text).unwrap_or_else(|problems| panic!("{problems}"));
    let said = scenario::check(&scenario).to_string();
    assert!(!said.contains("overload: the offered load is"), "{said}");
}

#[test]
fn rates_that_change_too_often_or_begin_too_late_are_named() {
    // By hand: 1 ms in 50,000 days; a spike at 30 h in an hour; a fall of a nanosecond.
    let check = |run: &str, rate: &str| {
        let text = format!(
            "version: 1
run: {{ duration: {run} }}
workload: {{ users: {{ to: api.x, open: {{ rate: {{ base: 0.1/h, {rate} }} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ cpu: 1ms ] }} }} }}"
        );
        match scenario::from_yaml(&text) {
            Ok(scenario) => scenario::check(&scenario).to_string(),
            Err(problems) => problems.to_string(),
        }
    };
    assert!(check("50000d", "noise: { cv: 0.3, every: 1ms }").contains("changes about"));
    assert!(check("50000d", "diurnal: { amplitude: 100%, period: 1s }").contains("changes about"));
    assert!(check("1h", "spikes: [ { at: 30h, peak: 3x, hold: 1m } ]").contains("has no effect"));
    assert!(check("1h", "spikes: [ { at: 1m, peak: 3x, decay: 1ns } ]").contains("is a jump"));
}
