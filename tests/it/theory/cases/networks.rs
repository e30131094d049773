//! Several stations: calls, balancers, event loops with I/O, memory, links.

use super::{API, Case, Claim, Read, Run, USERS, api, claim, quantiles, station, users};

fn several(
    id: &'static str,
    what: &'static str,
    formula: &'static str,
    source: &'static str,
    runs: Vec<Run>,
) -> Case {
    Case { id, what, formula, source, runs }
}

fn run(label: &'static str, yaml: String, claims: Vec<Claim>) -> Run {
    Run { label, yaml, claims }
}

const M_M_1: [f64; 3] = [0.034_657_359_0, 0.149_786_613_7, 0.230_258_509_3];

pub fn cases() -> Vec<Case> {
    let mut cases = balancers();
    cases.extend([
        tandem(),
        feedback(),
        event_loop(),
        permits(),
        two_servers_over_links(),
        client_timeout(),
        thinned(),
        fork_join(),
        fan_out(),
        first_of_some(),
        tail_at_scale(),
        lock(),
        closed_users(),
        closed_mva(),
        sharing(),
        sharing_any_law(),
        event_loop_shared(),
    ]);
    cases
}

fn balancers() -> Vec<Case> {
    let two = |time: u32, balance: &str| {
        station(
            time,
            30,
            "rate: 160/s",
            &format!(
                "replicas: 2, balance: {balance}, endpoints: {{ x: [ cpu: {{ exp: 10ms }} ] }}"
            ),
        )
    };
    let claims = |wait: f64, response| {
        let mut claims = vec![
            users("latency mean", wait + 0.01),
            users("time_in.queue mean", wait),
            api("in_flight mean", 160.0 * (wait + 0.01)),
            api("utilisation mean", 0.8),
        ];
        claims.extend(quantiles(USERS, response));
        claims
    };
    let loops = "instance: { cpu: 2 }, runtime: { event_loop: { workers: 2 } }, endpoints: { x: [ cpu: { exp: 10ms } ] }";
    let mut in_turn = claims(0.028_439_797_7, [0.026_644_437_4, 0.115_155_342_5, 0.177_021_810_2]);
    in_turn.push(claim("instance api#1", "in_flight mean", 3.075_183_813_6));
    vec![
        several(
            "lb_random_2",
            "two servers of one core, chosen at random; Poisson 160/s in all, exponential service of 10 ms",
            "a Poisson process split at random is two: two M/M/1",
            "K1 §3.2; HB ch. 24",
            vec![
                run("balancer", two(900, "random"), claims(0.04, M_M_1)),
                run("two event loops", station(900, 30, "rate: 160/s", loops), claims(0.04, M_M_1)),
            ],
        ),
        several(
            "lb_roundrobin_2",
            "two servers of one core in turn; Poisson 160/s in all, exponential service of 10 ms",
            "each is E₂/M/1: σ = (λ/(λ + μ(1 − σ)))² = 0.73985; T ~ Exp(μ(1 − σ))",
            "K1 §6.4; HB ch. 24",
            vec![run("", two(600, "round_robin"), in_turn)],
        ),
        several(
            "jsq_n2",
            "two servers of one core, the one with the fewest connections; Poisson 160/s in all, exponential service of 10 ms",
            "Markov chain of the two queues, truncated at 70; the response is a mixture of Erlang laws, by PASTA",
            "Kingman 1961; Flatto, McKean 1977",
            vec![run(
                "",
                two(500, "least_connections"),
                claims(0.019_557_366_2, [0.021_179_140_2, 0.086_102_529_1, 0.130_843_977_1]),
            )],
        ),
    ]
}

fn tandem() -> Case {
    let yaml = "run: { duration: 1130s, warmup: 30s, replications: 40 }
workload: { users: { to: app.x, open: { rate: 80/s } } }
services:
  app: { endpoints: { x: [ cpu: { exp: 10ms }, call: db.q ] } }
  db: { endpoints: { q: [ cpu: { exp: 8ms } ] } }";
    let mut claims = vec![
        users("latency mean", 0.072_222_222_2),
        claim("endpoint db.q", "latency mean", 0.022_222_222_2),
        claim("service app", "utilisation mean", 0.8),
        claim("service db", "utilisation mean", 0.64),
        // The second moment is the variance, 0.00299383, plus the square of the mean.
        users("latency mean", 0.008_209_876_5).read_as(Read::MeanSquare).within(0.03),
        claim("service app", "in_flight mean", 5.777_777_777_8),
    ];
    claims.extend(quantiles(USERS, [0.058_633_100_5, 0.178_921_689_5, 0.259_614_097_5]));
    claims.extend(quantiles("endpoint db.q", [0.015_403_270_7, 0.066_571_828_3, 0.102_337_115_2]));
    several(
        "tandem_mm1_mm1",
        "an application server (exponential, 10 ms) and then its database (8 ms), one core each; Poisson 80/s",
        "Burke: departures are Poisson; the sojourns are independent, Exp(20/s) and Exp(45/s)",
        "Burke 1956; Reich 1957; K1 §4.8; HB ch. 17",
        vec![run("", yaml.to_string(), claims)],
    )
}

/// Each request returns with probability 0.2: it is repeated a geometric number of times. A wait of
/// 0 s after each burst releases the core, and the next joins the tail of the queue.
fn feedback() -> Case {
    let yaml = station(
        1000,
        30,
        "rate: 60/s",
        "endpoints: { x: [ repeat: { times: { geometric: { mean: 1.25 } }, do: [ cpu: { exp: 10ms }, wait: 0s ] } ] }",
    );
    let mut claims = vec![
        users("latency mean", 0.05),
        users("time_in.queue mean", 0.0375),
        users("time_in.cpu mean", 0.0125),
        api("in_flight mean", 3.0),
        api("utilisation mean", 0.75),
    ];
    claims.extend(quantiles(USERS, [0.032_553_914_3, 0.155_011_154_8, 0.269_606_145_5]));
    several(
        "mm1_feedback_p20",
        "one core, exponential service of 10 ms; after each service, with probability 0.2, again at the tail of the queue; Poisson 60/s",
        "Jackson: λ/(1 − p) visits a second, N geometric; quantiles from the chain of a tagged request",
        "Jackson 1957; K1 §4.8; Takács 1963",
        vec![run("", yaml, claims)],
    )
}

fn event_loop() -> Case {
    let of = |label, io: &str| {
        let endpoint =
            format!("endpoints: {{ x: [ cpu: {{ exp: 4ms }}, wait: {io}, cpu: {{ exp: 4ms }} ] }}");
        let claims = vec![
            users("latency mean", 0.06),
            users("time_in.queue mean", 0.032),
            api("io_waiting mean", 2.0),
            api("in_flight mean", 6.0),
            api("ready_queue mean", 3.2),
            api("utilisation mean", 0.8),
        ];
        run(label, station(600, 30, "rate: 100/s", &endpoint), claims)
    };
    several(
        "eventloop_fifo",
        "one event loop: a burst of 4 ms, I/O of 20 ms by any law, a burst of 4 ms; exponential bursts, Poisson 100/s",
        "product form: the loop is M/M/1 at twice the rate, the I/O an infinite server",
        "Baskett, Chandy, Muntz, Palacios 1975; HB ch. 17, 18",
        vec![
            of("constant I/O", "20ms"),
            of("exponential I/O", "{ exp: 20ms }"),
            of("lognormal I/O", "{ lognormal: { mean: 20ms, cv: 2 } }"),
        ],
    )
}

fn permits() -> Case {
    let endpoint = "instance: { memory: 400B }, endpoints: { x: [ memory: 100B, cpu: { exp: 4ms }, wait: { exp: 30ms }, cpu: { exp: 6ms } ] }";
    let claims = vec![
        users("latency mean", 0.066_543_786_9),
        users("time_in.memory mean", 0.018_244_265_7),
        users("time_in.queue mean", 0.008_299_521_1),
        api("memory_used mean", 289.797_126_8),
        api("memory_queue mean", 1.094_655_943_5),
        api("in_flight mean", 3.992_627_211_9),
        api("utilisation mean", 0.6),
    ];
    several(
        "permits4_eventloop",
        "four permits (of memory), held over the whole request: burst 4 ms, I/O 30 ms, burst 6 ms on one event loop, all exponential; Poisson 60/s",
        "Markov chain of the queue outside, the order of bursts, and the number in I/O, solved numerically",
        "a Markov chain, solved numerically",
        vec![run("", station(1000, 30, "rate: 60/s", endpoint), claims)],
    )
}

fn two_servers_over_links() -> Case {
    let yaml = "run: { duration: 245s, warmup: 5s, replications: 40 }
workload: { users: { to: api.x, via: [ client ], open: { rate: 130/s } } }
services: { api: { replicas: 2, balance: random, endpoints: { x: [ cpu: 2ms, wait: 12ms ] } } }
links:
  users -> client: { latency: { exp: 2ms } }
  client -> api: { latency: { exp: 2ms } }
  api -> client: { latency: { exp: 3ms } }";
    let claims = vec![
        users("latency mean", 0.021_149_425_3),
        users("time_in.queue mean", 0.000_149_425_287),
        users("time_in.network mean", 0.007),
        api("utilisation mean", 0.13),
        api("io_waiting mean", 130.0 * 0.012),
        claim("link client -> api", "in_flight mean", 130.0 * 0.002),
    ];
    several(
        "w2_random_lb",
        "two links of 2 ms, one of two servers at random (burst of exactly 2 ms, I/O 12 ms), a link of 3 ms back; Poisson 130/s",
        "links keep a Poisson process Poisson (displacement); each server is M/D/1 at 0.13",
        "Mirasol 1963; K1 (5.63)",
        vec![run("", yaml.to_string(), claims)],
    )
}

fn client_timeout() -> Case {
    let yaml = "run: { duration: 430s, warmup: 30s, replications: 40 }
workload: { users: { to: app.x, open: { rate: 80/s } } }
services:
  app: { endpoints: { x: [ call: { to: db.q, timeout: 50ms } ] } }
  db: { endpoints: { q: [ cpu: { exp: 10ms } ] } }";
    let claims = vec![
        users("outcomes.timeout mean", 0.367_879_441_2),
        users("latency mean", 0.020_901_164_7),
        users("latency p50", 0.018_994_274_7),
        users("latency p95", 0.045_878_894_4),
        claim("service db", "utilisation mean", 0.8),
        claim("endpoint db.q", "latency mean", 0.05),
    ];
    several(
        "mm1_client_timeout",
        "a caller that waits 50 ms for a database (one core, exponential service of 10 ms), whose work goes on; Poisson 80/s",
        "the database does not notice: T ~ Exp(20/s), timeouts e⁻¹; those in time follow T given T < 50 ms",
        "`mm1_rho80`, conditioned",
        vec![run("", yaml.to_string(), claims)],
    )
}

fn thinned() -> Case {
    let yaml = "run: { duration: 930s, warmup: 30s, replications: 40 }
workload: { users: { to: api.x, open: { rate: 125/s } } }
services: { api: { endpoints: { x: [ fail: { p: 20%, status: 503 }, cpu: { exp: 10ms } ] } } }
links: { users -> api: { loss: 20% }, api -> users: { loss: 0% } }";
    let mut claims = vec![
        users("latency mean", 0.05),
        users("outcomes.lost mean", 0.2),
        users("outcomes.error_503 mean", 0.16),
        claim(API, "utilisation mean", 0.8),
        api("in_flight mean", 4.0),
    ];
    claims.extend(quantiles(USERS, M_M_1));
    several(
        "mm1_thinned",
        "125/s, of which 20 % are lost on the link and 20 % of the others answered with 503 at once; one core, exponential service of 10 ms",
        "a thinned Poisson process is Poisson: M/M/1 at 80/s",
        "K1 §3.2",
        vec![run("", yaml.to_string(), claims)],
    )
}

fn fork_join() -> Case {
    let yaml = "run: { duration: 1030s, warmup: 30s, replications: 40 }
workload: { users: { to: api.x, open: { rate: 70/s } } }
services:
  api: { instance: { cpu: 64 }, runtime: { tasks: {} }, endpoints: { x: [ parallel: [ [ call: a.x ], [ call: b.x ] ] ] } }
  a: { endpoints: { x: [ cpu: { exp: 10ms } ] } }
  b: { endpoints: { x: [ cpu: { exp: 10ms } ] } }";
    let claims = vec![
        users("latency mean", 0.047_083_333_3),
        claim("endpoint a.x", "latency mean", 0.033_333_333_3),
        claim("service a", "utilisation mean", 0.7),
        api("in_flight mean", 70.0 * 0.047_083_333_3),
    ];
    several(
        "forkjoin2",
        "a request calls two M/M/1 at once and waits for both; Poisson 70/s, exponential service of 10 ms",
        "T = (12 − ρ)/8 · 1/(μ − λ)",
        "Flatto, Hahn 1984; Nelson, Tantawi 1988",
        vec![run("", yaml.to_string(), claims)],
    )
}

/// An endpoint that does something ten times at once, without queues.
fn at_once(join: &str, branches: usize) -> String {
    let all = vec!["[ wait: { exp: 20ms } ]"; branches].join(", ");
    station(
        500,
        5,
        "rate: 50/s",
        &format!("endpoints: {{ x: [ parallel: {{ join: {join}, branches: [ {all} ] }} ] }}"),
    )
}

fn fan_out() -> Case {
    let mut claims = vec![users("latency mean", 0.058_579_365_1)];
    claims.extend(quantiles(USERS, [0.054_071_103_8, 0.105_506_878_2, 0.138_064_735_9]));
    several(
        "fanout10_all",
        "ten exponential waits of 20 ms at once, until all are over",
        "the largest of ten: m · H(10), quantile −m · ln(1 − p^(1/10))",
        "David, Nagaraja 2003, §2.5",
        vec![run("", at_once("all", 10), claims)],
    )
}

fn first_of_some() -> Case {
    // The k-th of n exponentials: m · (1/n + 1/(n − 1) + …), k terms.
    let any = vec![
        users("latency mean", 0.002),
        users("latency p50", 0.002 * std::f64::consts::LN_2),
        api("io_waiting mean", 50.0 * 10.0 * 0.002),
    ];
    let third = 0.02 * (1.0 / 5.0 + 1.0 / 4.0 + 1.0 / 3.0);
    let quorum = vec![
        users("latency mean", third),
        // Those that are called off no longer wait: the sum of the five times up to the third.
        api("io_waiting mean", 50.0 * 0.02 * 3.0),
    ];
    several(
        "first_of_exponentials",
        "exponential waits of 20 ms at once, until one of ten is over, or three of five; the others are called off",
        "the k-th smallest of n: m · Σ 1/(n − i), i < k",
        "David, Nagaraja 2003, §2.5",
        vec![
            run("any of ten", at_once("any", 10), any),
            run("three of five", at_once("{ quorum: 3 }", 5), quorum),
        ],
    )
}

/// The largest of n of these has F(t)^n.
fn tail_at_scale() -> Case {
    let leaf =
        "[ wait: { mixture: [ { w: 98, is: { exp: 5ms } }, { w: 2, is: { exp: 200ms } } ] } ]";
    let of = |label, leaves: usize, exact: [f64; 3]| {
        let all = vec![leaf; leaves].join(", ");
        let yaml =
            station(300, 5, "rate: 100/s", &format!("endpoints: {{ x: [ parallel: [ {all} ] ] }}"));
        run(label, yaml, quantiles(USERS, exact).to_vec())
    };
    several(
        "tail_at_scale",
        "a fan-out to n leaves, each of 5 ms on average, but of 200 ms with a probability of 2 %, until all have answered",
        "the largest of n: F(t)^n of the mixture",
        "Dean, Barroso 2013; quantiles by bisection",
        vec![
            of("one leaf", 1, [0.003_565, 0.017_165, 0.138_629]),
            of("ten leaves", 10, [0.015_039, 0.272_664, 0.598_243]),
            of("a hundred leaves", 100, [0.212_625, 0.732_720, 1.058_67]),
        ],
    )
}

fn lock() -> Case {
    let of = |label, hold: &str, claims: Vec<Claim>| {
        let api = format!("endpoints: {{ x: [ lock: {{ name: l, hold: [ {hold} ] }} ] }}");
        run(label, station(1000, 30, "rate: 80/s", &api), claims)
    };
    let mut exponential = vec![
        users("latency mean", 0.05),
        users("time_in.lock mean", 0.04),
        claim("lock api#1.l", "utilisation mean", 0.8),
        claim("lock api#1.l", "waiting mean", 3.2),
    ];
    exponential.extend(quantiles(USERS, M_M_1));
    // Pollaczek–Khinchine: λE[S²]/(2(1 − ρ)), with a squared coefficient of variation of 4 and 0.
    let lognormal = vec![users("time_in.lock mean", 80.0 * 5.0 * 1e-4 / 0.4).within(0.03)];
    let constant = vec![users("time_in.lock mean", 80.0 * 1e-4 / 0.4)];
    several(
        "lock_mg1",
        "a lock, held for 10 ms by any law, while something else is awaited; Poisson 80/s",
        "M/G/1 on the holding time: Pollaczek–Khinchine",
        "K1 (5.63); Exp(20/s): K1 (3.26)",
        vec![
            of("exponential", "wait: { exp: 10ms }", exponential),
            of("lognormal, cv 2", "wait: { lognormal: { mean: 10ms, cv: 2 } }", lognormal),
            of("constant", "wait: 10ms", constant),
        ],
    )
}

/// A workload of closed users.
fn closed(users: u32, think: &str, duration: u32, api: &str) -> String {
    format!(
        "run: {{ duration: {duration}s, warmup: 100s, replications: 40 }}
workload: {{ users: {{ to: api.x, closed: {{ users: {users}, think: {think} }} }} }}
services: {{ api: {{ {api} }} }}"
    )
}

fn closed_users() -> Case {
    let station =
        "instance: { cpu: 2 }, runtime: { tasks: {} }, endpoints: { x: [ cpu: { exp: 50ms } ] }";
    let of = |label, think, mut claims: Vec<Claim>| {
        claims.extend([
            users("throughput mean", 39.150_985_474_4),
            users("latency mean", 0.277_107_061_1),
            users("time_in.queue mean", 0.227_107_061_1),
            api("in_flight mean", 10.849_014_525_6),
            api("utilisation mean", 0.978_774_636_9),
        ]);
        run(label, closed(50, think, 1100, station), claims)
    };
    let quantiles = quantiles(USERS, [0.259_481_569_0, 0.569_512_036_1, 0.715_810_745_9]).to_vec();
    several(
        "closed_users_mmcN",
        "50 users, who think for 1 s and wait for each answer; two cores, one queue, exponential service of 50 ms",
        "a birth-death chain of a finite source, R = N/X − Z, the arrival theorem; means hold for any law of thinking",
        "K1 §3.9; Sevcik, Mitrani 1981",
        vec![
            of("exponential thinking", "{ exp: 1s }", quantiles),
            of("constant thinking", "1s", vec![]),
        ],
    )
}

fn closed_mva() -> Case {
    let of = |label, count, throughput: f64, response_s: f64| {
        let claims = vec![users("throughput mean", throughput), users("latency mean", response_s)];
        run(
            label,
            closed(count, "{ exp: 4s }", 4100, "endpoints: { x: [ cpu: { exp: 1s } ] }"),
            claims,
        )
    };
    several(
        "closed_mva",
        "one core, exponential service of 1 s, users who think for 4 s",
        "exact mean value analysis: X = N/(R + Z), R = S · (1 + L of one user less)",
        "Reiser, Lavenberg 1980",
        vec![
            of("1 user", 1, 0.2, 1.0),
            of("5 users", 5, 0.800_933, 2.242_718),
            of("10 users", 10, 0.994_692, 6.053_359),
            of("20 users", 20, 1.0, 16.0),
        ],
    )
}

/// One core that all bursts share.
fn shared(time: u32, rate: &str, steps: &str) -> String {
    let api = format!("runtime: {{ tasks: {{ schedule: ps }} }}, endpoints: {{ x: [ {steps} ] }}");
    station(time, 30, rate, &api)
}

fn sharing() -> Case {
    let mut claims = vec![
        users("latency mean", 0.05),
        users("latency sd", 0.005_833_333_3_f64.sqrt()).within(0.02),
        users("time_in.cpu mean", 0.01),
        users("time_in.queue mean", 0.04),
        api("in_flight mean", 4.0),
        api("utilisation mean", 0.8),
    ];
    claims.extend(quantiles(USERS, [0.023_516_898_5, 0.187_481_118_0, 0.369_409_900_5]));
    several(
        "mm1_ps",
        "one core, shared by all bursts, exponential service of 10 ms; Poisson 80/s",
        "T = 1/(μ − λ), Var T = T² (2 + ρ)/(2 − ρ); quantiles from the chain of a tagged request",
        "K2 §4.4; Coffman, Muntz, Trotter 1970",
        vec![run("", shared(2000, "rate: 80/s", "cpu: { exp: 10ms }"), claims)],
    )
}

fn sharing_any_law() -> Case {
    let of = |label, cpu: &str| {
        let claims =
            vec![users("latency mean", 0.05).within(0.02), api("in_flight mean", 4.0).within(0.02)];
        run(label, shared(2000, "rate: 80/s", &format!("cpu: {cpu}")), claims)
    };
    several(
        "mg1_ps",
        "one core, shared by all bursts, service of 10 ms by any law; Poisson 80/s",
        "insensitivity: T = E[S]/(1 − ρ), whatever the variance",
        "K2 §4.4; Sakata, Noguchi, Oizumi 1971",
        vec![
            of("constant", "10ms"),
            of("exponential", "{ exp: 10ms }"),
            of("hyperexponential, cv 4", "{ hyperexp: { mean: 10ms, cv: 4 } }"),
        ],
    )
}

fn event_loop_shared() -> Case {
    let of = |label, steps: &str| {
        let claims = vec![
            users("latency mean", 0.06),
            api("in_flight mean", 6.0),
            api("utilisation mean", 0.8),
        ];
        run(label, shared(1000, "rate: 100/s", steps), claims)
    };
    several(
        "eventloop_ps",
        "one core, shared: a burst of 3 ms, I/O of 20 ms, a burst of 5 ms, by any laws; Poisson 100/s",
        "product form: T of a burst is its mean over 1 − ρ",
        "Baskett, Chandy, Muntz, Palacios 1975; HB ch. 22",
        vec![
            of("exponential", "cpu: { exp: 3ms }, wait: { exp: 20ms }, cpu: { exp: 5ms }"),
            of(
                "constant, constant, Erlang",
                "cpu: 3ms, wait: 20ms, cpu: { erlang: { mean: 5ms, k: 2 } }",
            ),
        ],
    )
}
