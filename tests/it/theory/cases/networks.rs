//! Several stations: calls, balancers, event loops with I/O, memory, links.

use super::at_once::{fan_out, first_of_some, fork_join, tail_at_scale};
use super::closed::{closed_mva, closed_users};
use super::giving_up;
use super::sharing::{event_loop_shared, sharing, sharing_any_law};
use super::{API, Case, Claim, Read, Run, USERS, api, claim, quantiles, station, users};

pub(super) fn several(
    id: &'static str,
    what: &'static str,
    formula: &'static str,
    source: &'static str,
    runs: Vec<Run>,
) -> Case {
    Case { id, what, formula, source, runs }
}

pub(super) fn run(label: &'static str, yaml: String, claims: Vec<Claim>) -> Run {
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
        giving_up::queue_timeout(),
        giving_up::wasted(),
        giving_up::keys(),
        giving_up::hyperexponential_arrivals(),
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
