//! One station: cores with a queue, with and without a bound.

use super::{Case, Claim, Read, Run, USERS, api, drained_station, quantiles, station, users};

/// Returns a case with one run.
fn case(
    id: &'static str,
    what: &'static str,
    formula: &'static str,
    source: &'static str,
    yaml: String,
    claims: Vec<Claim>,
) -> Case {
    Case { id, what, formula, source, runs: vec![Run { label: "", yaml, claims }] }
}

const EXPONENTIAL: &str = "endpoints: { x: [ cpu: { exp: 10ms } ] }";

/// Returns cores that share one queue.
fn tasks(cores: u32) -> String {
    format!(
        "instance: {{ cpu: {cores} }}, runtime: {{ tasks: {{ schedule: fifo }} }}, {EXPONENTIAL}"
    )
}

/// Creates claims for Poisson arrivals and c cores: wait, response and numbers of requests by
/// Erlang C.
fn m_m_c(arrivals: f64, cores: f64, wait: f64, response: [f64; 3], wait_p99: f64) -> Vec<Claim> {
    let mut claims = vec![
        users("latency mean", wait + 0.01),
        users("time_in.queue mean", wait),
        api("ready_queue mean", arrivals * wait),
        api("in_flight mean", arrivals * (wait + 0.01)),
        api("utilisation mean", arrivals * 0.01 / cores),
        api("loop_lag p99", wait_p99).within(0.02),
    ];
    claims.extend(quantiles(USERS, response));
    claims
}

/// Creates claims for Poisson arrivals, one core, service of mean 10 ms: the mean wait by
/// Pollaczek–Khinchine.
fn m_g_1(
    arrivals: f64,
    wait: f64,
    response: [f64; 3],
    wait_p99: f64,
    mean_square: f64,
) -> Vec<Claim> {
    let mut claims = m_m_c(arrivals, 1.0, wait, response, wait_p99);
    claims.push(users("latency mean", mean_square).read_as(Read::MeanSquare).within(0.03));
    claims.push(users("throughput mean", arrivals));
    claims
}

/// Creates claims for any independent interarrival times and one exponential core: the response is
/// exponential.
fn g_m_1(arrivals: f64, response: f64) -> Vec<Claim> {
    let quantile = |tail: f64| -response * f64::ln(tail);
    let (wait, sigma) = (response - 0.01, 1.0 - 0.01 / response);
    m_m_c(arrivals, 1.0, wait, [0.5, 0.05, 0.01].map(quantile), quantile(0.01 / sigma))
}

pub fn cases() -> Vec<Case> {
    let one_core = |time, warmup, open: &str, cpu: &str| {
        station(time, warmup, open, &format!("endpoints: {{ x: [ cpu: {cpu} ] }}"))
    };
    let exponential = |time, open: &str| one_core(time, 30, open, "{ exp: 10ms }");
    let t_is_exponential = "T ~ Exp(μ − λ); P(W > t) = ρ exp(−(μ − λ)t); N geometric";
    let erlang_c = "C = ErlangC(c, λ/μ); P(W > t) = C exp(−(cμ − λ)t); T = W + S, independent";
    let gi_m_1 = "σ = A*(μ(1 − σ)), A* the transform of the gaps; T ~ Exp(μ(1 − σ)); P(W > t) = σ exp(−μ(1 − σ)t)";
    vec![
        case(
            "mm1_rho50",
            "one core, Poisson 50/s, exponential service of 10 ms",
            t_is_exponential,
            "K1 (3.24), (3.26), §5.12; HB ch. 13",
            exponential(600, "rate: 50/s"),
            m_g_1(
                50.0,
                0.01,
                [0.013_862_943_6, 0.059_914_645_5, 0.092_103_403_7],
                0.078_240_460_1,
                0.0008,
            ),
        ),
        case(
            "mm1_rho80",
            "one core, Poisson 80/s, exponential service of 10 ms",
            t_is_exponential,
            "K1 (3.24), (3.26), §5.12; HB ch. 13",
            exponential(1200, "rate: 80/s"),
            m_g_1(
                80.0,
                0.04,
                [0.034_657_359_0, 0.149_786_613_7, 0.230_258_509_3],
                0.219_101_331_7,
                0.005,
            ),
        ),
        case(
            "mmc_c2",
            "two cores that share a queue, Poisson 160/s, exponential service of 10 ms",
            erlang_c,
            "K1 (3.40); HB §14.3; T §5.1",
            station(500, 30, "rate: 160/s", &tasks(2)),
            m_m_c(
                160.0,
                2.0,
                0.017_777_777_8,
                [0.020_400_314_5, 0.079_106_842_5, 0.119_373_702_4],
                0.106_606_090_0,
            ),
        ),
        case(
            "mmc_c4",
            "four cores that share a queue, Poisson 320/s, exponential service of 10 ms",
            erlang_c,
            "K1 (3.40); HB §14.3; T §5.1",
            station(400, 30, "rate: 320/s", &tasks(4)),
            m_m_c(
                320.0,
                4.0,
                0.007_455_405_9,
                [0.013_461_990_5, 0.047_380_195_0, 0.068_932_037_5],
                0.051_104_761_7,
            ),
        ),
        case(
            "mm4_rho75",
            "four cores that share a queue, Poisson 300/s, exponential service of 10 ms",
            "the same: C = 0.5094, mean wait 5.094 ms",
            "K1 (3.40)",
            station(250, 30, "rate: 300/s", &tasks(4)),
            m_m_c(
                300.0,
                4.0,
                0.005_094_339_6,
                [0.011_562_836_3, 0.041_280_998_0, 0.060_063_081_8],
                0.039_307_151_4,
            ),
        ),
        case(
            "mmc_c10",
            "ten cores that share a queue, Poisson 800/s, exponential service of 10 ms",
            "the same: C = 0.409180, mean wait C/(200/s)",
            "K1 (3.40)",
            station(250, 20, "rate: 800/s", &tasks(10)),
            m_m_c(
                800.0,
                10.0,
                0.002_045_900_8,
                [0.009_121_446_1, 0.033_282_746_8, 0.049_461_113_3],
                0.018_557_852_2,
            ),
        ),
        case(
            "md1_rho80",
            "one core, Poisson 80/s, service of exactly 10 ms",
            "W = λE[S²]/(2(1 − ρ)) = 20 ms; P(W ≤ t) by Erlang's sum",
            "K1 (5.63); Erlang 1909",
            one_core(700, 30, "rate: 80/s", "10ms"),
            m_g_1(
                80.0,
                0.02,
                [0.022_759_398_7, 0.076_203_250_0, 0.113_558_867_9],
                0.103_558_867_9,
                0.001_433_333_3,
            ),
        ),
        case(
            "mg1_scv4",
            "one core, Poisson 80/s, hyperexponential service of mean 10 ms and squared cv 4",
            "W = λE[S²]/(2(1 − ρ)) = 100 ms; E[W²] = 2W² + λE[S³]/(3(1 − ρ)); quantiles from the matrix-exponential form",
            "K1 (5.63); Neuts 1981",
            one_core(2500, 100, "rate: 80/s", "{ hyperexp: { mean: 10ms, cv: 2 } }"),
            m_g_1(
                80.0,
                0.1,
                [0.060_021_224_7, 0.384_941_056_3, 0.612_103_211_4],
                0.600_126_072_1,
                0.0305,
            ),
        ),
        case(
            "mg1_lognormal_cv2",
            "one core, Poisson 70/s, lognormal service of mean 10 ms and squared cv 2",
            "W = λE[S²]/(2(1 − ρ)); E[W²] = 2W² + λE[S³]/(3(1 − ρ)); quantiles as a geometric sum of residual lives on a lattice of \
             1 µs, rounded down and up: within 5 µs of these",
            "K1 (5.63), (5.105); Takács 1963; HB ch. 23",
            one_core(1500, 60, "rate: 70/s", "{ lognormal: { mean: 10ms, cv: 1.41421356237 } }"),
            m_g_1(70.0, 0.035, [0.023_873_5, 0.158_129, 0.278_369], 0.265_309_5, 0.00555),
        ),
        case(
            "mg1_erlang3",
            "one core, Poisson 80/s, Erlang-3 service of mean 10 ms",
            "the same; the wait is phase-type PH(ρα, T + ρtα), the response its convolution with the service",
            "K1 (5.63); Neuts 1981; HB ch. 21, 23",
            one_core(700, 30, "rate: 80/s", "{ erlang: { mean: 10ms, k: 3 } }"),
            // E[T²] = E[W²] + 2WS + E[S²].
            m_g_1(
                80.0,
                0.026_666_666_7,
                [0.026_959_083_6, 0.100_913_822_8, 0.152_606_213_7],
                0.142_048_346_8,
                0.001_718_518_5 + 2.0 * 0.026_666_666_7 * 0.01 + 0.000_133_333_3,
            ),
        ),
        case(
            "dm1_rho80",
            "one core, an arrival every 12.5 ms, exponential service of 10 ms",
            "σ = exp(−μ(1 − σ)a) = 0.62863; T ~ Exp(μ(1 − σ))",
            "K1 §6.4; GH §5.3",
            exponential(600, "rate: 80/s, arrivals: regular"),
            g_m_1(80.0, 0.026_927_308_4),
        ),
        case(
            "gim1_gamma",
            "one core, gamma gaps with cv 2, 50/s, exponential service of 10 ms",
            gi_m_1,
            "K1 §6.4 (gaps ours: σ = 0.770697)",
            exponential(1200, "rate: 50/s, arrivals: { gamma: { cv: 2 } }"),
            g_m_1(50.0, 0.043_610_513_6),
        ),
        case(
            "gim1_weibull",
            "one core, Weibull gaps with cv 2, 50/s, exponential service of 10 ms",
            gi_m_1,
            "K1 §6.4 (gaps ours: σ = 0.736300, by quadrature)",
            exponential(1200, "rate: 50/s, arrivals: { weibull: { cv: 2 } }"),
            g_m_1(50.0, 0.037_921_879_3),
        ),
        case(
            "batch_fixed8",
            "one core, batches of 8, Poisson 10 batches a second, exponential service of 10 ms",
            "L = ρ(1 + E[X²]/E[X])/(2(1 − ρ))",
            "K1 §4.5; GH §3.1",
            one_core(2600, 60, "rate: 10/s, arrivals: { batch: { size: 8 } }", "{ exp: 10ms }"),
            vec![
                users("latency mean", 0.225),
                users("time_in.queue mean", 0.215),
                api("in_flight mean", 18.0),
                api("ready_queue mean", 17.2),
                api("utilisation mean", 0.8),
                users("offered_rate mean", 80.0),
            ],
        ),
        loss_with_a_queue(),
        mm1_of_twenty(),
        loss_without_a_queue(),
        case(
            "erlang_b_10",
            "ten places and no queue, Poisson 70/s, held for 100 ms",
            "Erlang B(10, 7) = 0.078741",
            "K1 (3.45)",
            station(
                150,
                10,
                "rate: 70/s",
                "max_in_flight: 10, queue: { max: 0 }, endpoints: { x: [ wait: { exp: 100ms } ] }",
            ),
            vec![
                users("outcomes.rejected mean", 0.078_740_883),
                api("in_flight mean", 7.0 * (1.0 - 0.078_740_883)),
            ],
        ),
    ]
}

/// M/M/4/10 twice: requests wait for admission, or inside in the ready queue.
fn loss_with_a_queue() -> Case {
    let claims = |waiting: [Claim; 3]| {
        let mut claims = vec![
            users("outcomes.rejected mean", 0.086_793_933_3),
            users("throughput mean", 347.018_305_4),
            api("utilisation mean", 0.867_545_763_4),
            users("latency mean", 0.015_738_145_5),
        ];
        claims.extend(waiting);
        claims.extend(quantiles(USERS, [0.013_327_415_4, 0.038_422_044_5, 0.054_546_130_7]));
        claims
    };
    let scenario = |door: &str| station(300, 10, "rate: 380/s", &format!("{door}, {}", tasks(4)));
    let (number, queue, wait) = (5.461_424_569_3, 1.991_241_515_7, 0.005_738_145_5);
    Case {
        id: "mmck_4_10",
        what: "four cores, at most ten requests in the server, more are rejected; Poisson 380/s, exponential service of 10 ms",
        formula: "birth and death: p(n); response over those who were let in",
        source: "K1 §3.8; GH §2.5",
        runs: vec![
            Run {
                label: "waiting at the door",
                yaml: scenario("max_in_flight: 4, queue: { max: 6 }"),
                claims: claims([
                    users("time_in.admission mean", wait),
                    api("admission_queue mean", queue),
                    api("in_flight mean", number - queue),
                ]),
            },
            Run {
                label: "waiting inside",
                yaml: scenario("max_in_flight: 10, queue: { max: 0 }"),
                claims: claims([
                    users("time_in.queue mean", wait),
                    api("ready_queue mean", queue),
                    api("in_flight mean", number),
                ]),
            },
        ],
    }
}

fn mm1_of_twenty() -> Case {
    let claims = [
        users("outcomes.rejected mean", 0.170_369_949),
        users("throughput mean", 99.555_606_1),
        api("utilisation mean", 0.995_556_061),
        api("admission_queue mean", 14.471_057_5),
        users("latency mean", 0.155_356_530_7),
        users("time_in.admission mean", 0.145_356_530_7),
    ];
    case(
        "mm1_20",
        "one core, at most twenty requests, overloaded: Poisson 120/s, exponential service of 10 ms",
        "p(n) = ρⁿ(1 − ρ)/(1 − ρ²¹), loss p(20) = 0.170370",
        "K1 §3.6",
        station(
            300,
            30,
            "rate: 120/s",
            &format!("max_in_flight: 1, queue: {{ max: 19 }}, {EXPONENTIAL}"),
        ),
        claims
            .into_iter()
            .chain(quantiles(USERS, [0.156_859_887_5, 0.250_119_542_9, 0.291_957_262_3]))
            .collect(),
    )
}

/// Erlang's loss does not depend on the distribution of the holding time.
fn loss_without_a_queue() -> Case {
    let pool = |hold: &str| {
        format!("max_in_flight: 20, queue: {{ max: 0 }}, endpoints: {{ x: [ wait: {hold} ] }}")
    };
    let run = |label, hold: &str| Run {
        label,
        yaml: station(170, 10, "rate: 300/s", &pool(hold)),
        claims: vec![
            users("outcomes.rejected mean", 0.045_593_215_6),
            users("throughput mean", 286.322_035_3),
            api("in_flight mean", 14.316_101_766_2),
        ],
    };
    let time = Run {
        label: "exponential, until all are gone",
        yaml: drained_station(30, "300/s", &pool("{ exp: 50ms }")),
        claims: vec![users("latency mean", 0.05)],
    };
    Case {
        id: "mgcc_pool20",
        what: "a pool of twenty and no queue, Poisson 300/s, held for 50 ms on average by any law",
        formula: "Erlang B(20, 15), whatever the law",
        source: "K1 (3.45); HB §14.2; T §5.2; Sevastyanov 1957",
        runs: vec![
            run("exponential", "{ exp: 50ms }"),
            run("constant", "50ms"),
            run("lognormal", "{ lognormal: { mean: 50ms, cv: 1.5 } }"),
            time,
        ],
    }
}
